"""What is installed and published: S4 to S8 of the bar."""

import datetime as dt
import http.server
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typing_extensions import override

from tests.bar.conftest import Figure
from tests.conftest import served

pytestmark = pytest.mark.beyond

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "docker").glob("requirements*.txt"))
# setuptools comes with torch, a1_coverage with the tests, the other is this very folder.
KNOWN_HOOKS = {"distutils-precedence.pth", "a1_coverage.pth", "_editable_impl_footnote.pth"}


def test_s4_all_that_runs_is_locked_with_hashes_and_nothing_starts_by_itself(
    figure: Figure,
) -> None:
    locked = _locked()
    running = _closure("footnote")
    for name in running:
        assert locked[name] == importlib.metadata.version(name).split("+")[0], name

    folder = Path(importlib.metadata.distribution("footnote").locate_file(""))  # type: ignore[arg-type]
    hooks = {
        file.name
        for file in folder.glob("*.pth")
        if any(line.startswith("import") for line in file.read_text(encoding="utf-8").splitlines())
    }
    assert hooks <= KNOWN_HOOKS
    figure("S4", f"{len(running)} distributions locked with hashes, {len(hooks)} known hooks")


def _locked() -> dict[str, str]:
    """Return name and version of each line; every one must have hashes."""
    locked: dict[str, str] = {}
    for lock in LOCKS:
        for block in re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8")):
            pin = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", block)
            if pin is not None:
                assert "--hash=sha256:" in block, pin.group(0)
                locked[canonicalize_name(pin.group(1))] = pin.group(2)
    return locked


def _closure(root: str) -> set[str]:
    """Return all that *root* needs here, itself left out."""
    found: set[str] = set()
    todo = [Requirement(root)]
    while todo:
        one = todo.pop()
        for text in importlib.metadata.requires(one.name) or []:
            needed = Requirement(text)
            extras = one.extras or {""}
            if needed.marker and not any(needed.marker.evaluate({"extra": e}) for e in extras):
                continue
            name = canonicalize_name(needed.name)
            if name not in found:
                found.add(name)
                todo.append(needed)
    return found


@dataclass(frozen=True, slots=True)
class Release:
    """A clone with its `dist/`, and the file of who may sign."""

    clone: Path
    signers: Path


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    clone, key, signers = folder / "clone", folder / "key", folder / "signers"
    _run(folder, "git", "clone", "-q", ROOT, clone)
    (clone / ".venv").symlink_to(sys.prefix)
    _run(folder, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "release", "-f", key)
    signers.write_text(f"release {key.with_suffix('.pub').read_text()}", encoding="utf-8")
    _run(clone, ".ci/release", FOOTNOTE_SIGNING_KEY=str(key))
    return Release(clone, signers)


def test_s5_the_bill_of_materials_is_what_is_installed(
    release: Release, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Three seconds, which else everybody waits who collects tests.
    from jsonschema import Draft7Validator  # type: ignore[import-untyped]

    bill = release.clone / "dist" / "footnote.cdx.json"
    told = json.loads(bill.read_text(encoding="utf-8"))
    # The one check of it that takes most of a minute: of a thousand addresses, sign by sign.
    monkeypatch.delitem(Draft7Validator.FORMAT_CHECKER.checkers, "iri-reference")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.read_text("utf-8")) is None
    listed = {canonicalize_name(one["name"]): one["version"] for one in told["components"]}
    installed = {
        canonicalize_name(one.metadata["Name"]): one.version
        for one in importlib.metadata.distributions()
    }
    installed.pop(canonicalize_name("footnote"))
    assert told["bomFormat"] == "CycloneDX"
    assert told["metadata"]["component"]["name"] == "footnote"
    assert listed == installed
    figure("S5", f"{len(listed)} components, the same as installed, both ways")


class _Advisories(http.server.BaseHTTPRequestHandler):
    """What OSV's `/v1/query` says of one version of one package."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = asked["package"]["name"] == "jinja2"
        found: dict[str, object] = {
            "id": "TEST-2026-1",
            "summary": "a test",
            "modified": "2026-01-01T00:00:00Z",
        }
        name = asked["package"]["name"]
        found["affected"] = [{"package": {"name": name, "ecosystem": "PyPI"}}]
        body = json.dumps({"vulns": [found] if is_known else []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def advisories() -> Iterator[str]:
    with served(_Advisories) as url:
        yield f"{url}/v1/query"


def test_s6_a_known_vulnerability_fails_the_audit_until_it_is_waived_and_again_after(
    advisories: str, tmp_path: Path, figure: Figure
) -> None:
    waivers = tmp_path / "waivers.txt"
    today = dt.datetime.now(tz=dt.UTC).date()

    def audit(line: str) -> "subprocess.CompletedProcess[str]":
        waivers.write_text(line, encoding="utf-8")
        return subprocess.run(
            [ROOT / ".ci" / "audit", advisories],
            env=os.environ | {"FOOTNOTE_WAIVERS": str(waivers)},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    found = audit("")
    assert found.returncode == 1
    assert "TEST-2026-1" in found.stdout
    waived = audit(f"TEST-2026-1 {today + dt.timedelta(days=9)} no template is ours\n")
    assert waived.returncode == 0, waived.stdout + waived.stderr
    expired = audit(f"TEST-2026-1 {today - dt.timedelta(days=9)} no template is ours\n")
    assert expired.returncode == 1
    assert "ended on" in expired.stderr
    assert audit("TEST-2026-1 soon\n").returncode == 1
    for line in (ROOT / ".ci" / "waivers.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            assert line.split()[1] >= today.isoformat(), f"expired: {line}"
    figure("S6", "a planted advisory found, waived until its day, refused after it")


def test_s7_containers_run_as_nobody_on_a_read_only_disk(figure: Figure) -> None:
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
    ours = [one for one in compose["services"].values() if one["image"].startswith("footnote:")]
    assert len(ours) >= 3
    for one in ours:
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
    for file in (ROOT / "docker").glob("Dockerfile.*"):
        last = file.read_text(encoding="utf-8").rpartition("\nFROM ")[2]
        assert re.search(r"^USER 10001$", last, re.MULTILINE), file.name
    figure(
        "S7",
        f"{len(ours)} services: user 10001, read-only root, no capability (run so: test_no_egress)",
    )


def test_s8_two_builds_are_the_same_and_a_release_is_verified(
    release: Release, tmp_path: Path, figure: Figure
) -> None:
    epoch = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=release.clone)
    _run(
        release.clone,
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path),
        SOURCE_DATE_EPOCH=epoch.decode().strip(),
    )
    again = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert len(again) == 2
    for name, content in again.items():
        assert (release.clone / "dist" / name).read_bytes() == content, name
    _run(release.clone, ".ci/release", "verify", release.signers)

    wheel = next((release.clone / "dist").glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(subprocess.CalledProcessError):
        _run(release.clone, ".ci/release", "verify", release.signers)
    figure("S8", "wheel and source twice the same; signature verified, an altered byte refused")


def _run(folder: Path, *command: str | Path, **environment: str) -> None:
    subprocess.run(
        command, cwd=folder, env=os.environ | environment, check=True, capture_output=True
    )
