"""Which files of this machine are meant by paths on the command line."""

import hashlib
import os
from collections import Counter
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

    @property
    def shown(self) -> str:
        """Its name as it can be printed."""
        return self.name.encode("utf-8", "replace").decode()

    @property
    def size(self) -> int:
        """Its size in bytes; 0 where it is gone or may not be looked at."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def sha256(self) -> str | None:
        """Return the SHA-256 of its bytes; None where they cannot be read."""
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None


def readable_files(paths: Iterable[Path]) -> list[LocalFile]:
    """Return the files that are meant, each once, in order: those named, and in folders those of a
    type that is read. Hidden files and links out of the folder are left alone. Files of one name
    from several places are called by their paths below what holds them all.
    """
    found = {file.path.resolve(): file for path in paths for file in _files_of(path)}
    often = Counter(file.name for file in found.values())
    twice = {path for path, file in found.items() if often[file.name] > 1}
    if not twice:
        return list(found.values())
    above = Path(os.path.commonpath([path.parent for path in twice]))
    longer = {path: path.relative_to(above).as_posix() for path in twice}
    # A longer name may be another file's: then the whole path tells them apart.
    taken = {file.name for path, file in found.items() if path not in twice}
    return [
        LocalFile(file.path, path.as_posix() if longer[path] in taken else longer[path])
        if path in twice
        else file
        for path, file in found.items()
    ]


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
