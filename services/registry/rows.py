"""From rows of the database to words of the domain."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.domain.documents import Blob, Collection, Document, Failure, Progress, Status
from services.domain.passages import Passage
from services.registry.tables import collections, documents, passages


def now(*, ago: timedelta = timedelta()) -> str:
    """Return this moment, or one *ago*, as ISO 8601 in UTC, to the millisecond."""
    then = datetime.now(UTC) - ago
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(kind: str) -> str:
    """Return a fresh id that nobody can guess: 96 random bits behind its *kind*."""
    return f"{kind}_{secrets.token_hex(12)}"


def collection_of(row: sa.Row[Any]) -> Collection:
    """Read a row of `collections`."""
    return Collection(row.id, row.name, row.instructions, row.defaults, row.created_at)


DOCUMENT_COLUMNS = (*documents.c, collections.c.name.label("collection"))
FROM_DOCUMENTS = documents.join(collections, documents.c.collection_id == collections.c.id)


def document_of(row: sa.Row[Any]) -> Document:
    """Read a row of `documents` joined with its collection's name."""
    return Document(
        id=row.id,
        collection_id=row.collection_id,
        collection=row.collection,
        name=row.name,
        title=row.title,
        source_id=row.source_id,
        media_type=row.media_type,
        bytes=row.bytes,
        sha256=row.sha256,
        blob=Blob(row.blob_sha256, row.blob_offset, row.bytes),
        status=Status(row.status),
        progress=Progress(row.stage, row.done, row.total),
        error=Failure(row.error_code, row.error_message or "") if row.error_code else None,
        pages=row.pages,
        characters=row.characters,
        passages=row.passages,
        grade=row.grade,
        metadata=row.metadata,
        batch=row.batch,
        created_at=row.created_at,
        ready_at=row.ready_at,
        segment_id=row.segment_id,
        replaces=tuple(row.replaces),
        readers=None if row.readers is None else tuple(row.readers),
    )


# In the order of Passage's fields.
PASSAGE_COLUMNS = (
    passages.c.id,
    passages.c.document_id,
    documents.c.name.label("document_name"),
    documents.c.title.label("document_title"),
    documents.c.source_id,
    passages.c.collection_id,
    collections.c.name.label("collection"),
    passages.c.ordinal,
    passages.c.text,
    passages.c.start,
    passages.c.end,
    passages.c.headings,
    passages.c.page,
)
_HEADINGS = [column.name for column in PASSAGE_COLUMNS].index("headings")
FROM_PASSAGES = passages.join(documents, passages.c.document_id == documents.c.id).join(
    collections, documents.c.collection_id == collections.c.id
)


def passage_of(row: Sequence[Any]) -> Passage:
    """Read a row that begins with PASSAGE_COLUMNS: by position, since a question reads a hundred
    and a look-up by name takes five times as long.
    """
    fields = list(row[: len(PASSAGE_COLUMNS)])
    fields[_HEADINGS] = tuple(fields[_HEADINGS])
    return Passage(*fields)
