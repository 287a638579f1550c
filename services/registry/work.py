"""The worker's side of the registry: claim a document, tell how far it is, finish or fail it."""

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import sqlalchemy as sa

from services.domain.documents import UNFINISHED, Document, Failure, Progress, Status
from services.domain.passages import embedded_text
from services.registry.change_log import log_changes
from services.registry.database import Database
from services.registry.documents import erase
from services.registry.prepared import PreparedDocument, store
from services.registry.rows import DOCUMENT_COLUMNS, FROM_DOCUMENTS, document_of
from services.registry.tables import documents, passages, vectors
from services.registry.vectors import StoredVector

_UNFINISHED = [status.value for status in UNFINISHED]
# After an attempt that failed: 15 s, 60 s, 135 s; where a store does not answer, always 15 s.
_TRIED_AGAIN_S = 15


class Work:
    """What is to be done, and what came of it. A lease says who does it until when."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, document_ids: Sequence[str], lease_s: int, most: int) -> list[Document]:
        """Take those of the documents that are unfinished and that nobody works on.

        A document that was claimed more than *most* times without an end is failed instead: it
        seems to bring its reader down.
        """
        free = (
            documents.c.id.in_(list(document_ids))
            & documents.c.status.in_(_UNFINISHED)
            & ((documents.c.status == Status.QUEUED.value) | (documents.c.lease_until < _epoch()))
        )
        with self._database.write() as connection:
            connection.execute(
                sa.update(documents)
                .where(free, documents.c.attempts >= most)
                .values(**_failed(_GAVE_UP), attempts=0)
            )
            return _take(connection, sa.select(documents.c.id).where(free), lease_s)

    def claim_small(self, limit: int, most_bytes: int, lease_s: int) -> list[Document]:
        """Take up to *limit* more documents of at most *most_bytes* that wait, oldest first.

        None that was tried before: it may bring its worker down, and those beside it with it.
        """
        waiting = (
            sa.select(documents.c.id)
            .where(
                documents.c.status == Status.QUEUED.value,
                documents.c.attempts == 0,
                documents.c.bytes <= most_bytes,
            )
            .order_by(documents.c.number)
            .limit(limit)
        )
        with self._database.write() as connection:
            return _take(connection, waiting, lease_s)

    def progress(self, document_ids: Sequence[str], progress: Progress, lease_s: int) -> None:
        """Say how far the documents are, and keep them for *lease_s* more seconds."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(documents)
                .where(documents.c.id.in_(list(document_ids)), documents.c.status.in_(_UNFINISHED))
                .values(
                    status=progress.stage,
                    stage=progress.stage,
                    done=progress.done,
                    total=progress.total,
                    lease_until=int(time.time()) + lease_s,
                )
            )

    def renew(self, document_ids: Sequence[str], lease_s: int) -> None:
        """Keep the documents for *lease_s* more seconds."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(documents)
                .where(documents.c.id.in_(list(document_ids)), documents.c.status.in_(_UNFINISHED))
                .values(lease_until=int(time.time()) + lease_s)
            )

    def shorten(self, document_ids: Sequence[str], *, is_attempt: bool) -> None:
        """Let the unfinished ones of these documents be tried again soon: the more attempts they
        have had, the later. What *is_attempt* does not count is tried for as long as it takes.
        """
        wait = _TRIED_AGAIN_S * documents.c.attempts * documents.c.attempts
        with self._database.write() as connection:
            connection.execute(
                sa.update(documents)
                .where(documents.c.id.in_(list(document_ids)), documents.c.status.in_(_UNFINISHED))
                .values(
                    lease_until=int(time.time()) + wait,
                    attempts=documents.c.attempts - int(not is_attempt),
                )
            )

    def kept_vectors(
        self, document_ids: Sequence[str], embedder: str, wanted: AbstractSet[str]
    ) -> dict[str, StoredVector]:
        """Return what *embedder* made of those *wanted* texts (as `embedded_text` gives them) that
        stand in earlier versions of these documents.
        """
        own, other = documents.alias("own"), documents.alias("other")
        earlier = (
            sa.select(other.c.id)
            .join_from(
                own,
                other,
                (own.c.collection_id == other.c.collection_id)
                & (own.c.source_id == other.c.source_id)
                & (own.c.id != other.c.id),
            )
            .where(own.c.id.in_(list(document_ids)), other.c.status == Status.READY.value)
        )
        with self._database.read() as connection:
            ids = connection.execute(earlier).scalars().all()
            if not ids:
                return {}
            rows = connection.execute(
                sa.select(
                    documents.c.title,
                    passages.c.headings,
                    passages.c.text,
                    vectors.c.vector,
                    vectors.c.tokens,
                    vectors.c.width,
                )
                .join(documents, documents.c.id == passages.c.document_id)
                .join(vectors, vectors.c.passage_id == passages.c.id)
                .where(passages.c.document_id.in_(ids), vectors.c.embedder == embedder)
            )
            return {
                text: StoredVector(row.vector, row.tokens, row.width)
                for row in rows
                if (text := embedded_text(row.title, tuple(row.headings), row.text)) in wanted
            }

    def finish(self, prepared: Sequence[PreparedDocument], embedder: str) -> None:
        """Make the documents visible, all in one transaction: text, passages, vectors, the change,
        `ready`. Earlier versions of the same source leave in that transaction.
        """
        with self._database.write() as connection:
            stored = _alive(connection, prepared)
            store(connection, stored, embedder)
            added = [one.document for one in stored]
            _replace_earlier(connection, added)
            log_changes(connection, "add", [(d.id, d.segment_id) for d in added])

    def fail(self, document_id: str, failure: Failure, grade: dict[str, object]) -> None:
        """Let the document rest as `failed`, with its reason."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(documents)
                .where(documents.c.id == document_id, documents.c.status.in_(_UNFINISHED))
                .values(**_failed(failure), grade=grade)
            )

    def forgotten(self, limit: int, lease_s: int) -> Sequence[str]:
        """Return unfinished documents whose lease or message has run out, oldest first, and give
        them *lease_s* seconds for a new message to be taken.
        """
        with self._database.write() as connection:
            ids = (
                connection.execute(
                    sa.select(documents.c.id)
                    .where(documents.c.status.in_(_UNFINISHED), documents.c.lease_until < _epoch())
                    .order_by(documents.c.number)
                    .limit(limit)
                    # On Postgres a worker may be finishing one of them at this moment.
                    .with_for_update(skip_locked=True)
                )
                .scalars()
                .all()
            )
            connection.execute(
                sa.update(documents)
                .where(documents.c.id.in_(ids))
                .values(
                    lease_until=int(time.time()) + lease_s,
                    status=Status.QUEUED.value,
                    stage=Status.QUEUED.value,
                )
            )
        return ids

    def free_all(self) -> None:
        """End every lease: for a start that knows that no other worker is alive."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(documents)
                .where(documents.c.status.in_(_UNFINISHED))
                .values(
                    lease_until=0,
                    status=Status.QUEUED.value,
                    stage=Status.QUEUED.value,
                    # What a stop or a power cut ended was no fault of the document.
                    attempts=0,
                )
            )

    def unfinished(self) -> int:
        """Return how many documents are not at rest."""
        query = sa.select(sa.func.count()).where(documents.c.status.in_(_UNFINISHED))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _take(connection: sa.Connection, wanted: sa.Select[tuple[str]], lease_s: int) -> list[Document]:
    """Mark the *wanted* documents as being read, and return them by their numbers."""
    # On Postgres two workers may look at once; SQLite has one writer anyway.
    ids = connection.execute(wanted.with_for_update(skip_locked=True)).scalars().all()
    connection.execute(
        sa.update(documents)
        .where(documents.c.id.in_(ids))
        .values(
            status=Status.READING.value,
            stage=Status.READING.value,
            attempts=documents.c.attempts + 1,
            lease_until=int(time.time()) + lease_s,
        )
    )
    rows = connection.execute(
        sa.select(*DOCUMENT_COLUMNS)
        .select_from(FROM_DOCUMENTS)
        .where(documents.c.id.in_(ids))
        .order_by(documents.c.number)
    )
    return [document_of(row) for row in rows]


_GAVE_UP = Failure(
    "reader_died",
    "Reading this file ended the worker several times; it is left aside. "
    "Remove it, or save it in another format and add it again.",
)


def _epoch() -> int:
    return int(time.time())


def _failed(failure: Failure) -> dict[str, object]:
    return {
        "status": Status.FAILED.value,
        "stage": Status.FAILED.value,
        "error_code": failure.code,
        "error_message": failure.message,
    }


def _alive(
    connection: sa.Connection, prepared: Sequence[PreparedDocument]
) -> list[PreparedDocument]:
    """Return those of the documents that still exist and are not finished, each in its present
    segment: a late worker must not bring back what was deleted, store twice what another has
    stored, nor show what was meanwhile restricted.
    """
    query = (
        sa.select(documents.c.id, documents.c.segment_id)
        .where(
            documents.c.id.in_([one.document.id for one in prepared]),
            documents.c.status.in_(_UNFINISHED),
        )
        .order_by(documents.c.id)
        .with_for_update()
    )
    segments = {row.id: row.segment_id for row in connection.execute(query)}
    return [
        replace(one, document=replace(one.document, segment_id=segments[one.document.id]))
        for one in prepared
        if one.document.id in segments
    ]


def _replace_earlier(connection: sa.Connection, added: Sequence[Document]) -> None:
    """Remove what the *added* replace; those that a later version, ready already, replaces leave
    themselves.
    """
    own, other = documents.alias("own"), documents.alias("other")
    is_same_place = (
        (own.c.collection_id == other.c.collection_id)
        & (own.c.source_id == other.c.source_id)
        & (own.c.id != other.c.id)
    )
    pairs = connection.execute(
        sa.select(
            own.c.id,
            own.c.segment_id,
            own.c.replaces,
            other.c.id,
            other.c.segment_id,
            other.c.replaces,
            other.c.status,
        )
        .join_from(own, other, is_same_place)
        .where(own.c.id.in_([document.id for document in added]))
    ).all()
    leaving: dict[str, str] = {}
    for own_id, own_segment, replaced, other_id, other_segment, by_other, status in pairs:
        if other_id in replaced:
            leaving[other_id] = other_segment
        elif own_id in by_other and status == Status.READY.value:
            leaving[own_id] = own_segment
    if leaving:
        erase(connection, list(leaving))
        log_changes(connection, "remove", leaving.items())
