"""Cells of the lines of a PDF's page, and the tables that they are found to make."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

# In the place of digits that are raised, while a page is read: marks of notes, no part of amounts.
RAISED = "".join(map(chr, range(0xE0F0, 0xE0FA)))
AMOUNT = re.compile(
    # $(1,234.5) · 12 % · (3)%
    rf"[-+−–(]?[$€£¥￥]?[-+−–(]?\d(?:[\d,.]*\d)?\s?[%‰]?\)?\s?[%‰]?[{RAISED}]*"
    r"|[$€£¥￥]?[-−–—]{1,2}\s?[%‰]?"  # a dash for nothing
)
_NUMBER = re.compile(r"[-+(]?[$€£¥￥]?\d[\d,.\s]*%?\)?")
SIGN_BEFORE = re.compile(r"[$€£¥￥(]{1,2}")
SIGN_BEHIND = re.compile(r"[%‰)]{1,2}")
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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table that rules or the places of words show: the numbers of its lines, the cells of its
    rows, where its columns but the first stand, and whether no words go over a rule.
    """

    lines: range
    rows: list[list[str]]
    columns: list[Cell]
    is_clear: bool = True


def tidied(drawn: Drawn, together: Iterable[range] = ()) -> Drawn:
    """Return a table without empty columns, with signs that stand apart put to their amounts; and
    columns that one name reaches over, *together*, as one where each row fills no more than one.
    """
    rows, columns = [list(row) for row in drawn.rows], list(drawn.columns)
    joints = {at for reach in together for at in reach[:-1]}
    for at in range(len(columns) - 1, 0, -1):
        before, behind = [row[at] for row in rows], [row[at + 1] for row in rows]
        are_one = at in joints and not any(map(all, zip(before, behind, strict=True)))
        if are_one or _are_signs(before, behind):
            for row in rows:
                row[at : at + 2] = [row[at] + row[at + 1]]
            columns[at - 1 : at + 1] = [union(*columns[at - 1 : at + 1])]
    kept = [at for at in range(len(columns) + 1) if at == 0 or any(row[at] for row in rows)]
    told = [[row[at] for at in kept] for row in rows]
    return replace(drawn, rows=told, columns=[columns[at - 1] for at in kept[1:]])


def _are_signs(before: Sequence[str], behind: Sequence[str]) -> bool:
    """Say whether of two columns one holds signs of the other's amounts, and else nothing beside
    them.
    """
    beside = [pair for pair in zip(before, behind, strict=True) if all(pair)]
    signs = [one for one in before if SIGN_BEFORE.fullmatch(one)]
    if signs and all(SIGN_BEFORE.fullmatch(one) for one, _ in beside):
        return True
    held = [one for one in behind if one]
    return bool(held) and all(map(SIGN_BEHIND.fullmatch, held))


def run_together(lines: Sequence[str]) -> bool:
    """Say whether the lines of one cell are numbers of several rows."""
    return len(lines) > 1 and all(_NUMBER.fullmatch(line.strip()) for line in lines)


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
