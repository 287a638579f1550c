"""Documents with readers of their own."""

import sqlalchemy as sa
from alembic import op

from services.registry.tables import compartments, metadata

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let every document belong to a segment: so far, its collection."""
    bind = op.get_bind()
    metadata.create_all(bind, tables=[compartments])
    columns = {column["name"] for column in sa.inspect(bind).get_columns("documents")}
    # A fresh database was made with them.
    if "segment_id" not in columns:
        op.add_column(
            "documents",
            sa.Column("segment_id", sa.String(60), nullable=False, server_default=""),
        )
        op.add_column("documents", sa.Column("readers", sa.JSON()))
    op.execute("UPDATE documents SET segment_id = collection_id WHERE segment_id = ''")
    if bind.dialect.name == "postgresql":
        # SQLite does not bound strings.
        for table in ("passages", "changes"):
            op.alter_column(table, "collection_id", type_=sa.String(60))


def downgrade() -> None:
    """Forget who may read what."""
    op.drop_column("documents", "readers")
    op.drop_column("documents", "segment_id")
    metadata.drop_all(op.get_bind(), tables=[compartments])
