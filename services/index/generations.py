"""Generations of the derived indexes on disk: written aside, synced, renamed, checksummed.

A generation is only a short cut to a quick start. One that is damaged is removed before any
library opens it, and the indexes are built again from the registry.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import xxhash

from services.domain.errors import DamagedGenerationError
from services.index import DerivedIndex

_MANIFEST = "manifest.json"
_KEPT = 2
_STRAY_S = 3600.0
_GONE = "-gone.part"
# Against damage, not against people: 5 GB a second where SHA-256 has 1.1 (one core), at each start.
_SUM = xxhash.xxh3_128


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an index was made of: models and rules, and the last change that it holds."""

    seq: int
    embedder: str
    dimension: int
    analyzer: int

    def fits(self, other: "Stamp") -> bool:
        """Say whether both were made by the same embedder and the same analysis."""
        ours = (self.embedder, self.dimension, self.analyzer)
        return ours == (other.embedder, other.dimension, other.analyzer)


class Generations:
    """The numbered generations in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for stray in folder.glob("*.part"):
            # What was to go may hold words of deleted texts: it does not wait.
            is_gone = stray.name.endswith(_GONE)
            if is_gone or time.time() - stray.stat().st_mtime > _STRAY_S:
                shutil.rmtree(stray, ignore_errors=True)

    def publish(
        self, indexes: Mapping[str, DerivedIndex], stamp: Stamp, *, kept: int = _KEPT
    ) -> int:
        """Write a new generation and forget all but the newest *kept*; return its number."""
        number = max(self._numbers(), default=0) + 1
        part = self._folder / f"{number:08d}-{os.getpid()}.part"
        shutil.rmtree(part, ignore_errors=True)
        for name, index in indexes.items():
            (part / name).mkdir(parents=True)
            index.save(part / name)
        _write_manifest(part, stamp)
        part.rename(self._path(number))
        _sync(self._folder)
        for old in sorted(self._numbers())[:-kept]:
            self._remove(old)
        return number

    def load_newest(self, indexes: Mapping[str, DerivedIndex], wanted: Stamp) -> Stamp | None:
        """Load the newest generation that is whole and fits *wanted*; None if there is none.

        Damaged and unfitting ones are removed.
        """
        for number in sorted(self._numbers(), reverse=True):
            try:
                stamp = self.verify(number)
            except DamagedGenerationError:
                self._remove(number)
                continue
            held = all((self._path(number) / name).is_dir() for name in indexes)
            if not held or not stamp.fits(wanted):
                self._remove(number)
                continue
            try:
                for name, index in indexes.items():
                    index.load(self._path(number) / name)
            except DamagedGenerationError:
                self._remove(number)
                continue
            return stamp
        return None

    def verify(self, number: int) -> Stamp:
        """Compare every file with its checksum; DamagedGenerationError names the first fault."""
        folder = self._path(number)
        try:
            text = (folder / _MANIFEST).read_bytes()
            manifest = json.loads(text)
            body = json.dumps(manifest["files"], sort_keys=True).encode()
            whole = manifest[_SUM.__name__] == _SUM(body).hexdigest()
            stamp = Stamp(**manifest["stamp"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"Generation {number} has no readable manifest."
            raise DamagedGenerationError(message) from error
        if not whole or _checksums(folder, stamp) != manifest["files"]:
            message = f"Generation {number} does not match its checksums."
            raise DamagedGenerationError(message)
        return stamp

    def numbers(self) -> list[int]:
        """Return the numbers of the generations on disk, oldest first."""
        return sorted(self._numbers())

    def clear(self) -> int:
        """Remove every generation; return how many there were."""
        numbers = self._numbers()
        for number in numbers:
            self._remove(number)
        return len(numbers)

    def _remove(self, number: int) -> None:
        """Remove a generation; killed half way, what is left is none any more."""
        gone = self._folder / f"{number:08d}-{os.getpid()}{_GONE}"
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._path(number).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _numbers(self) -> list[int]:
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdigit()]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}"


def _write_manifest(folder: Path, stamp: Stamp) -> None:
    files = _checksums(folder, stamp)
    body = json.dumps(files, sort_keys=True).encode()
    manifest = {
        "stamp": asdict(stamp),
        "files": files,
        _SUM.__name__: _SUM(body).hexdigest(),
    }
    path = folder / _MANIFEST
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for file in [*folder.rglob("*")]:
        _sync(file)
    _sync(folder)


def _checksums(folder: Path, stamp: Stamp) -> dict[str, str]:
    """Return the sum of every file but the manifest, and of the stamp under the name "" ."""
    sums = {"": _SUM(json.dumps(asdict(stamp)).encode()).hexdigest()}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != _MANIFEST:
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, _SUM).hexdigest()
            sums[file.relative_to(folder).as_posix()] = digest
    return sums


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
