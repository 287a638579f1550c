"""A step's batch while it is filled: rows, and whose they are."""

from dataclasses import dataclass, field

from services.engine.batches import Row
from services.engine.writing import Writing


@dataclass(slots=True)
class Batch:
    """The rows of a step and whose they are; the first `streams` rows belong to written answers.

    `tokens` are those of all rows.
    """

    rows: list[Row] = field(default_factory=list)
    writings: list[Writing] = field(default_factory=list)
    tokens: int = 0
    streams: int = 0

    def add(self, row: Row, writing: Writing) -> None:
        """Put *row* of *writing* behind the others."""
        self.rows.append(row)
        self.writings.append(writing)
        self.tokens += len(row.tokens)


def prompt_row(writing: Writing, size: int) -> Row:
    """Return the next *size* tokens of a prompt; the last of all wants logits."""
    start = writing.position
    tokens = writing.tokens[start : start + size]
    return Row(writing.sequence, start, tokens, int(size == writing.pending))
