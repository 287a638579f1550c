"""Passages: for those who ask (under a Scope) and for the indexes derived from them."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from services.domain.passages import AnalysedPassage, IndexedPassage, Passage
from services.domain.scope import Scope
from services.language import ANALYZER
from services.language.analysis import analysed
from services.registry.database import Database
from services.registry.rows import FROM_PASSAGES, PASSAGE_COLUMNS, passage_of
from services.registry.tables import passages, texts, vectors
from services.registry.vectors import GLOSSED

_BATCH = 500
_INDEXED = (
    passages.c.id,
    passages.c.document_id,
    passages.c.collection_id,
    sa.func.coalesce(vectors.c.vector, b"").label("vector"),
    passages.c.title_terms,
    passages.c.body_terms,
    (sa.func.coalesce(vectors.c.width, 0) == GLOSSED).label("is_glossed"),
)


_ANALYSED = (passages.c.title_terms, passages.c.body_terms, vectors.c.tokens, vectors.c.width)


class Passages:
    """The passages of the registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_ids(self, scope: Scope, ids: Sequence[int]) -> dict[int, Passage]:
        """Return those of the passages that *scope* may ask about, by id."""
        query = (
            sa.select(*PASSAGE_COLUMNS)
            .select_from(FROM_PASSAGES)
            .where(
                passages.c.id.in_(list(ids)),
                passages.c.collection_id.in_(scope.segments),
            )
        )
        with self._database.read() as connection:
            return {row.id: passage_of(row) for row in connection.execute(query)}

    def analysed(
        self, scope: Scope, ids: Sequence[int], embedder: str
    ) -> tuple[dict[int, AnalysedPassage], dict[int, tuple[bytes, int]]]:
        """Return those of the passages that *scope* may ask about with their terms, and the token
        vectors (packed, and their width) by *embedder* of those that have any.
        """
        query = (
            sa.select(*PASSAGE_COLUMNS, *_ANALYSED)
            .select_from(FROM_PASSAGES.outerjoin(vectors, _own_vector(embedder)))
            .where(
                passages.c.id.in_(list(ids)),
                passages.c.collection_id.in_(scope.segments),
            )
        )
        found: dict[int, AnalysedPassage] = {}
        tokens: dict[int, tuple[bytes, int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                *_, title, body, packed, width = row
                found[row[0]] = AnalysedPassage(passage_of(row), title, body)
                if packed:
                    tokens[row[0]] = (packed, width)
        return found, tokens

    def before(self, scope: Scope, ids: Sequence[int], most: int) -> dict[int, str]:
        """Return up to *most* characters of the text before each of the passages within *scope*."""
        start = passages.c.start
        first = sa.case((start > most, start - most), else_=0)
        query = (
            sa.select(passages.c.id, sa.func.substr(texts.c.text, first + 1, start - first))
            .join(texts, texts.c.document_id == passages.c.document_id)
            .where(
                passages.c.id.in_(list(ids)),
                passages.c.collection_id.in_(scope.segments),
            )
        )
        with self._database.read() as connection:
            return {row.id: row[1] for row in connection.execute(query)}

    def of_document(self, scope: Scope, document_id: str) -> Sequence[Passage]:
        """Return the passages of a document in their order."""
        query = (
            sa.select(*PASSAGE_COLUMNS)
            .select_from(FROM_PASSAGES)
            .where(
                passages.c.document_id == document_id,
                passages.c.collection_id.in_(scope.segments),
            )
            .order_by(passages.c.ordinal)
        )
        with self._database.read() as connection:
            return [passage_of(row) for row in connection.execute(query)]

    def indexed(self, document_ids: Sequence[str], embedder: str) -> list[IndexedPassage]:
        """Return what the indexes need of the passages of some documents."""
        found: list[IndexedPassage] = []
        ids = list(document_ids)
        with self._database.read() as connection:
            for i in range(0, len(ids), _BATCH):
                rows = connection.execute(
                    sa.select(*_INDEXED)
                    .outerjoin(vectors, _own_vector(embedder))
                    .where(passages.c.document_id.in_(ids[i : i + _BATCH]))
                )
                found += [IndexedPassage(*row) for row in rows]
        return found

    def all_indexed(
        self, embedder: str, collection_id: str | None = None
    ) -> Iterator[list[IndexedPassage]]:
        """Yield every passage, or every one of a collection, in batches, by rising id: for
        building an index anew.
        """
        last = 0
        within = sa.true() if collection_id is None else passages.c.collection_id == collection_id
        while True:
            query = (
                sa.select(*_INDEXED)
                .outerjoin(vectors, _own_vector(embedder))
                .where(passages.c.id > last, within)
                .order_by(passages.c.id)
                .limit(_BATCH * 8)
            )
            with self._database.read() as connection:
                batch = [IndexedPassage(*row) for row in connection.execute(query)]
            if not batch:
                return
            yield batch
            last = batch[-1].passage_id

    def analyse_again(self) -> int:
        """Cut the words of passages that other rules cut; return how many there were.

        Whoever calls it holds the data alone. Indexes of other rules are built again by
        themselves.
        """
        done = 0
        query = (
            sa.select(*PASSAGE_COLUMNS)
            .select_from(FROM_PASSAGES)
            # Not "!=": neither database looks for that in an index.
            .where((passages.c.analyzer < ANALYZER) | (passages.c.analyzer > ANALYZER))
            .limit(_BATCH)
        )
        while True:
            with self._database.write() as connection:
                stale = [passage_of(row) for row in connection.execute(query)]
                for passage in stale:
                    title, body = analysed(passage.document_title, passage.headings, passage.text)
                    connection.execute(
                        sa.update(passages)
                        .where(passages.c.id == passage.id)
                        .values(title_terms=title, body_terms=body, analyzer=ANALYZER)
                    )
            if not stale:
                return done
            done += len(stale)

    def count(self) -> int:
        """Return how many passages there are."""
        with self._database.read() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(passages)).scalar_one()
            )


def _own_vector(embedder: str) -> sa.ColumnElement[bool]:
    """Join a passage with its vector, if *embedder* made it: models are never mixed."""
    return (vectors.c.passage_id == passages.c.id) & (vectors.c.embedder == embedder)
