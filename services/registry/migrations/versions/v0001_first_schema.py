"""The first schema."""

from alembic import op

from services.registry import tables
from services.registry.tables import change_head, metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = [
    tables.collections,
    tables.documents,
    tables.texts,
    tables.passages,
    tables.vectors,
    tables.grants,
    tables.keys,
    tables.changes,
    tables.change_head,
    tables.answers,
    tables.answer_documents,
]


def upgrade() -> None:
    """Make the tables of the first release, and the row that hands out change numbers."""
    metadata.create_all(op.get_bind(), tables=_TABLES)
    op.bulk_insert(change_head, [{"id": 1, "seq": 0}])


def downgrade() -> None:
    """Remove them."""
    metadata.drop_all(op.get_bind(), tables=_TABLES)
