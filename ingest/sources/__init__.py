"""Where documents come from beside folders: WebDAV, S3, a mailbox, web pages. Each is a list of
entries with versions; what changed is fetched into a mirror, and the mirror is what is synced.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.domain.errors import HouseError


class SourceError(HouseError):
    """A source cannot be listed or fetched from; nothing is deleted then."""

    code = "source"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a source: its path within it, what changes when it changes (empty: unknown, so it
    is always fetched), and where the source finds it.
    """

    name: str
    version: str
    place: str


class Source(Protocol):
    """A place with documents. `close` ends its connections."""

    def entries(self) -> Sequence[Entry]:
        """Return all its files; SourceError if not all can be listed."""
        ...

    def fetch(self, entry: Entry, path: Path) -> None:
        """Write an entry's bytes to *path*; SourceError if they cannot be had."""
        ...

    def close(self) -> None:
        """End the connections."""
        ...
