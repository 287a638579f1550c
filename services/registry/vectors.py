"""Vectors beside vectors: what another embedder makes of the passages that are there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from services.registry.change_log import log_changes
from services.registry.database import Database
from services.registry.tables import documents, passages, vectors

# The `width` of a vector that was made of a text's words in another language: it has no token
# vectors, and is compared with questions in that language alone.
GLOSSED = -1


@dataclass(frozen=True, slots=True)
class BarePassage:
    """A passage that has no vector of some embedder yet."""

    id: int
    title: str
    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class StoredVector:
    """A passage's vector (little-endian float32, empty where the embedder does not read the text)
    and token vectors (four bits a number, rows of *width*: `engine.token_vectors`); GLOSSED says of
    what it was made.
    """

    vector: bytes
    tokens: bytes
    width: int


class Vectors:
    """The vectors of the registry, by embedder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self) -> dict[str, int]:
        """Return how many passages have a vector, by embedder."""
        query = sa.select(vectors.c.embedder, sa.func.count()).group_by(vectors.c.embedder)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def missing(self, embedder: str) -> int:
        """Return how many passages have no vector of *embedder*: they are found by words alone."""
        query = sa.select(sa.func.count()).select_from(passages).where(_lacks(embedder))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def without(self, embedder: str, after: int, limit: int) -> list[BarePassage]:
        """Return the first *limit* passages with ids above *after* that lack a vector of
        *embedder*, by rising id.
        """
        query = (
            sa.select(passages.c.id, documents.c.title, passages.c.headings, passages.c.text)
            .join(documents, documents.c.id == passages.c.document_id)
            .where(passages.c.id > after, _lacks(embedder))
            .order_by(passages.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                BarePassage(row.id, row.title, tuple(row.headings), row.text)
                for row in connection.execute(query)
            ]

    def store(self, made: Mapping[int, StoredVector], embedder: str) -> int:
        """Store vectors, by passage id, of those passages that are still there and still lack one,
        and log it for the indexes of *embedder*; return how many those were.
        """
        with self._database.write() as connection:
            rows = connection.execute(
                sa.select(passages.c.id, passages.c.document_id, passages.c.collection_id)
                .where(passages.c.id.in_(list(made)), _lacks(embedder))
                # Two who embed at once do not store the same twice, nor beside a deletion.
                .with_for_update()
            ).all()
            if rows:
                connection.execute(
                    sa.insert(vectors),
                    [
                        {"passage_id": row.id, "embedder": embedder, **asdict(made[row.id])}
                        for row in rows
                    ],
                )
                touched = sorted({(row.document_id, row.collection_id) for row in rows})
                log_changes(connection, "embed", touched, embedder)
        return len(rows)

    def forget(self, embedder: str) -> int:
        """Delete every vector of *embedder*; return how many there were."""
        with self._database.write() as connection:
            return connection.execute(
                sa.delete(vectors).where(vectors.c.embedder == embedder)
            ).rowcount


def _lacks(embedder: str) -> sa.ColumnElement[bool]:
    held = sa.select(vectors.c.passage_id).where(
        vectors.c.passage_id == passages.c.id, vectors.c.embedder == embedder
    )
    return ~held.exists()
