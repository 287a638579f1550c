"""An index of the rules by which passages were cut."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEX = "ix_passages_analyzer"


def upgrade() -> None:
    """Let a start find passages of other rules without reading all."""
    # A fresh database was made with it.
    if _INDEX not in {one["name"] for one in sa.inspect(op.get_bind()).get_indexes("passages")}:
        op.create_index(_INDEX, "passages", ["analyzer"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index(_INDEX, "passages")
