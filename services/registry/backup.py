"""One file that holds the truth: a snapshot of the registry, and the originals that it names.

Derived indexes, caches and keys in plain text are left out: indexes are built again at the next
start, the owner key is made anew. Everything in the file is checked by SHA-256 when it is restored.
"""

import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from services.domain.errors import BackupError, StorageFullError
from services.registry.database import as_refused
from services.registry.folder_spool import file_hash, sync_folder
from services.registry.spool import Spool

_REGISTRY = "registry.sqlite"
_SPOOL = "spool"
_MANIFEST = "manifest.json"
# A file of the spool lies under the first two digits of its SHA-256.
_ORIGINAL = re.compile(rf"{_SPOOL}/([0-9a-f]{{2}})/\1[0-9a-f]{{62}}")
_FORMAT = 1
_ASIDE = ".part"
_PAGES = 512
_NEW_PRIVATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupCounts:
    """What a backup holds."""

    documents: int
    originals: int
    bytes: int


def write_backup(registry: Path, spool: Spool, file: Path, told: Told) -> BackupCounts:
    """Write a backup of a data folder into *file*, while the service may go on.

    All that was acknowledged before the call is in it. Written aside, synced and renamed, readable
    by its owner alone. *told* hears how many of the originals are done. StorageFullError, and
    BackupError where the registry is damaged, leave no file.
    """
    part = file.with_name(file.name + _ASIDE)
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as name:
            snapshot = Path(name) / _REGISTRY
            _snapshot(registry, snapshot)
            with os.fdopen(os.open(part, _NEW_PRIVATE, 0o600), "wb") as raw:
                with tarfile.open(fileobj=raw, mode="w:gz" if _is_packed(file) else "w") as archive:
                    counts = _fill(archive, snapshot, spool, told)
                raw.flush()
                os.fsync(raw.fileno())
            part.replace(file)
    except FileExistsError as error:
        message = f"{part} is in the way: another backup runs, or one was broken off; remove it."
        raise BackupError(message) from error
    except OSError as error:
        part.unlink(missing_ok=True)
        message = f"The backup cannot be written ({error}): free some space, then try again."
        raise StorageFullError(message) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return counts


def read_backup(file: Path, folder: Path, told: Told) -> BackupCounts:
    """Restore *file* into the data folder *folder*, which must not hold a registry yet.

    BackupError if it does, or if the file is not a whole backup; nothing is left behind then.
    """
    if (folder / _REGISTRY).exists():
        message = f"{folder} holds a registry already: set FOOTNOTE_DATA_DIR to an empty folder."
        raise BackupError(message)
    aside = folder / ".restoring"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        manifest = _extract(file, aside, told)
        (aside / _SPOOL).mkdir(exist_ok=True)
        shutil.rmtree(folder / _SPOOL, ignore_errors=True)
        (aside / _SPOOL).replace(folder / _SPOOL)
        # The registry comes last: with it the folder counts as filled.
        (aside / _REGISTRY).replace(folder / _REGISTRY)
        sync_folder(folder)
    except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        # Some of these errors go on over many lines.
        reason = str(error).partition("\n")[0].rstrip(": ")
        message = f"{file} is not a whole backup ({reason})."
        raise BackupError(message) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return BackupCounts(**manifest["counts"])


def _snapshot(registry: Path, target: Path) -> None:
    """Copy a database that others write to (SQLite's online backup)."""
    if not registry.exists():
        message = f"There is no registry in {registry.parent}: is FOOTNOTE_DATA_DIR right?"
        raise BackupError(message)
    try:
        with closing(sqlite3.connect(registry)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=_PAGES)
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if (refused := as_refused(registry, error)) is not None:
            raise refused from error
        verdict = str(error)
    if verdict != "ok":
        message = f"The registry is damaged ({verdict}): `footnote verify` says more."
        raise BackupError(message)


def _fill(archive: tarfile.TarFile, snapshot: Path, spool: Spool, told: Told) -> BackupCounts:
    """Put snapshot and originals into *archive*, and a manifest with what each must be."""
    with closing(sqlite3.connect(snapshot)) as database:
        documents = database.execute("SELECT count(*) FROM documents").fetchone()[0]
        named = database.execute("SELECT DISTINCT blob_sha256 FROM documents").fetchall()
    sums = {_REGISTRY: file_hash(snapshot)}
    total = snapshot.stat().st_size
    archive.add(snapshot, _REGISTRY, filter=_plain)
    for done, (sha256,) in enumerate(named, 1):
        with spool.lent(sha256) as path:
            # What was deleted since the snapshot is missing, and nobody misses it.
            if path.exists():
                name = f"{_SPOOL}/{sha256[:2]}/{sha256}"
                archive.add(path, name, filter=_plain)
                sums[name] = sha256
                total += path.stat().st_size
        told(done, len(named))
    counts = BackupCounts(documents, len(sums) - 1, total)
    body = json.dumps(
        {
            "format": _FORMAT,
            "files": sums,
            "counts": {
                "documents": counts.documents,
                "originals": counts.originals,
                "bytes": counts.bytes,
            },
        }
    ).encode()
    entry = tarfile.TarInfo(_MANIFEST)
    entry.size, entry.mode = len(body), 0o600
    archive.addfile(entry, BytesIO(body))
    return counts


def _extract(file: Path, folder: Path, told: Told) -> dict[str, Any]:
    """Unpack *file* into *folder*: plain files of known names only, each with its checksum."""
    sums: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    with tarfile.open(file, "r:*") as archive:
        for done, entry in enumerate(archive, 1):
            source = archive.extractfile(entry) if entry.isfile() else None
            if source is None:
                message = f"it holds {entry.name!r}, which is no plain file"
                raise ValueError(message)
            if entry.name == _MANIFEST:
                manifest = json.loads(source.read())
                continue
            target = folder / _known_name(entry.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as opened:
                shutil.copyfileobj(source, opened)
                opened.flush()
                os.fsync(opened.fileno())
            sums[entry.name] = file_hash(target)
            told(done, done)
    if manifest.get("format") != _FORMAT or manifest["files"] != sums:
        message = "its manifest is missing, of another release, or does not match its files"
        raise ValueError(message)
    return manifest


def _known_name(name: str) -> str:
    """Return *name* if a backup may hold it: nothing else is ever written."""
    if name == _REGISTRY or _ORIGINAL.fullmatch(name):
        return name
    message = f"it holds {name!r}, which is no part of a backup"
    raise ValueError(message)


def _is_packed(file: Path) -> bool:
    return file.suffix in {".gz", ".tgz"}


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Say nothing of this machine's users."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry
