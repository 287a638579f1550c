"""Alembic's entry: runs on the connection that `registry.database` hands over."""

from alembic import context

from services.registry.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
