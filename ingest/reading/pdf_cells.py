"""Cells of the lines of a PDF's page, and the tables that they are found to make."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

# In the place of digits that are raised, while a page is read: marks of notes, no part of amounts.
RAISED = "".join(map(chr, range(0xE0F0, 0xE0FA)))
AMOUNT = re.compile(
    # $(1,234.5) · 12 % · (3)%
    rf"[-+−–(]?[$€£¥￥]?[-+−–(]?\d(?:[\d,.]*\d)?\s?[%‰]?\)?\s?[%‰]?[{RAISED}]*"
    r"|[$€£¥￥]?[-−–—]{1,2}\s?[%‰]?"  # a dash for nothing
)
YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of a line that no wide gap holds apart: where they begin, end and stand, in points."""

    text: str
    left: float
    right: float
    bottom: float


# Returns the cells of a line by its number; None where they do not stand from left to right.
CellsOf = Callable[[int], list[Cell] | None]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and, between them, labels by the numbers of their lines; where each column stands.

    In a table that is whole each row begins with its name, which may be empty.
    """

    rows: dict[int, list[Cell]]
    labels: dict[int, Cell]
    columns: list[Cell]


def is_amount(text: str) -> bool:
    """Say whether *text* is a number, a sum or a share, and not a year."""
    return bool(AMOUNT.fullmatch(text)) and not YEAR.fullmatch(text)


def name_of(row: Sequence[Cell]) -> Sequence[Cell]:
    """Return the cell that names a row, be it a year; none, if it begins with an amount."""
    return [] if not row or is_amount(row[0].text) else row[:1]


def values_of(row: Sequence[Cell]) -> Sequence[Cell]:
    """Return the cells behind the row's name."""
    return row[len(name_of(row)) :]


def over(columns: Sequence[Cell], cell: Cell, beside: float = 0.0) -> list[int]:
    """Return the columns that a cell stands in, or at most *beside* points away from."""
    return [
        i
        for i, column in enumerate(columns)
        if cell.left <= column.right + beside and column.left - beside <= cell.right
    ]


def union(one: Cell, other: Cell) -> Cell:
    """Return *one*, as wide as both."""
    return replace(one, left=min(one.left, other.left), right=max(one.right, other.right))
