"""Documents that are there already and wait to be read once more."""

from collections.abc import Sequence

import sqlalchemy as sa

from services.domain.documents import UNFINISHED, Status
from services.registry.rows import new_id, now
from services.registry.tables import documents

_QUEUED = {"status": Status.QUEUED.value, "stage": Status.QUEUED.value, "attempts": 0}
_UNREAD = {"done": 0, "total": 0, "pages": 0, "characters": 0, "passages": 0, "ready_at": None}


def queue_again(connection: sa.Connection, ids: Sequence[str], lease_until: int) -> None:
    """Queue documents that failed."""
    if not ids:
        return
    connection.execute(
        sa.update(documents)
        .where(documents.c.id.in_(ids))
        .values(**_QUEUED, error_code=None, error_message=None, lease_until=lease_until)
    )


def read_again(connection: sa.Connection, document_id: str, lease_until: int) -> tuple[str, bool]:
    """Queue a new version of a document from the same bytes, or the document itself if it failed;
    return the id of what is queued, and whether it was not already.
    """
    here = sa.select(documents).where(documents.c.id == document_id)
    row = connection.execute(here.with_for_update()).mappings().one()
    waiting = unfinished_versions(connection, document_id)
    if waiting:
        return waiting[0], False
    if row["status"] == Status.FAILED:
        queue_again(connection, [document_id], lease_until)
        return document_id, True
    kept = {name: value for name, value in row.items() if name != "number"}
    fresh = {"id": new_id("doc"), "grade": {}, "lease_until": lease_until, "created_at": now()}
    again = {**kept, **_QUEUED, **_UNREAD, **fresh}
    connection.execute(sa.insert(documents), again)
    return str(again["id"]), True


def unfinished_versions(connection: sa.Connection, document_id: str) -> list[str]:
    """Return the ids of unfinished versions of a document that have the same bytes."""
    own, other = documents.alias("own"), documents.alias("other")
    return list(
        connection.execute(
            sa.select(other.c.id)
            .join_from(
                own,
                other,
                (own.c.collection_id == other.c.collection_id)
                & (own.c.source_id == other.c.source_id)
                & (own.c.sha256 == other.c.sha256),
            )
            .where(
                own.c.id == document_id,
                other.c.status.in_([status.value for status in UNFINISHED]),
            )
        ).scalars()
    )
