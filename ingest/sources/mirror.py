"""A folder that equals a source: only what changed is fetched, what is gone is removed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.sources import Entry, Source, SourceError
from services.domain.media import KINDS

_STATE = ".versions.json"
# Bytes of a part of a path; file systems take 255.
_LONGEST_PART = 200


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How many files were fetched, and why others could not be: their last copy stays."""

    fetched: int
    failed: Mapping[str, str]


def mirrored(source: Source, folder: Path) -> Mirrored:
    """Make *folder* equal *source*, one file after the other: one that cannot be had keeps none of
    the others back. SourceError leaves what was there: a source that cannot be listed, is empty all
    at once, or of which nothing can be fetched, deletes nothing.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    entries = [entry for entry in source.entries() if _is_read(entry.name)]
    if not entries:
        message = "The source lists no file of a type that is read: nothing is changed."
        raise SourceError(message)
    state = _read(folder)
    fetched, failed = 0, dict[str, str]()
    for entry in entries:
        try:
            if _is_there(folder, entry, state):
                continue
            _fetch(source, entry, folder)
        except (SourceError, OSError) as error:
            failed[entry.name] = str(error)
            continue
        state[entry.name] = entry.version
        fetched += 1
        _write(folder, state)
    if len(failed) == len(entries):
        raise SourceError(next(iter(failed.values())))
    _remove_others(folder, [entry for entry in entries if _is_named(folder, entry)], state)
    return Mirrored(fetched, failed)


def _is_there(folder: Path, entry: Entry, state: Mapping[str, str]) -> bool:
    is_file = _path(folder, entry.name).is_file()
    return is_file and bool(entry.version) and state.get(entry.name) == entry.version


def _fetch(source: Source, entry: Entry, folder: Path) -> None:
    path = _path(folder, entry.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{hashlib.sha256(path.name.encode()).hexdigest()[:16]}.part")
    try:
        source.fetch(entry, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _is_named(folder: Path, entry: Entry) -> bool:
    try:
        _path(folder, entry.name)
    except SourceError:
        return False
    return True


def _remove_others(folder: Path, entries: Sequence[Entry], state: dict[str, str]) -> None:
    wanted = {_path(folder, entry.name) for entry in entries}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != _STATE and path not in wanted:
            path.unlink()
    named = {entry.name for entry in entries}
    _write(folder, {name: version for name, version in state.items() if name in named})


def _path(folder: Path, name: str) -> Path:
    """Return where an entry lies; SourceError for a name that leads out of the folder."""
    short = "/".join(_short(part) for part in name.split("/"))
    path = (folder / short.replace("\0", "")).resolve()
    if not path.is_relative_to(folder.resolve()) or "\0" in name:
        message = f"The source names a file {name!r}, which is no path within it."
        raise SourceError(message)
    return path


def _short(part: str) -> str:
    """Return a part of a path that a file system takes: a longer one ends in its hash."""
    data = part.encode("utf-8", "surrogatepass")
    if len(data) <= _LONGEST_PART:
        return part
    stem, dot, ending = part.rpartition(".")
    kept = stem.encode("utf-8", "surrogatepass")[: _LONGEST_PART - len(ending) - 18]
    digest = hashlib.sha256(data).hexdigest()[:16]
    return f"{kept.decode('utf-8', 'ignore')}~{digest}{dot}{ending}"


def _is_read(name: str) -> bool:
    return name.rpartition(".")[2].lower() in KINDS and not name.endswith(".jsonl")


def _read(folder: Path) -> dict[str, str]:
    path = folder / _STATE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(folder: Path, state: dict[str, str]) -> None:
    part = folder / f"{_STATE}.part"
    part.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    part.replace(folder / _STATE)
