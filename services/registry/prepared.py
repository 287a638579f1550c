"""Storing what a worker has made of documents, statement by statement for all of them together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from services.domain.documents import Document, Reading, Status
from services.domain.passages import PreparedPassage
from services.language import ANALYZER
from services.registry.rows import now
from services.registry.tables import documents, passages, texts, vectors


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document read, cut, analysed and embedded: ready to become visible."""

    document: Document
    reading: Reading
    passages: tuple[PreparedPassage, ...]


def store(connection: sa.Connection, prepared: Sequence[PreparedDocument], embedder: str) -> None:
    """Store texts, passages and *embedder*'s vectors, and let the documents be `ready`."""
    if not prepared:
        return
    connection.execute(sa.insert(texts), [_text(one) for one in prepared])
    rows = [row for one in prepared for row in _passages(one)]
    if rows:
        connection.execute(sa.insert(passages), rows)
        connection.execute(sa.insert(vectors), _vectors(connection, prepared, embedder))
    connection.execute(_READY, [_ready(one) for one in prepared])


def _text(prepared: PreparedDocument) -> dict[str, object]:
    reading = prepared.reading
    pages = [[page.start, page.end] for page in reading.pages]
    return {"document_id": prepared.document.id, "text": reading.text, "pages": pages}


def _passages(prepared: PreparedDocument) -> Iterator[dict[str, object]]:
    for ordinal, passage in enumerate(prepared.passages):
        yield {
            "document_id": prepared.document.id,
            "collection_id": prepared.document.segment_id,
            "ordinal": ordinal,
            "text": passage.chunk.text,
            "start": passage.chunk.start,
            "end": passage.chunk.end,
            "page": passage.chunk.page,
            "headings": list(passage.chunk.headings),
            "title_terms": passage.title_terms,
            "body_terms": passage.body_terms,
            "analyzer": ANALYZER,
        }


def _vectors(
    connection: sa.Connection, prepared: Sequence[PreparedDocument], embedder: str
) -> list[dict[str, object]]:
    ids = connection.execute(
        sa.select(passages.c.document_id, passages.c.ordinal, passages.c.id).where(
            passages.c.document_id.in_([one.document.id for one in prepared])
        )
    )
    number_of = {(document, ordinal): number for document, ordinal, number in ids}
    return [
        {
            "passage_id": number_of[one.document.id, ordinal],
            "embedder": embedder,
            "vector": passage.vector,
            "tokens": passage.tokens,
            "width": passage.width,
        }
        for one in prepared
        for ordinal, passage in enumerate(one.passages)
    ]


_TOLD = ("title", "done", "total", "pages", "characters", "passages", "grade", "ready_at")
_READY = (
    sa.update(documents)
    .where(documents.c.id == sa.bindparam("its_id"))
    .values(
        status=Status.READY.value,
        stage=Status.READY.value,
        **{name: sa.bindparam(f"its_{name}") for name in _TOLD},
    )
)


def _ready(prepared: PreparedDocument) -> dict[str, object]:
    reading, count = prepared.reading, len(prepared.passages)
    return {
        "its_id": prepared.document.id,
        "its_title": reading.title,
        "its_done": count,
        "its_total": count,
        "its_pages": len(reading.pages),
        "its_characters": len(reading.text),
        "its_passages": count,
        "its_grade": dict(reading.grade),
        "its_ready_at": now(),
    }
