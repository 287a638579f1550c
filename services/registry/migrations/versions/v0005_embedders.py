"""Vectors of several embedders side by side."""

import sqlalchemy as sa
from alembic import op

from services.registry.tables import metadata

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEY = ["passage_id", "embedder"]


def upgrade() -> None:
    """Let a passage have a vector of each embedder, and changes say whose vectors came."""
    inspector = sa.inspect(op.get_bind())
    # A fresh database was made with both.
    if inspector.get_pk_constraint("vectors")["constrained_columns"] != _KEY:
        _set_key(_KEY)
    if "embedder" not in {column["name"] for column in inspector.get_columns("changes")}:
        op.add_column(
            "changes",
            sa.Column("embedder", sa.String(120), nullable=False, server_default=""),
        )


def downgrade() -> None:
    """Keep one vector of each passage: that of the embedder that comes first."""
    op.execute(
        "DELETE FROM vectors WHERE EXISTS (SELECT 1 FROM vectors AS other "
        "WHERE other.passage_id = vectors.passage_id AND other.embedder < vectors.embedder)"
    )
    op.execute("DELETE FROM changes WHERE kind = 'embed'")
    _set_key(["passage_id"])
    op.drop_column("changes", "embedder")


def _set_key(columns: list[str]) -> None:
    """Give the table another primary key; SQLite copies it for that."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_vectors", "vectors", type_="primary")
        op.create_primary_key("pk_vectors", "vectors", columns)
        return
    keyed = sa.Table(
        "vectors",
        sa.MetaData(naming_convention=metadata.naming_convention),
        sa.Column("passage_id", sa.Integer, sa.ForeignKey("passages.id"), nullable=False),
        sa.Column("embedder", sa.String(120), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("tokens", sa.LargeBinary, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(*columns),
    )
    with op.batch_alter_table("vectors", recreate="always", copy_from=keyed):
        pass
