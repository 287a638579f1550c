"""The schema: of a database that several services find without one, and from release to release."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from services.engine.token_vectors import packed, unpacked
from services.registry.database import (
    MIGRATIONS,
    Database,
    migrate,
    newest_version,
    open_sqlite,
    open_url,
)
from services.registry.tables import collections, documents, vectors
from tests.contract.databases import empty_database

FILLED = (
    "INSERT INTO collections VALUES ('c', 'c', '', '{}', 'now')",
    (
        "INSERT INTO documents (id, collection_id, source_id, name, media_type, sha256, title, "
        "status, stage, done, total, pages, characters, passages, grade, metadata, attempts, "
        "lease_until, created_at, segment_id, blob_sha256, blob_offset, bytes) "
        "VALUES ('d', 'c', 's', 'n', 'text/plain', 'x', 't', 'ready', 'ready', 1, 1, 0, 5, 1, "
        "'{}', '{}', 0, 0, 'now', 'c', 'x', 0, 5)"
    ),
    "INSERT INTO passages VALUES (7, 'd', 'c', 0, 'hello', 0, 5, NULL, '[]', '', 'hello', 1)",
    "INSERT INTO vectors VALUES (7, 'first', 'v', '', 0)",
)


def test_services_that_start_at_once_do_not_get_in_each_others_way(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE at_once")
    databases = [open_url(postgres_url.replace("/postgres", "/at_once")) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate, databases))

    with databases[0].engine.connect() as connection:
        tables = connection.exec_driver_sql(
            "SELECT count(*) FROM information_schema.tables WHERE table_name = 'documents'"
        )
        assert tables.scalar() == 1
    for one in databases:
        one.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_vectors_stay_when_passages_may_have_several(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = empty_database(kind, tmp_path, request)
    back(database, "0004")
    with database.write() as connection:
        for line in FILLED:
            connection.exec_driver_sql(line)
        assert key(connection) == ["passage_id"]

    migrate(database)

    with database.write() as connection:
        assert key(connection) == ["passage_id", "embedder"]
        connection.exec_driver_sql("INSERT INTO vectors VALUES (7, 'second', 'w', '', 0)")
    back(database, "0004")
    with database.read() as connection:
        held = connection.exec_driver_sql("SELECT embedder, width FROM vectors").all()
    assert [tuple(row) for row in held] == [("first", 0)]
    database.close()


def test_indexes_of_listings_come_and_go(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "registry.sqlite")
    migrate(database)
    today = indexes(database)

    back(database, "0006")
    before = indexes(database)
    migrate(database)

    assert "ix_documents_collection_id_status" in before
    assert indexes(database) == today == {one.name for one in documents.indexes}
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_waits_at_an_upgrade_knows_what_it_replaces(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = empty_database(kind, tmp_path, request)
    back(database, "0006")
    later = FILLED[1].replace("'d'", "'later'").replace("'ready', 'ready'", "'queued', 'queued'")
    loose = FILLED[0].replace("'{}'", '\'{"trust": "low", "bogus": 1}\'')
    with database.write() as connection:
        for line in (loose, FILLED[1], later):
            connection.exec_driver_sql(line)

    migrate(database)

    with database.read() as connection:
        rows = connection.execute(sa.select(documents.c.id, documents.c.replaces)).all()
        defaults = connection.execute(sa.select(collections.c.defaults)).scalar_one()
    assert {row.id: row.replaces for row in rows} == {"d": [], "later": ["d"]}
    assert defaults == {"trust": "low"}
    database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_token_vectors_of_eight_bits_are_packed_and_come_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = empty_database(kind, tmp_path, request)
    back(database, "0007")
    drawn = np.random.default_rng(7).standard_normal((9, 5))
    rows = np.rint(127 * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.int8)
    held = {(7, "first"): (rows, 5), (7, "other"): (rows[:2], 5), (8, "first"): (rows[:0], 0)}
    with database.write() as connection:
        for line in (*FILLED[:3], FILLED[2].replace("(7, 'd', 'c', 0", "(8, 'd', 'c', 1")):
            connection.exec_driver_sql(line)
        for (passage, embedder), (own, width) in held.items():
            connection.execute(
                sa.insert(vectors).values(
                    passage_id=passage,
                    embedder=embedder,
                    vector=b"v",
                    tokens=own.tobytes(),
                    width=width,
                )
            )

    migrate(database)

    found = tokens_of(database)
    assert found == {key: packed(own) for key, (own, _) in held.items()}
    assert unpacked(found[7, "first"], 5) == pytest.approx(rows / 127, abs=0.08)
    back(database, "0007")
    spread = np.frombuffer(tokens_of(database)[7, "first"], np.int8).reshape(9, 5)
    assert spread / 127 == pytest.approx(rows / 127, abs=0.08)
    database.close()


def tokens_of(database: Database) -> dict[tuple[int, str], bytes]:
    query = sa.select(vectors.c.passage_id, vectors.c.embedder, vectors.c.tokens)
    with database.read() as connection:
        return {(row[0], row[1]): bytes(row[2]) for row in connection.execute(query)}


def indexes(database: Database) -> set[str | None]:
    with database.read() as connection:
        return {one["name"] for one in sa.inspect(connection).get_indexes("documents")}


def back(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def key(connection: sa.Connection) -> list[str]:
    return list(sa.inspect(connection).get_pk_constraint("vectors")["constrained_columns"])


def test_the_newest_version_is_where_alembic_ends(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "registry.sqlite")
    migrate(database)

    with database.read() as connection:
        reached = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()

    assert reached == newest_version()
    database.close()
