"""Documents that are there already and wait to be read once more."""

from collections.abc import Sequence

import sqlalchemy as sa

from services.domain.documents import UNFINISHED, Status
from services.domain.errors import DocumentNotFoundError
from services.registry.rows import new_id, now
from services.registry.tables import documents

_UNFINISHED = [status.value for status in UNFINISHED]
_QUEUED = {"status": Status.QUEUED.value, "stage": Status.QUEUED.value, "attempts": 0}
# A statement of Postgres takes 65,535 values.
_BATCH = 500
_UNREAD = {"done": 0, "total": 0, "pages": 0, "characters": 0, "passages": 0, "ready_at": None}


def queue_again(connection: sa.Connection, ids: Sequence[str], lease_until: int) -> None:
    """Queue documents that failed."""
    for start in range(0, len(ids), _BATCH):
        connection.execute(
            sa.update(documents)
            .where(documents.c.id.in_(ids[start : start + _BATCH]))
            .values(**_QUEUED, error_code=None, error_message=None, lease_until=lease_until)
        )


def read_again(connection: sa.Connection, document_id: str, lease_until: int) -> tuple[str, bool]:
    """Queue the latest version of a document once more, as a new version if it is ready; return the
    id of what is queued, and whether it was not already.

    A version that came later, and waits or failed, would be replaced by the bytes of this one: it
    is what is read.
    """
    locked(connection, document_id)
    own, other = documents.alias("own"), documents.alias("other")
    latest = connection.execute(
        sa.select(other)
        .join_from(own, other, _same_place(own, other))
        .where(own.c.id == document_id)
        .order_by(other.c.number.desc())
        .limit(1)
    )
    row = latest.mappings().one()
    found = str(row["id"])
    if row["status"] in _UNFINISHED:
        return found, False
    if row["status"] == Status.FAILED:
        queue_again(connection, [found], lease_until)
        return found, True
    kept = {name: value for name, value in row.items() if name != "number"}
    fresh = {"id": new_id("doc"), "grade": {}, "lease_until": lease_until, "created_at": now()}
    replaces = [*row["replaces"], found]
    again = {**kept, **_QUEUED, **_UNREAD, **fresh, "replaces": replaces}
    connection.execute(sa.insert(documents), again)
    _replaced_too(connection, found, str(again["id"]))
    return str(again["id"]), True


def _replaced_too(connection: sa.Connection, document_id: str, copy: str) -> None:
    """Let versions that wait to replace a document replace its *copy* as well, also those that
    others alone may read.
    """
    own, other = documents.alias("own"), documents.alias("other")
    is_same = (own.c.collection_id == other.c.collection_id) & (
        own.c.source_id == other.c.source_id
    )
    waiting = connection.execute(
        sa.select(other.c.id, other.c.replaces)
        .join_from(own, other, is_same)
        .where(own.c.id == document_id, other.c.status != Status.READY.value)
    ).all()
    for row in waiting:
        if document_id in row.replaces:
            here = documents.c.id == row.id
            values = {"replaces": [*row.replaces, copy]}
            connection.execute(sa.update(documents).where(here).values(values))


def locked(connection: sa.Connection, document_id: str) -> None:
    """Let nobody else change the document until the transaction ends."""
    row = sa.select(documents.c.id).where(documents.c.id == document_id).with_for_update()
    if connection.execute(row).first() is None:
        raise DocumentNotFoundError(document_id)


def unread_versions(connection: sa.Connection, document_id: str, *, same_bytes: bool) -> list[str]:
    """Return the ids of other versions of a document, with the same readers, that are not ready."""
    own, other = documents.alias("own"), documents.alias("other")
    query = (
        sa.select(other.c.id)
        .join_from(own, other, _same_place(own, other) & (own.c.id != other.c.id))
        .where(own.c.id == document_id, other.c.status != Status.READY.value)
    )
    if same_bytes:
        query = query.where(own.c.sha256 == other.c.sha256)
    return list(connection.execute(query).scalars())


def _same_place(own: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return (own.c.segment_id == other.c.segment_id) & (own.c.source_id == other.c.source_id)
