"""Databases of today's schema with nothing in them."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from services.registry.database import Database, migrate, open_sqlite, open_url
from services.registry.tables import metadata


def empty_database(kind: str, folder: Path, request: pytest.FixtureRequest) -> Database:
    """Return a database of *kind*, sqlite or postgres."""
    if kind == "sqlite":
        database = open_sqlite(folder / "registry.sqlite")
    else:
        database = open_url(request.getfixturevalue("postgres_url"))
        with database.write() as connection:
            metadata.drop_all(connection)
            connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
    migrate(database)
    return database
