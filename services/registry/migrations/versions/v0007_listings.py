"""Indexes by which documents are listed and counted."""

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
    """Let a page of a listing be read without sorting all documents, and counts without rows."""
    _replace(_BEFORE, _NOW)


def downgrade() -> None:
    """Go back to the indexes before."""
    _replace(_NOW, _BEFORE)


def _replace(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    # A fresh database was made with those of today.
    known = {one["name"] for one in sa.inspect(op.get_bind()).get_indexes("documents")}
    for name in after.keys() - known:
        op.create_index(name, "documents", after[name])
    for name in before.keys() & known:
        op.drop_index(name, "documents")
