"""Documents as those who ask see them: accept, list, look at, remove."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from services.domain.documents import Document, DocumentFilter, NewDocument, Receipt, Span, Status
from services.domain.errors import DocumentNotFoundError, ForbiddenError
from services.domain.scope import CollectionRole, Role, Scope, segment_of
from services.registry.arrivals import Uploader, make_compartment, one_by_one, stored
from services.registry.blobs import is_used, lock_blobs
from services.registry.change_log import log_changes
from services.registry.database import Database, one
from services.registry.queueing import locked, read_again, unread_versions
from services.registry.rows import DOCUMENT_COLUMNS, FROM_DOCUMENTS, document_of
from services.registry.tables import (
    answer_documents,
    answers,
    documents,
    passages,
    texts,
    vectors,
)

_BATCH = 500
# Collections that are looked into one by one in a statement: SQLite puts no more than 500 SELECTs
# into one (SQLITE_MAX_COMPOUND_SELECT), and of 200 planning takes a while.
_MERGED = 100


class Documents:
    """The documents of the registry, under a Scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(
        self,
        target: CollectionRole,
        arrived: Sequence[NewDocument],
        lease_until: int,
        uploader: str = "",
    ) -> list[tuple[Document, bool]]:
        """Store *arrived* as `queued` in one transaction (`arrivals.py`); return each with whether
        it is work. *lease_until* is when the sweeper may begin to miss its message (epoch seconds).
        """
        with self._database.write() as connection:
            taken = stored(connection, Uploader(target, uploader), arrived, lease_until)
            rows = _by_id(connection, {document_id for document_id, _ in taken})
        return [(document_of(rows[document_id]), is_work) for document_id, is_work in taken]

    def get(self, scope: Scope, document_id: str) -> Document:
        """Return the document if *scope* may read it."""
        with self._database.read() as connection:
            return document_of(_readable(connection, scope, document_id))

    def text(self, scope: Scope, document_id: str) -> str:
        """Return the canonical text; empty while the document has not been read."""
        with self._database.read() as connection:
            _readable(connection, scope, document_id)
            found = connection.execute(
                sa.select(texts.c.text).where(texts.c.document_id == document_id)
            ).scalar()
        return found or ""

    def pages(self, scope: Scope, document_id: str) -> Sequence[Span]:
        """Return the spans of the pages in the canonical text; empty for formats without pages."""
        with self._database.read() as connection:
            _readable(connection, scope, document_id)
            found = connection.execute(
                sa.select(texts.c.pages).where(texts.c.document_id == document_id)
            ).scalar()
        return [Span(*pair) for pair in found or []]

    def listed(
        self, scope: Scope, wanted: DocumentFilter, cursor: int = 0, limit: int = 50
    ) -> tuple[Sequence[Document], int | None]:
        """Return up to *limit* documents after *cursor* (0: from the beginning) in the order of
        arrival or, where that is wanted, the newest first; and the cursor of the next page, None at
        the end.
        """
        number = documents.c.number
        if wanted.newest_first:
            order, beyond = number.desc(), number < (cursor or sys.maxsize)
        else:
            order, beyond = number.asc(), number > cursor
        # Each collection's next ones first: over all at once every document would be sorted.
        next_ones = [
            sa.select(number).where(*own, beyond).order_by(order).limit(limit + 1).subquery()
            for own in _by_collection(scope, wanted)
        ]
        numbers = sa.union_all(*(sa.select(one.c.number) for one in next_ones))
        query = (
            sa.select(*DOCUMENT_COLUMNS)
            .select_from(FROM_DOCUMENTS)
            .where(number.in_(numbers))
            .order_by(order)
            .limit(limit + 1)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        more = rows[limit - 1].number if len(rows) > limit else None
        return [document_of(row) for row in rows[:limit]], more

    def counts(self, scope: Scope, wanted: DocumentFilter) -> Mapping[str, int]:
        """Return how many documents stand in each status."""
        query = (
            sa.select(documents.c.status, sa.func.count())
            .where(*_conditions(wanted, _collections(scope, wanted), scope.segments))
            .group_by(documents.c.status)
        )
        with self._database.read() as connection:
            counted = {status: int(count) for status, count in connection.execute(query)}
        return {status.value: counted.get(status.value, 0) for status in Status}

    def read_again(self, scope: Scope, document_id: str, lease_until: int) -> tuple[Document, bool]:
        """Queue the latest version of the document from the bytes that are kept; return what is
        queued with whether it is work. Until that is ready, the one that is there answers.
        """
        with self._database.write() as connection:
            row = _readable(connection, scope, document_id, Role.WRITE)
            one_by_one(connection, row.collection_id)
            queued, is_work = read_again(connection, document_id, lease_until)
            told = connection.execute(
                sa.select(*DOCUMENT_COLUMNS)
                .select_from(FROM_DOCUMENTS)
                .where(documents.c.id == queued)
            ).one()
        return document_of(told), is_work

    def remove(self, scope: Scope, document_id: str) -> tuple[Document, Receipt]:
        """Remove the document and everything stored of it in one transaction; also what waits to be
        read of the same bytes in its place, or failed.
        """
        with self._database.write() as connection:
            row = _readable(connection, scope, document_id, Role.WRITE)
            locked(connection, document_id)
            unread = unread_versions(connection, document_id, same_bytes=True)
            removed = erase(connection, [document_id, *unread])
            log_changes(connection, "remove", [(document_id, row.segment_id)])
        return document_of(row), Receipt(document_id, removed)

    def set_readers(
        self, scope: Scope, document_id: str, readers: Sequence[str] | None
    ) -> tuple[Document, str]:
        """Let *readers* alone read the document, or all who may read its collection (None); return
        it with the segment that it left. Its passages move in the same transaction, and so does
        what waits to be read in its place.
        """
        with self._database.write() as connection:
            row = _readable(connection, scope, document_id, Role.WRITE)
            locked(connection, document_id)
            unread = unread_versions(connection, document_id, same_bytes=False)
            left, to = row.segment_id, segment_of(row.collection_id, readers)
            target = CollectionRole(row.collection_id, row.collection, Role.WRITE)
            make_compartment(connection, target, readers)
            told = None if readers is None else list(readers)
            here = documents.c.id == document_id
            moving = documents.c.id.in_([document_id, *unread])
            change = {"segment_id": to, "readers": told}
            connection.execute(sa.update(documents).where(moving).values(change))
            if to != left:
                theirs = passages.c.document_id == document_id
                connection.execute(sa.update(passages).where(theirs).values(collection_id=to))
                log_changes(connection, "remove", [(document_id, left)])
                log_changes(connection, "add", [(document_id, to)])
            row = connection.execute(
                sa.select(*DOCUMENT_COLUMNS).select_from(FROM_DOCUMENTS).where(here)
            ).one()
        return document_of(row), left

    def blob_is_used(self, sha256: str) -> bool:
        """Say whether any document still needs this file of the spool."""
        with self._database.read() as connection:
            return is_used(connection, sha256)

    @contextmanager
    def unused_blob(self, sha256: str) -> Iterator[bool]:
        """Say whether no document needs this file of the spool; within the block none comes to need
        it: who sends the same bytes waits, then looks whether they are still there.
        """
        with self._database.write() as connection:
            lock_blobs(connection, [sha256])
            yield not is_used(connection, sha256)


def erase(connection: sa.Connection, document_ids: Sequence[str]) -> dict[str, int]:
    """Delete every row of the documents, answers that quote them included; count what went."""
    ids = list(document_ids)
    theirs = sa.select(passages.c.id).where(passages.c.document_id.in_(ids))
    quoting = _erase_quoting(connection, ids)
    steps = (
        ("vectors", sa.delete(vectors).where(vectors.c.passage_id.in_(theirs))),
        ("passages", sa.delete(passages).where(passages.c.document_id.in_(ids))),
        ("texts", sa.delete(texts).where(texts.c.document_id.in_(ids))),
        ("documents", sa.delete(documents).where(documents.c.id.in_(ids))),
    )
    counted = {name: connection.execute(step).rowcount for name, step in steps}
    return {**counted, "answers": quoting}


def _erase_quoting(connection: sa.Connection, ids: Sequence[str]) -> int:
    """Delete the answers that quote the documents, a batch at a time: a statement takes so many
    parameters, and a document may be quoted in any number of answers. Return how many there were.
    """
    query = (
        sa.select(answer_documents.c.answer_id)
        .where(answer_documents.c.document_id.in_(ids))
        .distinct()
        .limit(_BATCH)
    )
    count = 0
    while quoting := list(connection.execute(query).scalars()):
        links = answer_documents.c.answer_id.in_(quoting)
        connection.execute(sa.delete(answer_documents).where(links))
        connection.execute(sa.delete(answers).where(answers.c.id.in_(quoting)))
        count += len(quoting)
    return count


def _readable(
    connection: sa.Connection, scope: Scope, document_id: str, role: Role = Role.READ
) -> sa.Row[Any]:
    row = connection.execute(
        sa.select(*DOCUMENT_COLUMNS)
        .select_from(FROM_DOCUMENTS)
        .where(
            documents.c.id == document_id,
            documents.c.collection_id.in_(scope.holding(Role.READ)),
            documents.c.segment_id.in_(scope.segments),
        )
    ).first()
    found = one(row, DocumentNotFoundError(document_id))
    if found.collection_id not in scope.holding(role):
        message = f"You may read document {document_id!r}, but not change it."
        raise ForbiddenError(message)
    return found


def _collections(scope: Scope, wanted: DocumentFilter) -> Sequence[str]:
    """Return the collections that are looked into, by id."""
    readable = scope.holding(Role.READ)
    if wanted.collection is not None:
        readable &= {scope.collection(wanted.collection, Role.READ).collection_id}
    return sorted(readable)


def _by_collection(
    scope: Scope, wanted: DocumentFilter
) -> Sequence[Sequence[sa.ColumnElement[bool]]]:
    """Return the conditions of each collection by itself; of too many for one statement, of all."""
    readable = _collections(scope, wanted)
    if not 0 < len(readable) <= _MERGED:
        return [_conditions(wanted, readable, scope.segments)]
    own = {held.collection_id: (held.collection_id, *held.compartments) for held in scope.roles}
    return [_conditions(wanted, [each], own[each]) for each in readable]


def _conditions(
    wanted: DocumentFilter, collection_ids: Sequence[str], segments: Collection[str]
) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        documents.c.collection_id.in_(collection_ids),
        documents.c.segment_id.in_(segments),
    ]
    for column in ("status", "source_id", "batch", "sha256"):
        value = getattr(wanted, column)
        if value is not None:
            conditions.append(documents.c[column] == value)
    return conditions


def _by_id(connection: sa.Connection, ids: Iterable[str]) -> dict[str, sa.Row[Any]]:
    wanted = sorted(ids)
    found: dict[str, sa.Row[Any]] = {}
    for i in range(0, len(wanted), _BATCH):
        rows = connection.execute(
            sa.select(*DOCUMENT_COLUMNS)
            .select_from(FROM_DOCUMENTS)
            .where(documents.c.id.in_(wanted[i : i + _BATCH]))
        )
        found |= {row.id: row for row in rows}
    return found
