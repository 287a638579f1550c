"""What of an upload is there already, what is new, and which versions the new ones replace.

An uploader knows of the versions that he may read or has sent himself, and of no others: what
others keep in compartments is neither named to him nor replaced by what he sends.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import sqlalchemy as sa

from services.domain.documents import NewDocument, Status
from services.domain.errors import InvalidRequestError
from services.domain.scope import CollectionRole, Role, segment_of
from services.registry.blobs import lock_blobs
from services.registry.queueing import queue_again
from services.registry.rows import new_id, now
from services.registry.tables import collections, compartments, documents

_BATCH = 500
# Versions of one place in one upload.
_MOST_VERSIONS = 50
# By source id, the versions of a place that the uploader may read, oldest first.
_Row: TypeAlias = Mapping[Any, Any]
_Versions: TypeAlias = dict[str, list[_Row]]


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who sends documents, with the role held where they go."""

    target: CollectionRole
    principal: str = ""

    def knows(self) -> sa.ColumnElement[bool]:
        """Return the condition on documents that may be named to the uploader, and replaced."""
        target = self.target
        here = documents.c.collection_id == target.collection_id
        if target.role.covers(Role.ADMIN):
            return here
        is_readable = documents.c.segment_id.in_((target.collection_id, *target.compartments))
        if not self.principal:
            return here & is_readable
        return here & (is_readable | (documents.c.uploader == self.principal))


def stored(
    connection: sa.Connection,
    uploader: Uploader,
    arrived: Sequence[NewDocument],
    lease_until: int,
) -> list[tuple[str, bool]]:
    """Store *arrived* as `queued`; return the id of each with whether it is work.

    The same bytes in the same place, or without one, are the document that is there, as long as it
    is the latest version of its place; if it had failed, it is queued once more. One that came
    without a place gets it. A new version keeps the readers of the one before, unless it names
    others.
    """
    target = uploader.target
    refuse_flood(arrived)
    one_by_one(connection, target.collection_id)
    lock_blobs(connection, (new.blob.sha256 for new in arrived))
    versions = _versions(connection, uploader, (new.source_id for new in arrived))
    arrived = [_with_readers(new, versions) for new in arrived]
    for readers in {new.readers for new in arrived}:
        make_compartment(connection, target, readers)
    known = _known(connection, uploader, arrived, versions)
    rows: list[dict[str, Any]] = []
    taken: list[_Row] = []
    for new in arrived:
        row = _there(target, new, known, versions)
        row = row or _settled(connection, target, new, known, versions)
        if row is None:
            row = _new_row(uploader, new, lease_until, versions.get(new.source_id, ()))
            rows.append(row)
            known.setdefault((row["segment_id"], row["sha256"]), []).append(row)
            versions.setdefault(row["source_id"], []).append(row)
        taken.append(row)
    if rows:
        connection.execute(sa.insert(documents), rows)
    fresh = {row["id"] for row in rows}
    old = [row for row in taken if row["id"] not in fresh]
    again = [row["id"] for row in old if row["status"] == Status.FAILED]
    queue_again(connection, again, lease_until)
    _move_to_batch(connection, [row["id"] for row in old], arrived)
    work = fresh.union(again)
    return [(row["id"], row["id"] in work) for row in taken]


def refuse_flood(arrived: Sequence[NewDocument]) -> None:
    """Refuse an upload that holds one place again and again: each version names those before it."""
    versions = {(new.source_id, new.sha256) for new in arrived if new.source_id}
    often = Counter(source_id for source_id, _ in versions)
    for source_id, count in often.most_common(1):
        if count > _MOST_VERSIONS:
            message = f"The id {source_id!r} stands on more than {_MOST_VERSIONS} lines."
            raise InvalidRequestError(message)


def one_by_one(connection: sa.Connection, collection_id: str) -> None:
    """Let versions of documents of a collection arrive one after the other, also on Postgres."""
    connection.execute(
        sa.select(collections.c.id).where(collections.c.id == collection_id).with_for_update()
    )


def make_compartment(
    connection: sa.Connection, target: CollectionRole, readers: Sequence[str] | None
) -> None:
    """Make the compartment that documents with readers of their own go to. Under a lock."""
    if readers is None:
        return
    segment = segment_of(target.collection_id, readers)
    known = sa.select(compartments.c.id).where(compartments.c.id == segment)
    if connection.execute(known).first() is None:
        row = {"id": segment, "collection_id": target.collection_id, "readers": list(readers)}
        connection.execute(sa.insert(compartments), row)


