"""What is made from a model's files at a start, kept for the next one.

A file's name tells what it was made from and the sum of its bytes: one that is damaged, or was made
from something else, is made anew. Where none can be kept, it lies in memory until it is closed.
"""

import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
import xxhash

from services.domain.errors import EngineError

_PART = ".part"
_PRIVATE = 0o600
_DIGITS = 16
# A disk that is nearly full belongs to documents.
_LEAST_FREE = 2 << 30
# Nobody starts any more as those did who have used a file last so long ago.
_LEFT_S = 7 * 86_400
_PART_LEFT_S = 3600

Make = Callable[[Path], None]

log = structlog.get_logger()


class MadeFiles:
    """Files in *folder*; without one, every file is made anew."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @contextmanager
    def opened(self, name: str, made_from: str, make: Make) -> Iterator[Path]:
        """Yield a file that *make* has written, now or at an earlier start, from all that
        *made_from* says; what has mapped it keeps it. What *make* raises is raised.
        """
        kept = self._kept(f"{name}-{_short(made_from.encode())}", make)
        if kept is not None:
            yield kept
            return
        with _in_memory() as target:
            make(target)
            yield target

    def _kept(self, start: str, make: Make) -> Path | None:
        if self._folder is None:
            return None
        for file in self._folder.glob(f"{start}-*"):
            if _is_whole(file):
                _sweep(self._folder)
                return file
        try:
            return _written(self._folder, start, make)
        except (EngineError, OSError) as error:
            log.warning("what is made from a model is not kept", reason=str(error))
            return None


def identity(files: Iterable[Path]) -> str:
    """Return what tells *files* from what they were before: names, sizes, times."""
    told = ((file, file.stat()) for file in sorted(files) if file.is_file())
    return "|".join(f"{file}:{stat.st_size}:{stat.st_mtime_ns}" for file, stat in told)


def _is_whole(file: Path) -> bool:
    """Say whether a file's bytes are those that were written; mark it as used, or remove it."""
    try:
        whole = file.name.endswith(f"-{_sum_of(file)}")
    except OSError:
        return False
    # On a disk that is only read neither can be done.
    with suppress(OSError):
        if whole:
            os.utime(file)
        else:
            file.unlink()
    return whole


def _written(folder: Path, start: str, make: Make) -> Path | None:
    """Write a file aside and give it its name; None where the disk has no room for it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(folder)
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < _LEAST_FREE:
        return None
    part = folder / f"{secrets.token_hex(8)}{_PART}"
    try:
        part.touch(_PRIVATE)
        make(part)
        return part.rename(folder / f"{start}-{_sum_of(part)}")
    finally:
        part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what nobody has used for long, and what a start that was killed has left."""
    now = time.time()
    for file in folder.glob("*"):
        with suppress(OSError):
            left = _PART_LEFT_S if file.suffix == _PART else _LEFT_S
            if now - file.stat().st_mtime > left:
                file.unlink()


def _sum_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, xxhash.xxh3_128).hexdigest()


def _short(told: bytes) -> str:
    return xxhash.xxh3_128(told).hexdigest()[:_DIGITS]


@contextmanager
def _in_memory() -> Iterator[Path]:
    """Yield the path of a file that goes when nobody has it open or mapped."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("footnote-made")
        try:
            yield Path(f"/proc/self/fd/{handle}")
        finally:
            os.close(handle)
    else:
        with tempfile.NamedTemporaryFile(prefix="footnote-made") as made:
            yield Path(made.name)
