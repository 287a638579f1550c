"""Images, compose files and the balancer: by their own checkers, and by our rules."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSES = ["compose.yaml", "compose.several.yaml"]
SECRETS = ["OWNER_KEY", "SPOOL_URL", "SPOOL_KEY", "SPOOL_SECRET"]
GIVEN = {f"FOOTNOTE_{name}": "given" for name in SECRETS} | {"POSTGRES_PASSWORD": "given"}


def configured(name: str, given: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run `docker-compose config`: it checks the file by its schema, and needs no Docker."""
    # The release in Debian does not know the name of a project yet.
    text = re.sub(
        r"^name: .*$", "", (DOCKER / name).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return subprocess.run(
        ["docker-compose", "--file", "-", "config"],
        cwd=DOCKER,
        input=text,
        env={"PATH": os.environ["PATH"]} | given,
        capture_output=True,
        text=True,
        check=False,
    )


def services(name: str) -> dict[str, Any]:
    """Return the services of a compose file, with its aliases and variables filled in."""
    done = configured(name, GIVEN)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return told


@pytest.mark.parametrize("name", COMPOSES)
def test_a_compose_file_is_valid_and_names_what_exists(name: str) -> None:
    composed = services(name)
    declared = yaml.safe_load((DOCKER / name).read_text(encoding="utf-8"))["volumes"]

    for service in composed.values():
        mounted = [one.split(":")[0] for one in service.get("volumes", [])]
        assert {one for one in mounted if "/" not in one} <= set(declared)
        assert all(Path(one).exists() for one in mounted if "/" in one)
        assert set(service.get("depends_on", {})) <= set(composed)
        assert ":" in service["image"]
        assert not service["image"].endswith(":latest")


@pytest.mark.parametrize("name", COMPOSES)
def test_no_container_of_ours_may_do_more_than_it_must(name: str) -> None:
    for service in services(name).values():
        assert all(one.startswith("127.0.0.1:") for one in service.get("ports", []))
        if service["image"].startswith(("footnote", "haproxy")):
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", COMPOSES)
def test_a_secret_that_is_not_set_is_asked_for(name: str) -> None:
    told = configured(name, {})

    assert told.returncode != 0
    assert "set FOOTNOTE_OWNER_KEY to a key of your own" in told.stderr


def test_the_gpu_is_reserved_where_it_is_asked_for() -> None:
    gpu = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]
    reserved = gpu["api-gpu"]["deploy"]["resources"]["reservations"]["devices"]

    assert reserved == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]


def test_the_balancer_knows_the_services_of_its_compose_file() -> None:
    config = (DOCKER / "haproxy.cfg").read_text(encoding="utf-8")
    checked = subprocess.run(
        ["haproxy", "-c", "-f", str(DOCKER / "haproxy.cfg")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    named = re.findall(r"^ +server (\S+) (\S+):8400$", config, re.MULTILINE)
    assert named
    assert {host for pair in named for host in pair} == {
        one for one in services("compose.several.yaml") if one.startswith("api")
    }


@pytest.mark.parametrize("name", ["Dockerfile.cpu", "Dockerfile.cuda"])
def test_an_image_runs_as_nobody_special_and_leaves_nothing_behind(name: str) -> None:
    text = (DOCKER / name).read_text(encoding="utf-8")
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)

    assert len(stages) == 2
    assert all(":" in image and not image.endswith(":latest") for image in stages)
    assert re.search(r"^USER 10001$", text.split("FROM")[-1], re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert text.count("apt-get install") == text.count("rm -rf /var/lib/apt/lists/*")
    assert text.count("--no-install-recommends") == text.count("apt-get install")
    assert all("--no-cache-dir" in line for line in re.findall(r"pip install.*", text))
    installs = re.findall(r"pip install (.*)", text)
    assert all("--require-hashes" in one or one.endswith("--no-deps .") for one in installs)


@pytest.mark.parametrize("name", ["Dockerfile.cpu", "Dockerfile.cuda"])
def test_what_an_image_copies_is_there(name: str) -> None:
    text = (DOCKER / name).read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        *sources, _target = line.split()
        assert all(list(DOCKER.parent.glob(source)) for source in sources), line
