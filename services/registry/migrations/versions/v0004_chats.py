"""Conversations of answers, and events of chat platforms."""

import sqlalchemy as sa
from alembic import op

from services.registry.tables import chat_events, metadata

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let answers belong to a conversation, and remember which events were taken up."""
    bind = op.get_bind()
    metadata.create_all(bind, tables=[chat_events])
    columns = {column["name"] for column in sa.inspect(bind).get_columns("answers")}
    # A fresh database was made with it.
    if "thread" not in columns:
        op.add_column("answers", sa.Column("thread", sa.String(400)))
        op.create_index("ix_answers_thread", "answers", ["thread"])


def downgrade() -> None:
    """Forget conversations and events."""
    op.drop_index("ix_answers_thread", "answers")
    op.drop_column("answers", "thread")
    metadata.drop_all(op.get_bind(), tables=[chat_events])
