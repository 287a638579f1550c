"""Passages that were not embedded may be now, by what their words mean in English."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget which passages an embedder could not read: `footnote reembed` looks at them again."""
    vectors = sa.table("vectors", sa.column("vector", sa.LargeBinary))
    op.execute(sa.delete(vectors).where(vectors.c.vector == b""))


def downgrade() -> None:
    """Forget what was made of another language's words: it would be searched by every question."""
    vectors = sa.table("vectors", sa.column("width", sa.Integer))
    op.execute(sa.delete(vectors).where(vectors.c.width < 0))
