"""What must come and go so that a collection equals a folder."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.cli.console import fail
from ingest.cli.files import LocalFile, readable_files

_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Files to upload (new ones and other versions), documents to delete, and what stays."""

    added: list[LocalFile]
    replaced: list[LocalFile]
    leaving: list[dict[str, Any]]
    unchanged: list[str]

    @property
    def coming(self) -> list[LocalFile]:
        """Everything to upload."""
        return [*self.added, *self.replaced]

    def summary(self) -> dict[str, list[str]]:
        """Return the names of what is added, replaced, deleted and unchanged."""
        return {
            "added": [file.name for file in self.added],
            "replaced": [file.name for file in self.replaced],
            "deleted": [str(document["name"]) for document in self.leaving],
            "unchanged": self.unchanged,
        }


def plan(files: Sequence[LocalFile], documents: Sequence[dict[str, Any]]) -> Plan:
    """Compare by content: a file whose bytes are there already needs nothing, whatever its name."""
    hashes = {file.name: file.sha256() for file in files}
    present = {document["sha256"] for document in documents if document["status"] != "failed"}
    known = {document["source_id"] for document in documents}
    changed = [file for file in files if hashes[file.name] not in present]
    wanted = set(hashes.values())
    # A version that is about to be replaced leaves when its successor is ready.
    replacing = {file.source_id for file in changed}
    leaving = [
        document
        for document in documents
        if document["sha256"] not in wanted and document["source_id"] not in replacing
    ]
    return Plan(
        added=[file for file in changed if file.source_id not in known],
        replaced=[file for file in changed if file.source_id in known],
        leaving=leaving,
        unchanged=[file.name for file in files if hashes[file.name] in present],
    )


def watch_folder(named: str, *, forever: bool) -> Iterator[Path]:
    """Yield the folder once, and with *forever* again after every change, once it is quiet."""
    folder = Path(named)
    if not folder.is_dir():
        fail("There is no folder {folder}.", folder=named)
    while True:
        before = _state(folder)
        yield folder
        if not forever:
            return
        while (now := _state(folder)) == before:
            time.sleep(_LOOK_S)
        while now != (now := _settled(folder)):
            pass


def _settled(folder: Path) -> dict[str, tuple[int, int]]:
    time.sleep(_LOOK_S)
    return _state(folder)


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for file in readable_files([folder]):
        status = file.path.stat()
        found[file.name] = (status.st_mtime_ns, status.st_size)
    return found
