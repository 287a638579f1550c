"""What must come and go so that a collection equals a folder."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.cli.console import fail, say
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
            "added": [file.shown for file in self.added],
            "replaced": [file.shown for file in self.replaced],
            "deleted": [str(document["name"]) for document in self.leaving],
            "unchanged": self.unchanged,
        }


def plan(files: Sequence[LocalFile], documents: Sequence[dict[str, Any]]) -> Plan:
    """Compare by content: a file whose bytes are there already needs nothing, also where it was
    called otherwise. A file that cannot be read is uploaded, which says why it cannot.
    """
    hashes = {file.name: file.sha256() for file in files}
    known = {document["source_id"] for document in documents}
    standing = [document for document in documents if document["status"] != "failed"]
    own = {(one["source_id"], one["sha256"]) for one in standing}
    # What has no file of its own name left may be one that was renamed.
    renamed: dict[object, list[str]] = defaultdict(list)
    for one in standing:
        if one["source_id"] not in hashes:
            renamed[one["sha256"]].append(one["id"])
    unchanged: set[str] = set()
    kept: set[str] = set()
    for file in files:
        if (file.source_id, hashes[file.name]) in own:
            unchanged.add(file.name)
        elif file.source_id not in known and renamed[hashes[file.name]]:
            unchanged.add(file.name)
            kept.add(renamed[hashes[file.name]].pop())
    changed = [file for file in files if file.name not in unchanged]
    # What has a file still leaves when its new version is ready.
    leaving = [one for one in documents if one["source_id"] not in hashes and one["id"] not in kept]
    return Plan(
        added=[file for file in changed if file.source_id not in known],
        replaced=[file for file in changed if file.source_id in known],
        leaving=leaving,
        unchanged=[file.shown for file in files if file.name in unchanged],
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
        while (now := _there(folder)) == before:
            time.sleep(_LOOK_S)
        while now != (now := _settled(folder)):
            pass


def _settled(folder: Path) -> dict[str, tuple[int, int]]:
    time.sleep(_LOOK_S)
    return _there(folder)


def _there(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the state of the folder; where it is gone, wait until it is back."""
    if not folder.is_dir():
        say("The folder {folder} is gone: waiting until it is back.", folder=folder)
        while not folder.is_dir():
            time.sleep(_LOOK_S)
    return _state(folder)


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for file in readable_files([folder]):
        try:
            status = file.path.stat()
        except OSError:
            continue
        found[file.name] = (status.st_mtime_ns, status.st_size)
    return found
