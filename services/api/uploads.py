"""What happens to an upload at the door: type, spool, row, job. Blocking; runs in a thread."""

import hashlib
import json
import secrets
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import structlog

from services.api.checks import check_storable
from services.api.schemas import document_out
from services.domain.documents import Blob, Document, NewDocument
from services.domain.errors import ConflictError, InvalidRequestError, NotReadyError
from services.domain.media import KINDS, kind_of
from services.domain.scope import CollectionRole, Role, Scope
from services.jobs import JobQueue
from services.language.normalize import remove_invisible
from services.registry.arrivals import refuse_flood
from services.registry.keys import OWNER
from services.registry.spool import Spool
from services.registry.sqlalchemy_registry import Registry

log = structlog.get_logger("uploads")
_BLOCK = 1024 * 1024
_LONGEST_NAME = 200
# In an index of Postgres, with a collection's id, 2,704 bytes have room.
_LONGEST_PLACE = 2000
# How long a fresh job's message is waited for before the sweeper sends it again.
_MESSAGE_S = 30
_LINES_PER_JOB = 64
_LINES_AT_ONCE = 1000
_MOST_LINES = 200_000


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as it arrived."""

    name: str
    file: BinaryIO
    collection: str
    source_id: str
    metadata: Mapping[str, object]
    readers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """What an upload passes through."""

    registry: Registry
    spool: Spool
    queue: JobQueue


@dataclass(frozen=True, slots=True)
class Taken:
    """What to answer, and whether anything is left to be done for it."""

    body: dict[str, object]
    is_work: bool


def take(door: Door, scope: Scope, upload: Upload, most_bytes: int) -> Taken:
    """Take an upload: from its return on, nothing of it may be lost."""
    name = shown_name(upload.name)
    _check_place(upload.source_id, "source_id")
    target = _target(door, scope, upload.collection)
    kind = kind_of(name, upload.file)
    upload.file.seek(0)
    sha256, length = door.spool.store(_blocks(upload.file), most_bytes)
    if kind.format == "jsonl":
        taken = _take_lines(door, scope.principal, target, upload, sha256)
        _store_again(door, upload, sha256, most_bytes)
        return taken
    new = NewDocument(
        name=name,
        source_id=upload.source_id,
        media_type=kind.media_type,
        sha256=sha256,
        blob=Blob(sha256, 0, length),
        metadata=upload.metadata,
        readers=upload.readers,
    )
    document, is_work = _accept(door, target, [new], scope.principal)[0]
    _store_again(door, upload, sha256, most_bytes)
    return Taken(document_out(document), is_work)


def _check_place(source_id: str, field: str) -> None:
    """Refuse a name of a place that cannot be stored in every registry."""
    if "\0" in source_id or len(source_id.encode("utf-8", "surrogatepass")) > _LONGEST_PLACE:
        message = f"{field}: at most {_LONGEST_PLACE:,} bytes of UTF-8, and no NUL character."
        raise InvalidRequestError(message)


def _store_again(door: Door, upload: Upload, sha256: str, most_bytes: int) -> None:
    """Store the bytes again if they were being deleted while they arrived; now a row needs them."""
    if not door.spool.holds(sha256):
        upload.file.seek(0)
        door.spool.store(_blocks(upload.file), most_bytes)


def take_again(door: Door, scope: Scope, document_id: str) -> Taken:
    """Have a document read again from the bytes that are kept, as by readers that have learnt."""
    lease_until = int(time.time()) + _MESSAGE_S
    document, is_work = door.registry.documents.read_again(scope, document_id, lease_until)
    if is_work:
        _send(door, [document.id])
    return Taken(document_out(document), is_work)


def shown_name(name: str) -> str:
    """Return an upload's name as it may be shown: no path tricks, nothing invisible, not long."""
    plain, _ = remove_invisible(unicodedata.normalize("NFC", name))
    parts = [part for part in plain.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    shown = " ".join("/".join(parts).split())
    if not shown:
        message = "file: it needs a name with an extension."
        raise InvalidRequestError(message)
    if len(shown) <= _LONGEST_NAME:
        return shown
    stem, dot, extension = shown.rpartition(".")
    return f"{stem[: _LONGEST_NAME - len(extension) - 1]}{dot}{extension}"[-_LONGEST_NAME:]


def _target(door: Door, scope: Scope, name: str) -> CollectionRole:
    """Return the collection to write to; one that does not exist is made for who may write
    everywhere.
    """
    known = any(held.name == name for held in scope.roles)
    if known or not scope.may_everywhere(Role.WRITE):
        return scope.collection(name, Role.WRITE)
    try:
        made = door.registry.collections.create(name, "", {})
    except ConflictError:
        # Another upload was quicker. What it is for whoever asks here: no compartment is known.
        held = door.registry.collections.scope_of(OWNER).collection(name, Role.WRITE)
        return CollectionRole(held.collection_id, name, Role.WRITE)
    return CollectionRole(made.id, made.name, Role.WRITE)


def _accept(
    door: Door, target: CollectionRole, arrived: Sequence[NewDocument], uploader: str
) -> list[tuple[Document, bool]]:
    lease_until = int(time.time()) + _MESSAGE_S
    accepted = door.registry.documents.accept(target, arrived, lease_until, uploader)
    _send(door, list(dict.fromkeys(document.id for document, is_work in accepted if is_work)))
    return accepted


def _send(door: Door, work: Sequence[str]) -> None:
    try:
        for start in range(0, len(work), _LINES_PER_JOB):
            door.queue.send(work[start : start + _LINES_PER_JOB])
    except NotReadyError:
        # They are in the registry: a worker's sweep sends them when the queue is back.
        log.warning("the job queue does not answer", documents=len(work))


def _take_lines(
    door: Door, principal: str, target: CollectionRole, upload: Upload, sha256: str
) -> Taken:
    batch = f"batch_{secrets.token_hex(12)}"
    with door.spool.lent(sha256) as path, path.open("rb") as file:
        arrived = [
            replace(new, readers=upload.readers)
            for new in _lines(file, sha256, batch, upload.metadata)
        ]
    if not arrived:
        message = "file: there is no line in it."
        raise InvalidRequestError(message)
    refuse_flood(arrived)
    is_work = False
    # A few at a time: others write and ask in between. Who sends all again loses nothing.
    for start in range(0, len(arrived), _LINES_AT_ONCE):
        accepted = _accept(door, target, arrived[start : start + _LINES_AT_ONCE], principal)
        is_work |= any(work for _, work in accepted)
    return Taken({"documents": len(arrived), "batch": batch}, is_work)


def _lines(
    file: BinaryIO, sha256: str, batch: str, metadata: Mapping[str, object]
) -> Iterator[NewDocument]:
    offset = 0
    for number, line in enumerate(file, 1):
        if number > _MOST_LINES:
            message = f"file: more than {_MOST_LINES:,} lines; split it."
            raise InvalidRequestError(message)
        body = line.strip()
        if body:
            value = _line_value(body, number)
            title = " ".join(_plain(value.get("title") or "").split())
            source_id = _plain(value["id"])
            _check_place(source_id, f"file: the id of line {number}")
            yield NewDocument(
                name=(title or source_id)[:_LONGEST_NAME],
                source_id=source_id,
                media_type=KINDS["jsonl"].media_type,
                sha256=hashlib.sha256(body).hexdigest(),
                blob=Blob(sha256, offset + line.index(body), len(body)),
                title=title,
                metadata=metadata,
                batch=batch,
            )
        offset += len(line)


def _line_value(body: bytes, number: int) -> dict[str, object]:
    try:
        value = json.loads(body)
    except UnicodeDecodeError as error:
        message = f"file: line {number} is no UTF-8: save the file as UTF-8."
        raise InvalidRequestError(message) from error
    except (ValueError, RecursionError):
        value = None
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("text"), str)
        or not _plain("" if value.get("id") is None else value["id"])
    ):
        message = f'file: line {number} is not {{"id": ..., "title": ..., "text": ...}}.'
        raise InvalidRequestError(message)
    check_storable(value, f"file: line {number}")
    return value


def _plain(value: object) -> str:
    """Return a line's id or title as text, without what cannot be seen."""
    return remove_invisible(str(value))[0].strip()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
