"""A source of documents, mirrored into a folder that can be synced."""

import hashlib
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ingest.cli.console import guarded, say, settings
from ingest.sources import SourceError
from ingest.sources.mirror import mirrored
from ingest.sources.opening import open_source

_MOST_NAMED = 20


def watch_source(named: str, *, every_s: float, forever: bool) -> Iterator[Path]:
    """Yield the mirror of a source once, and with *forever* again after every change. Then a source
    that fails is said and tried again; else it ends the command.
    """
    folder = _mirror_of(named)
    with guarded():
        _mirrored(named, folder)
    yield folder
    while forever:
        time.sleep(every_s)
        before = _state(folder)
        try:
            _mirrored(named, folder)
        except SourceError as error:
            say(str(error))
            continue
        if _state(folder) != before:
            yield folder


def _mirrored(named: str, folder: Path) -> None:
    source = open_source(named, settings())
    try:
        done = mirrored(source, folder)
    finally:
        source.close()
    if done.fetched:
        say("fetched: {count}", count=done.fetched)
    for name, reason in islice(done.failed.items(), _MOST_NAMED):
        say("not fetched: {name}: {why}", name=name, why=reason)
    if len(done.failed) > _MOST_NAMED:
        say("not fetched: {count} more", count=len(done.failed) - _MOST_NAMED)


def _mirror_of(named: str) -> Path:
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    return settings().data_dir / "sources" / digest


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}
