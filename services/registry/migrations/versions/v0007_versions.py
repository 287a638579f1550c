"""Indexes by which documents are listed and counted, and which versions a document replaces."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NOW = {
    "ix_documents_collection_id_number": ["collection_id", "number"],
    "ix_documents_batch_collection_id_number": ["batch", "collection_id", "number"],
    "ix_documents_collection_id_status_segment_id": ["collection_id", "status", "segment_id"],
}
_BEFORE = {
    "ix_documents_batch": ["batch"],
    "ix_documents_collection_id_status": ["collection_id", "status"],
}


def upgrade() -> None:
    """Let a page of a listing be read without sorting all documents, and counts without rows; note
    what those that wait replace.
    """
    _replace(_BEFORE, _NOW)
    if "replaces" in {one["name"] for one in sa.inspect(op.get_bind()).get_columns("documents")}:
        return
    op.add_column(
        "documents", sa.Column("replaces", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column(
        "documents", sa.Column("uploader", sa.String(300), nullable=False, server_default="")
    )
    _keep_trust_alone()
    documents = sa.table(
        "documents",
        *map(sa.column, ("id", "number", "collection_id", "source_id", "status")),
        sa.column("replaces", sa.JSON()),
    )
    own, other = documents.alias(), documents.alias()
    pairs = op.get_bind().execute(
        sa.select(own.c.id, other.c.id)
        .join_from(
            own,
            other,
            (own.c.collection_id == other.c.collection_id)
            & (own.c.source_id == other.c.source_id)
            & (own.c.number > other.c.number),
        )
        .where(own.c.status != "ready")
    )
    replaced: dict[str, list[str]] = {}
    for later, earlier in pairs:
        replaced.setdefault(later, []).append(earlier)
    for later, earlier_ones in replaced.items():
        op.execute(
            sa.update(documents).where(documents.c.id == later).values(replaces=earlier_ones)
        )


def downgrade() -> None:
    """Go back to the indexes before."""
    _replace(_NOW, _BEFORE)
    op.drop_column("documents", "replaces")
    op.drop_column("documents", "uploader")


def _keep_trust_alone() -> None:
    """Drop defaults of collections that were taken whatever they were, and that nothing read."""
    collections = sa.table("collections", sa.column("id"), sa.column("defaults", sa.JSON()))
    for row in op.get_bind().execute(sa.select(collections)).all():
        kept = {name: told for name, told in row.defaults.items() if name == "trust"}
        if kept != row.defaults:
            here = collections.c.id == row.id
            op.execute(sa.update(collections).where(here).values(defaults=kept))


def _replace(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    # A fresh database was made with those of today.
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_indexes("documents")}
    for name in after.keys() - known:
        op.create_index(name, "documents", after[name])
    for name in before.keys() & known:
        op.drop_index(name, "documents")
