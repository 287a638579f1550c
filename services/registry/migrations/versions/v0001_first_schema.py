"""The first schema."""

from alembic import op

from services.registry.tables import change_head, metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, and the one row that hands out change numbers."""
    metadata.create_all(op.get_bind())
    op.bulk_insert(change_head, [{"id": 1, "seq": 0}])


def downgrade() -> None:
    """Remove every table."""
    metadata.drop_all(op.get_bind())
