"""Which files of this machine are meant by paths on the command line."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.domain.media import KINDS


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to upload; `name` is its path below what was named, and also its source id."""

    path: Path
    name: str

    @property
    def source_id(self) -> str:
        """Return what the file is called for replacing it by a later version."""
        return self.name

    def sha256(self) -> str:
        """Return the SHA-256 of its bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def readable_files(paths: Iterable[Path]) -> list[LocalFile]:
    """Return the files that are meant, in order: those named, and in folders those of a type that
    is read. Hidden files and links out of the folder are left alone.
    """
    return [file for path in paths for file in _files_of(path)]


def _files_of(path: Path) -> Iterator[LocalFile]:
    if path.is_file():
        yield LocalFile(path, path.name)
        return
    root = path.resolve()
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        inside = file.resolve().is_relative_to(root)
        if file.is_file() and inside and not hidden and _is_read(file):
            yield LocalFile(file, relative.as_posix())


def _is_read(file: Path) -> bool:
    return file.suffix.lower().removeprefix(".") in KINDS
