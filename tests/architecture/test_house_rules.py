"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from services.api.errors import STATUS_OF, status_of
from services.domain import errors
from services.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("services/**/*.py"), *ROOT.glob("ingest/**/*.py")]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def all_errors(kind: type[errors.HouseError]) -> list[type[errors.HouseError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in all_errors(child))]


def test_every_error_of_the_house_has_a_status() -> None:
    for kind in all_errors(errors.HouseError):
        if kind.__module__ == errors.__name__:
            named = [k for k in kind.__mro__ if k in STATUS_OF and k is not errors.HouseError]
            assert kind is errors.HouseError or named, kind


def test_the_nearest_class_decides_the_status() -> None:
    assert status_of(errors.DocumentNotFoundError("x")) == 404
    assert status_of(errors.BusyError("x")) == 429


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_example_with_its_meaning(name: str) -> None:
    field = Settings.model_fields[name]

    assert f"# {field.description}" in EXAMPLE
    assert re.search(rf"^# ?{PREFIX}{name.upper()}=", EXAMPLE, re.MULTILINE)


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)=", EXAMPLE))

    assert named == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=str)
def test_every_room_has_a_sign_on_its_door(folder: Path) -> None:
    sign = folder / "__init__.py"

    assert sign.is_file()
    assert ast.get_docstring(ast.parse(sign.read_text(encoding="utf-8")))


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {_plain(re.split(r"[\[><=;, ]", one)[0]) for one in project["dependencies"]}
    owners = packages_distributions()
    for path in SOURCES:
        for module in _imported(path) - sys.stdlib_module_names - {"services", "ingest"}:
            owning = {_plain(one) for one in owners.get(module, ())}
            assert owning & declared, f"{path.relative_to(ROOT)} imports {module}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(path: Path) -> set[str]:
    """Return the packages that a file imports, by the first part of their names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_environment_is_read_in_one_place() -> None:
    readers = [
        path.name
        for path in SOURCES
        if re.search(r"os\.environ|os\.getenv", path.read_text(encoding="utf-8"))
    ]

    assert readers == ["settings.py"]


def test_the_changelog_knows_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None

    assert f"## [{version[1]}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_nothing_pickles() -> None:
    loaders = re.compile(
        r"\b(?:import|from) (?:pickle|marshal|shelve)\b|allow_pickle=True|(?<![.\w])eval\("
    )
    for path in SOURCES:
        assert not loaders.search(path.read_text(encoding="utf-8")), path


def test_nothing_strays_into_the_top_level() -> None:
    allowed = {"README.md", "CHANGELOG.md", "SECURITY.md", "Makefile", "pyproject.toml"}
    allowed |= {"services", "ingest", "tests", "docker", "docs", "examples", "bench"}
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("This is no clone.")
    names = {path.split("/")[0] for path in listed.stdout.split("\0") if path}

    assert {name for name in names if not name.startswith(".")} <= allowed
