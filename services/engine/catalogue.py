"""The models that Footnote knows, where their files are, and the check that they are right."""

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from services.domain.errors import ModelFileError
from services.engine import ModelCard
from services.engine.made_files import identity

_CARD_FIELDS = tuple(one.name for one in fields(ModelCard))
_CATALOGUE = Path(__file__).parent / "catalogue.json"
# Formats that are programs when loaded: never opened.
_EXECUTABLE_FORMATS = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model of the catalogue or a local path: its card and where its files come from."""

    card: ModelCard
    about: str = ""
    package: str | None = None
    repository: str | None = None
    path: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def catalogue() -> list[ModelSource]:
    """Return every model of the catalogue."""
    return [_source_of(entry) for entry in json.loads(_CATALOGUE.read_text(encoding="utf-8"))]


def find_model(name: str, kind: str) -> ModelSource:
    """Return the model called *name*, or the one in the local folder or file of that name.

    Raises ModelFileError if it is neither.
    """
    for source in catalogue():
        if source.card.name == name and source.card.kind == kind:
            return source
    if Path(name).exists():
        return _local_source(Path(name), kind)
    message = (
        f"There is no {kind} model {name!r}: `footnote models` lists the known ones; "
        "a path to a local folder or GGUF file will do too."
    )
    raise ModelFileError(message)


def model_path(source: ModelSource, models_dir: Path) -> Path:
    """Return where the model's files lie; ModelFileError if they are not on this machine."""
    if source.package is not None:
        return _package_folder(source.package) / source.path
    if source.repository is None:
        return Path(source.path)
    folder = models_dir / source.card.name
    if not folder.exists():
        message = (
            f"Model {source.card.name!r} is not on this machine: "
            f"run `footnote models pull {source.card.name}`."
        )
        raise ModelFileError(message)
    return folder / source.path


def verified(name: str, kind: str, models_dir: Path) -> tuple[ModelSource, Path]:
    """Find a model and check its files; what the parts of that raise is raised."""
    source = find_model(name, kind)
    path = model_path(source, models_dir)
    verify_files(source, path)
    return source, path


def gguf_file(source: ModelSource, path: Path) -> Path:
    """Return the weights of a generator: *path* itself, or the first of a folder's GGUF files.
    ModelFileError if it has none.
    """
    if not path.is_dir():
        return path
    names = [*source.files, *sorted(file.name for file in path.glob("*.gguf"))]
    if not names:
        message = f"There is no GGUF file in {path}: name the file itself, or another folder."
        raise ModelFileError(message)
    return path / names[0]


def content_key(source: ModelSource, file: Path) -> str:
    """Return what names the content of a model file: its sum, or what would change with it."""
    return source.files.get(file.name) or identity([file])


def verify_files(source: ModelSource, path: Path) -> int:
    """Check every pinned file by SHA-256 before a parser opens it; return how many were checked.

    Raises ModelFileError for a file that is absent, differs, or has a format that runs code.
    """
    folder = path if path.is_dir() else path.parent
    if path.is_dir():
        _refuse_executable(path)
    for name, pinned in source.files.items():
        file = folder / name
        if not file.is_file():
            message = f"Model file {name} of {source.card.name!r} is absent: install it again."
            raise ModelFileError(message)
        with file.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != pinned:
                message = (
                    f"Model file {name} of {source.card.name!r} is not the one that was pinned "
                    "(SHA-256 differs): install it again."
                )
                raise ModelFileError(message)
    return len(source.files)


def _refuse_executable(folder: Path) -> None:
    bad = [file.name for file in folder.rglob("*") if file.suffix in _EXECUTABLE_FORMATS]
    if bad:
        message = f"{folder} holds {bad[0]}, a format that runs code: only safetensors are loaded."
        raise ModelFileError(message)


def _package_folder(package: str) -> Path:
    # Found without importing it: the package's own code is none of our business.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"The package {package!r} with the bundled model is absent: run `make setup`."
        raise ModelFileError(message)
    return Path(spec.submodule_search_locations[0])


def _source_of(entry: dict[str, Any]) -> ModelSource:
    card = {name: entry[name] for name in _CARD_FIELDS if name in entry}
    place = {name: entry[name] for name in ("package", "repository", "path") if name in entry}
    return ModelSource(
        card=ModelCard(**(card | {"languages": frozenset(entry["languages"])})),
        about=entry["about"],
        files=entry["files"],
        **place,
    )


def _local_source(path: Path, kind: str) -> ModelSource:
    """Describe a model outside the catalogue; it is taken to read every language."""
    size = sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) if path.is_dir() else 0
    size = size or path.stat().st_size
    card = ModelCard(
        name=path.stem if path.is_file() else path.name,
        kind=kind,
        languages=frozenset({"*"}),
        bytes=size,
        memory_bytes=int(size * 1.3),
    )
    return ModelSource(card=card, about="A local model.", path=str(path))
