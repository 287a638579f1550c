"""The spool in a folder of this machine, or one that all machines share."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.domain.documents import Blob
from services.domain.errors import StorageFullError, TooLargeError

_STRAY_S = 3600.0
_PIECE_BYTES = 1 << 16
_FULL = "The disk is full or failing: free some space, then add the file again."


class FolderSpool:
    """A folder of content-addressed files. A file's name is all that is trusted of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for stray in folder.glob("*.part"):
            # Younger ones may be uploads in flight of another process.
            if _age_s(stray) > _STRAY_S:
                stray.unlink(missing_ok=True)

    def store(self, chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
        """Write *chunks* durably; return their SHA-256 and length. TooLargeError past *limit* bytes
        and StorageFullError leave nothing.
        """
        part, digest, length = self.receive(chunks, limit)
        try:
            target = self._path(digest)
            target.parent.mkdir(exist_ok=True)
            part.replace(target)
            for changed in (target.parent, self._folder):
                sync_folder(changed)
        except OSError as error:
            raise StorageFullError(_FULL) from error
        finally:
            part.unlink(missing_ok=True)
        return digest, length

    def receive(self, chunks: Iterable[bytes], limit: int) -> tuple[Path, str, int]:
        """Write *chunks* durably into a file that nobody knows yet; return it, and as `store`."""
        part = self._folder / f"{secrets.token_hex(8)}.part"
        try:
            return part, *_write(part, chunks, limit)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StorageFullError(_FULL) from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    @contextmanager
    def lent(self, sha256: str) -> Iterator[Path]:
        """Lend the file itself; without one, the path does not exist."""
        yield self._path(sha256)

    def read(self, blob: Blob) -> bytes:
        """Return the bytes of *blob*."""
        return b"".join(self.opened(blob))

    def opened(self, blob: Blob) -> Iterator[bytes]:
        """Open *blob* at once; return its bytes in pieces."""
        file = self._path(blob.sha256).open("rb")
        file.seek(blob.offset)
        return _pieces(file, blob.length)

    def remove(self, sha256: str) -> int:
        """Delete a file; return its bytes (0 if it was gone)."""
        path = self._path(sha256)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def holds(self, sha256: str) -> bool:
        """Say whether the file is there."""
        return self._path(sha256).exists()

    def names(self, older_than_s: float = 0.0) -> list[str]:
        """Return the SHA-256 of every file in the spool of at least that age."""
        return [
            path.name
            for path in self._folder.glob("??/*")
            if path.is_file() and _age_s(path) >= older_than_s
        ]

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _pieces(file: BinaryIO, left: int) -> Iterator[bytes]:
    with file:
        while left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
            left -= len(piece)
            yield piece


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _write(part: Path, chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
    digest = hashlib.sha256()
    length = 0
    with part.open("xb") as file:
        for chunk in chunks:
            length += len(chunk)
            if length > limit:
                message = f"The file is larger than the {limit:,} bytes that are allowed."
                raise TooLargeError(message)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), length


def sync_folder(folder: Path) -> None:
    """Let what was renamed in *folder* reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
