"""The audit log."""

from alembic import op

from services.domain.audit import FIRST_HASH
from services.registry.tables import audit, audit_head, metadata

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the log and the row that knows its end."""
    metadata.create_all(op.get_bind(), tables=[audit, audit_head])
    op.bulk_insert(audit_head, [{"id": 1, "seq": 0, "hash": FIRST_HASH}])


def downgrade() -> None:
    """Remove them."""
    metadata.drop_all(op.get_bind(), tables=[audit, audit_head])