def _versions(connection: sa.Connection, uploader: Uploader, sources: Iterable[str]) -> _Versions:
    wanted = sorted({source for source in sources if source})
    found: _Versions = {}
    for i in range(0, len(wanted), _BATCH):
        rows = connection.execute(
            sa.select(documents.c.id, documents.c.source_id, documents.c.readers)
            .where(
                uploader.knows(),
                documents.c.source_id.in_(wanted[i : i + _BATCH]),
            )
            .order_by(documents.c.number)
        )
        for row in rows.mappings():
            found.setdefault(row["source_id"], []).append(row)
    return found


def _with_readers(new: NewDocument, versions: _Versions) -> NewDocument:
    """Return *new*; without readers of its own, with those of the last version that had any."""
    before = [row["readers"] for row in versions.get(new.source_id, ()) if row["readers"]]
    if new.readers is not None or not before:
        return new
    return replace(new, readers=tuple(before[-1]))


def _known(
    connection: sa.Connection,
    uploader: Uploader,
    arrived: Sequence[NewDocument],
    versions: _Versions,
) -> dict[tuple[str, str], list[_Row]]:
    """Return documents of the same bytes by segment and hash; *versions* learns their places."""
    hashes = sorted({new.sha256 for new in arrived})
    found: dict[tuple[str, str], list[_Row]] = {}
    for i in range(0, len(hashes), _BATCH):
        rows = connection.execute(
            sa.select(documents)
            .where(uploader.knows(), documents.c.sha256.in_(hashes[i : i + _BATCH]))
            .order_by(documents.c.number)
        )
        for row in rows.mappings():
            found.setdefault((row["segment_id"], row["sha256"]), []).append(row)
    places = {row["source_id"] for rows in found.values() for row in rows} - versions.keys()
    versions |= _versions(connection, uploader, places)
    return found


def _there(
    target: CollectionRole,
    new: NewDocument,
    known: Mapping[tuple[str, str], Sequence[_Row]],
    versions: _Versions,
) -> _Row | None:
    """Return the document that *new* is, if it is the latest version of its place."""
    key = (segment_of(target.collection_id, new.readers), new.sha256)
    latest = (
        row for row in known.get(key, ()) if versions[row["source_id"]][-1]["id"] == row["id"]
    )
    return next((row for row in latest if new.source_id in {"", row["source_id"]}), None)


def _settled(
    connection: sa.Connection,
    target: CollectionRole,
    new: NewDocument,
    known: Mapping[tuple[str, str], list[_Row]],
    versions: _Versions,
) -> _Row | None:
    """Give the document of the same bytes that came without a place the place of *new*, if nothing
    stands there; return it, or None.
    """
    same = known.get((segment_of(target.collection_id, new.readers), new.sha256), [])
    at = next((i for i, row in enumerate(same) if row["source_id"] == row["id"]), None)
    if at is None or not new.source_id or new.source_id in versions:
        return None
    same[at] = {**same[at], "source_id": new.source_id}
    versions[new.source_id] = [same[at]]
    here = documents.c.id == same[at]["id"]
    connection.execute(sa.update(documents).where(here).values(source_id=new.source_id))
    return same[at]


def _new_row(
    uploader: Uploader,
    new: NewDocument,
    lease_until: int,
    before: Sequence[_Row],
) -> dict[str, Any]:
    document_id, target = new_id("doc"), uploader.target
    return {
        "id": document_id,
        "collection_id": target.collection_id,
        "segment_id": segment_of(target.collection_id, new.readers),
        "readers": None if new.readers is None else list(new.readers),
        "name": new.name,
        "title": new.title,
        # Without a name for its place, a document replaces nothing but itself.
        "source_id": new.source_id or document_id,
        "replaces": [row["id"] for row in before],
        "uploader": uploader.principal,
        "media_type": new.media_type,
        "bytes": new.blob.length,
        "sha256": new.sha256,
        "blob_sha256": new.blob.sha256,
        "blob_offset": new.blob.offset,
        "status": Status.QUEUED.value,
        "stage": Status.QUEUED.value,
        "done": 0,
        "total": 0,
        "pages": 0,
        "characters": 0,
        "passages": 0,
        "grade": {},
        "metadata": dict(new.metadata),
        "batch": new.batch,
        "attempts": 0,
        "lease_until": lease_until,
        "created_at": now(),
    }


def _move_to_batch(
    connection: sa.Connection, ids: Sequence[str], arrived: Sequence[NewDocument]
) -> None:
    """Let lines that were there already count in the batch that brought them again."""
    batch = arrived[0].batch if arrived else None
    if batch is None:
        return
    for i in range(0, len(ids), _BATCH):
        connection.execute(
            sa.update(documents).where(documents.c.id.in_(ids[i : i + _BATCH])).values(batch=batch)
        )
