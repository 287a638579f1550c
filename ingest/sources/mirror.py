"""A folder that equals a source: only what changed is fetched, what is gone is removed."""

import json
from collections.abc import Sequence
from pathlib import Path

from ingest.sources import Entry, Source, SourceError
from services.domain.media import KINDS

_STATE = ".versions.json"


def mirrored(source: Source, folder: Path) -> int:
    """Make *folder* equal *source*; return how many files were fetched. SourceError leaves what was
    there: a source that cannot be listed, or is empty all at once, deletes nothing.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    entries = [entry for entry in source.entries() if _is_read(entry.name)]
    if not entries:
        message = "The source lists no file of a type that is read: nothing is changed."
        raise SourceError(message)
    state = _read(folder)
    fetched = 0
    for entry in entries:
        path = _path(folder, entry.name)
        if path.is_file() and entry.version and state.get(entry.name) == entry.version:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        source.fetch(entry, part)
        part.replace(path)
        state[entry.name] = entry.version
        fetched += 1
        _write(folder, state)
    _remove_others(folder, entries, state)
    return fetched


def _remove_others(folder: Path, entries: Sequence[Entry], state: dict[str, str]) -> None:
    wanted = {_path(folder, entry.name) for entry in entries}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != _STATE and path not in wanted:
            path.unlink()
    named = {entry.name for entry in entries}
    _write(folder, {name: version for name, version in state.items() if name in named})


def _path(folder: Path, name: str) -> Path:
    """Return where an entry lies; SourceError for a name that leads out of the folder."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or "\0" in name:
        message = f"The source names a file {name!r}, which is no path within it."
        raise SourceError(message)
    return path


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
