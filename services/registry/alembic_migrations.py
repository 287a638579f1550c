"""The schema by Alembic: imported, which takes a fifth of a second, where there is work for it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.domain.errors import DamagedStoreError

# Any number, if nobody else uses it for such a lock in this database.
_MIGRATING = 4_018_400


def upgrade(connection: sa.Connection, migrations: Path) -> None:
    """Bring the schema to this release's version; refuse data of a newer release untouched."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    known = ScriptDirectory.from_config(config)
    if connection.dialect.name == "postgresql":
        # Several services may start at once; in SQLite a writer is alone anyway.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {r.revision for r in known.walk_revisions()}:
        message = (
            f"The data folder was written by a newer Footnote (schema {current}): "
            "start that release, or use an older copy of the data folder."
        )
        raise DamagedStoreError(message)
    if current != known.get_current_head():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
