"""Images and compose: schema and the rules that a linter of Dockerfiles would check."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

DOCKER = Path(__file__).parents[2] / "docker"
# The parts of the Compose Specification that we use.
SERVICE = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "string"},
        "build": {"type": "object", "required": ["context", "dockerfile"]},
        "command": {"type": "array", "items": {"type": "string"}},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "volumes": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+:/"}},
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^127\.0\.0\.1:"}},
        "depends_on": {"type": "object"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "healthcheck": {"type": "object", "required": ["test", "interval", "timeout", "retries"]},
        "deploy": {"type": "object"},
        "profiles": {"type": "array"},
        "read_only": {"type": "boolean"},
        "tmpfs": {"type": "array"},
        "cap_drop": {"const": ["ALL"]},
        "security_opt": {"type": "array"},
    },
    "additionalProperties": False,
}
COMPOSE = {
    "type": "object",
    "required": ["services", "volumes"],
    "properties": {"services": {"type": "object", "additionalProperties": SERVICE}},
}


def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    )
    return loaded


def test_the_compose_file_keeps_to_its_schema() -> None:
    jsonschema.validate(compose(), COMPOSE)

    assert set(compose()["services"]) == {"api", "api-gpu", "worker", "redis"}


def test_every_volume_and_service_that_is_named_exists() -> None:
    composed = compose()
    for service in composed["services"].values():
        volumes = service.get("volumes", [])
        assert isinstance(volumes, list)
        assert {str(one).split(":")[0] for one in volumes} <= set(composed["volumes"])
        depends = service.get("depends_on", {})
        assert isinstance(depends, dict)
        assert set(depends) <= set(composed["services"])


def test_the_gpu_is_reserved_where_it_is_asked_for() -> None:
    gpu = str(compose()["services"]["api-gpu"]["deploy"])

    assert "nvidia" in gpu
    assert "capabilities" in gpu


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
