"""Answers with their traces, kept so that they can be looked into and replayed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from services.domain.answers import AnswerRecord
from services.domain.errors import AnswerNotFoundError
from services.domain.scope import Role, Scope
from services.registry.database import Database, one
from services.registry.rows import now
from services.registry.tables import answer_documents, answers, documents

# A statement takes so many parameters.
_BATCH = 500


class Answers:
    """The stored answers, each readable by the principal that asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, record: AnswerRecord, document_ids: Iterable[str]) -> None:
        """Keep an answer; *document_ids* are those whose removal takes it along.

        If one of them has gone since it was read, the answer is not kept: a deleted text must not
        come back by way of a trace.
        """
        wanted = set(document_ids)
        with self._database.write() as connection:
            alive = connection.execute(
                sa.select(sa.func.count()).where(documents.c.id.in_(wanted))
            ).scalar_one()
            if alive < len(wanted):
                return
            connection.execute(
                sa.insert(answers),
                {
                    "id": record.id,
                    "principal": record.principal,
                    "created_at": record.created_at or now(),
                    "question": dict(record.question),
                    "answer": dict(record.answer),
                    "trace": dict(record.trace),
                    "thread": record.thread,
                },
            )
            rows = [{"answer_id": record.id, "document_id": one_id} for one_id in wanted]
            if rows:
                connection.execute(sa.insert(answer_documents), rows)

    def get(self, scope: Scope, answer_id: str) -> AnswerRecord:
        """Return the answer to who asked for it, or to an owner."""
        with self._database.read() as connection:
            return _record_of(_own(connection, scope, answer_id))

    def listed(
        self, scope: Scope, most: int, *, thread: str | None = None, judged: bool = False
    ) -> Sequence[AnswerRecord]:
        """Return the last answers to who asks, newest first: of one conversation, or those that
        were *judged* (of everybody, for an owner).
        """
        query = sa.select(answers).where(~_beyond(scope).exists())
        if not (judged and scope.may_everywhere(Role.ADMIN)):
            query = query.where(answers.c.principal == scope.principal)
        if thread is not None:
            query = query.where(answers.c.thread == thread)
        if judged:
            query = query.where(answers.c.feedback.is_not(sa.null()))
        query = query.order_by(answers.c.created_at.desc(), answers.c.id).limit(most)
        with self._database.read() as connection:
            return [_record_of(row) for row in connection.execute(query)]

    def of_thread(self, scope: Scope, thread: str, most: int) -> Sequence[AnswerRecord]:
        """Return the last answers of a conversation, oldest first, whoever asked in it: for rooms
        in which everybody has read them. Those that *scope* may not read now are left out.
        """
        query = (
            sa.select(answers)
            .where(answers.c.thread == thread, ~_beyond(scope).exists())
            .order_by(answers.c.created_at.desc(), answers.c.id)
            .limit(most)
        )
        with self._database.read() as connection:
            return [_record_of(row) for row in connection.execute(query)][::-1]

    def judge(self, scope: Scope, answer_id: str, feedback: Mapping[str, object]) -> None:
        """Keep a thumb and a note with the answer."""
        with self._database.write() as connection:
            _own(connection, scope, answer_id)
            connection.execute(
                sa.update(answers).where(answers.c.id == answer_id).values(feedback=dict(feedback))
            )

    def remove(self, scope: Scope, answer_id: str) -> None:
        """Delete an answer and its question, of who asks, or any for an owner, for good.

        AnswerNotFoundError where there is none.
        """
        known = answers.c.id == answer_id
        if not scope.may_everywhere(Role.ADMIN):
            known &= answers.c.principal == scope.principal
        with self._database.write() as connection:
            if not _erase(connection, known):
                raise AnswerNotFoundError(answer_id)

    def remove_thread(self, scope: Scope, thread: str) -> int:
        """Delete what was asked and answered in a conversation of who asks; return how many answers
        those were.
        """
        known = (answers.c.thread == thread) & (answers.c.principal == scope.principal)
        with self._database.write() as connection:
            return _erase(connection, known)

    def remove_older(self, days: int, most: int) -> int:
        """Delete the oldest answers, judged ones too, of those that are older than so many *days*,
        at most so many; return how many there were.
        """
        with self._database.write() as connection:
            moment = now(ago=timedelta(days=days))
            query = sa.select(answers.c.id).where(answers.c.created_at < moment)
            oldest = connection.scalars(query.order_by(answers.c.created_at).limit(most)).all()
            return _erase(connection, answers.c.id.in_(oldest))


def _erase(connection: sa.Connection, known: sa.ColumnElement[bool]) -> int:
    ids = connection.scalars(sa.select(answers.c.id).where(known)).all()
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        connection.execute(
            sa.delete(answer_documents).where(answer_documents.c.answer_id.in_(some))
        )
        connection.execute(sa.delete(answers).where(answers.c.id.in_(some)))
    return len(ids)


def _own(connection: sa.Connection, scope: Scope, answer_id: str) -> sa.Row[Any]:
    query = sa.select(answers).where(answers.c.id == answer_id)
    if not scope.may_everywhere(Role.ADMIN):
        query = query.where(answers.c.principal == scope.principal)
    row = one(connection.execute(query).first(), AnswerNotFoundError(answer_id))
    beyond = sa.select(answers.c.id).where(answers.c.id == answer_id, _beyond(scope).exists())
    if connection.execute(beyond).first() is not None:
        raise AnswerNotFoundError(answer_id)
    return row


def _beyond(scope: Scope) -> sa.Select[tuple[str]]:
    """Select, of the answer that is looked at, what *scope* may not ask about now: one that shows
    any of it is gone, too.
    """
    return (
        sa.select(answer_documents.c.document_id)
        .join(documents, documents.c.id == answer_documents.c.document_id)
        .where(
            answer_documents.c.answer_id == answers.c.id,
            documents.c.segment_id.not_in(scope.segments),
        )
        .correlate(answers)
    )


def _record_of(row: sa.Row[Any]) -> AnswerRecord:
    return AnswerRecord(
        id=row.id,
        principal=row.principal,
        created_at=row.created_at,
        question=row.question,
        answer=row.answer,
        trace=row.trace,
        feedback=row.feedback,
        thread=row.thread,
    )
