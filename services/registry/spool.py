"""The spool: original bytes under their SHA-256, durable before they are acknowledged."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from services.domain.documents import Blob


class Spool(Protocol):
    """Content-addressed files. A file's name is all that is trusted of it."""

    def store(self, chunks: Iterable[bytes], limit: int) -> tuple[str, int]:
        """Write *chunks* durably; return their SHA-256 and length.

        TooLargeError past *limit* bytes, StorageFullError, or NotReadyError where a store does not
        answer; nothing is left of them then.
        """
        ...

    def lent(self, sha256: str) -> AbstractContextManager[Path]:
        """Have the file on this machine for the time of the block; without one in the spool, the
        path does not exist.
        """
        ...

    def read(self, blob: Blob) -> bytes:
        """Return the bytes of *blob*."""
        ...

    def opened(self, blob: Blob) -> Iterator[bytes]:
        """Open *blob* at once; return its bytes in pieces."""
        ...

    def remove(self, sha256: str) -> int:
        """Delete a file; return its bytes (0 if it was gone)."""
        ...

    def holds(self, sha256: str) -> bool:
        """Say whether the file is there."""
        ...

    def names(self, older_than_s: float = 0.0) -> list[str]:
        """Return the SHA-256 of every file of at least that age."""
        ...
