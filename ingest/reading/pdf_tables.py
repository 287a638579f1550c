"""Tables on a page of a PDF: rows of amounts in columns that something right above them names."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

from ingest.reading.pdf_cells import (
    AMOUNT,
    SIGN_BEFORE,
    SIGN_BEHIND,
    YEAR,
    Cell,
    CellsOf,
    Table,
    is_amount,
    name_of,
    over,
    union,
    values_of,
)
from ingest.reading.pdf_headers import Header, header_of
from ingest.reading.tables import rows_as_text
from services.language.normalize import CJK

_FEWEST_ROWS = 3
_FEWEST_COLUMNS, _MOST_COLUMNS = 2, 100
# So many lines without an amount may stand between two rows: names of groups, of a row in parts.
_MOST_BETWEEN = 12
# So many lines may stand between a page's edge and a table that goes on there.
_MOST_AT_EDGE = 20
_WHOLE_AMOUNT = re.compile(rf"(?<!\S)(?:{AMOUNT.pattern})(?!\S)")
_SIGN_AT_END = re.compile(r"\s[$€£¥￥]$")
# A line of the same height may be off by this, in points.
_HEIGHT = 1.0


class Row(str):
    """A line of a table, or what names its columns. Of a table that goes on from the page before
    each line has those `names`.
    """

    __slots__ = ("names",)
    names: str

    def __new__(cls, text: str, names: str = "") -> Self:
        """Return a line with the names of its columns, if they stand on a page before."""
        row = super().__new__(cls, text)
        row.names = names
        return row


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table at the end of a page, which may go on: the names of its columns and their places."""

    names: list[str]
    columns: list[Cell]


def with_tables(
    lines: Sequence[str], cells_of: CellsOf, before: OpenTable | None = None
) -> tuple[list[str], OpenTable | None]:
    """Return the *lines* of a page, those of its tables as Rows of cells, set off by blank lines,
    and the table at its end.

    What names the columns becomes one row; the one *before* may go on without. Where nothing surely
    names each column, or a line fits into none, all stays as it is: an amount under a wrong name
    would be worse than under none.
    """
    starts = [i for i, line in enumerate(lines) if _has_amounts(line)]
    if len(starts) < _FEWEST_ROWS:
        return list(lines), None
    made: list[str] = []
    done = 0
    last: OpenTable | None = None
    rows: Sequence[str]
    for table in _tables(range(starts[0], len(lines)), set(starts), cells_of):
        first = min(table.rows)
        header = header_of(table, range(done, first), cells_of)
        if header is not None:
            top, names = min(header.lines), header.names
            rows = list(_written(table, header, lines, cells_of))
        elif before is not None and _goes_on(before, table, cells_of):
            top, names = first, before.names
            rows = _named_before(table, before)
        else:
            before = None
            continue
        made += [*lines[done:top], "", *rows, ""]
        done, before, last = max(table.rows) + 1, None, OpenTable(names, table.columns)
    is_open = last is not None and is_alone(range(done, len(lines)), cells_of)
    return [*made, *lines[done:]], last if is_open else None


def _goes_on(before: OpenTable, table: Table, cells_of: CellsOf) -> bool:
    """Say whether *table* stands at the top of its page in the columns of the one *before*."""
    places = [over(before.columns, column) for column in table.columns]
    is_same = places == [[i] for i in range(len(before.columns))]
    return is_same and is_alone(range(min(table.rows)), cells_of)


def is_alone(numbers: range, cells_of: CellsOf) -> bool:
    """Say whether lines at a page's edge are no more than heads, feet and names of rows."""
    return len(numbers) <= _MOST_AT_EDGE and all(
        len(cells_of(number) or []) <= 1 for number in numbers
    )


def _named_before(table: Table, before: OpenTable) -> list[Row]:
    names = rows_as_text([before.names])
    return [Row(_told(table, i), names) for i in _lines_of(table)]


def _lines_of(table: Table) -> list[int]:
    first, last = min(table.rows), max(table.rows)
    return sorted(i for i in table.rows | table.labels if first <= i <= last)


def _written(
    table: Table, header: Header, lines: Sequence[str], cells_of: CellsOf
) -> Iterator[str]:
    """Yield the row of names, what stands between it and the first row, and the rows."""
    yield Row(rows_as_text([header.names]))
    first = min(table.rows)
    between = [i for i in range(min(header.lines), first) if header.lines.get(i, lines[i]).strip()]
    cells = {i: cells_of(i) or [] for i in between if i not in header.lines}
    labels = {i: one[0] for i, one in cells.items() if len(one) == 1}
    is_label = set(labels)
    name, *values = table.rows[first]
    row = _named([name] if name.text else [], values, first, labels)
    for i in between:
        if i in labels or i not in is_label:
            yield header.lines.get(i, lines[i])
    whole = replace(table, rows={**table.rows, first: row})
    yield from (_told(whole, i) for i in _lines_of(whole))


def _has_amounts(line: str) -> bool:
    amounts = _WHOLE_AMOUNT.findall(line)
    return len(amounts) >= _FEWEST_COLUMNS and not all(map(YEAR.fullmatch, amounts))


def _tables(numbers: range, starts: set[int], cells_of: CellsOf) -> Iterator[Table]:
    """Yield the runs of rows whose amounts stand in columns; one begins only at *starts*."""
    table, last = Table({}, {}, []), 0
    for number in numbers:
        if not table.rows and number not in starts:
            continue
        cells = _signed(cells_of(number) or [])
        if not _grows(table, number, cells):
            if _is_label(table, number - last, cells):
                table.labels[number] = cells[0]
                continue
            yield from _settled(table)
            table = Table({}, {}, [])
            if number not in starts or not _grows(table, number, cells):
                continue
        last = number
    yield from _settled(table)


def _signed(cells: Sequence[Cell]) -> list[Cell]:
    """Put signs that stand apart to their amounts."""
    signed: list[Cell] = []
    for cell in cells:
        last = signed[-1] if signed else None
        if last and (SIGN_BEFORE.fullmatch(last.text) or SIGN_BEHIND.fullmatch(cell.text)):
            signed[-1] = replace(union(last, cell), text=last.text + cell.text)
        elif last and _SIGN_AT_END.search(last.text) and AMOUNT.fullmatch(cell.text):
            signed[-1] = replace(last, text=last.text[:-1].rstrip())
            signed.append(replace(cell, text=last.text[-1] + cell.text))
        else:
            signed.append(cell)
    return signed


def _grows(table: Table, number: int, row: list[Cell]) -> bool:
    """Put one more row to *table*, and say so; not if its amounts do not stand in the columns, or
    there are only years: those name columns.

    Only a row of several opens a column, and one alone is no row without a name: it may be a
    page's number, or a note's mark.
    """
    values = values_of(row)
    amounts = sum(is_amount(cell.text) for cell in values)
    if len(values) > _MOST_COLUMNS or amounts < (1 if name_of(row) else _FEWEST_COLUMNS):
        return False
    columns = list(table.columns)
    for value in values:
        within = over(columns, value)
        if len(within) == 1:
            columns[within[0]] = union(columns[within[0]], value)
        elif within or amounts < _FEWEST_COLUMNS:
            return False
        else:
            columns.append(value)
    columns.sort(key=lambda column: column.left)
    if len(columns) > _MOST_COLUMNS or any(
        one.right >= other.left for one, other in pairwise(columns)
    ):
        return False
    places = [over(columns, value) for value in values]
    is_clear = all(len(place) == 1 for place in places)
    if not is_clear or any(one >= other for one, other in pairwise(places)):
        return False
    table.rows[number] = row
    table.columns[:] = columns
    return True


def _is_label(table: Table, behind: int, cells: Sequence[Cell]) -> bool:
    """Say whether a line so many *behind* the last row of *table* names a group of rows, or is a
    part of a row's name.
    """
    if not table.rows or behind > _MOST_BETWEEN or len(cells) != 1:
        return False
    return cells[0].right <= table.columns[0].right


def _settled(table: Table) -> Iterator[Table]:
    """Yield *table* without columns that are none, and with whole names, if it is one at all."""
    if len(table.rows) < _FEWEST_ROWS:
        return
    held: list[list[str]] = [[] for _ in table.columns]
    for row in table.rows.values():
        for value in values_of(row):
            held[over(table.columns, value)[0]].append(value.text)
    names = max(
        (one.right for row in table.rows.values() for one in name_of(row)), default=-math.inf
    )
    columns = [
        column
        for column, texts in zip(table.columns, held, strict=True)
        if len(texts) > len(table.rows) / 2
        or (any(map(AMOUNT.fullmatch, texts)) and column.right > names)
    ]
    if len(columns) < _FEWEST_COLUMNS:
        return
    labels = dict(table.labels)
    rows: dict[int, list[Cell]] = {}
    for number, row in table.rows.items():
        values = [cell for cell in values_of(row) if over(columns, cell)]
        rows[number] = _named([cell for cell in row if cell not in values], values, number, labels)
    yield Table(rows, labels, columns)


def _named(
    name: Sequence[Cell], values: list[Cell], number: int, labels: dict[int, Cell]
) -> list[Cell]:
    """Return a row that begins with its whole name, which may be empty: it may go on behind a gap,
    and begin in *labels* right before, which are taken away there. Those stand around a row that
    has none, or it goes on with a small letter.
    """
    before = number - 1
    if not name or is_amount(name[0].text):
        around = _around(before, values, labels)
        name = [*around, *name]
        before -= len(around)
    while name and before in labels and _is_rest(labels[before].text, name[0].text):
        name = [labels.pop(before), *name]
        before -= 1
    if not name:
        return [replace(values[0], text=""), *values]
    joint = "" if CJK.search(name[0].text[-1]) else " "
    text = joint.join(cell.text for cell in name)
    return [replace(name[0], text=text, right=max(cell.right for cell in name)), *values]


def _is_rest(text: str, rest: str) -> bool:
    return text[-1] not in ":：" and (rest[0].islower() or rest[0] == "(")


def _around(last: int, values: Sequence[Cell], labels: dict[int, Cell]) -> list[Cell]:
    """Take as few labels up to line *last* as stand above and below the row's amounts, or beside;
    none, if none do.
    """
    first = last
    while values and first in labels:
        heights = [labels[i].bottom for i in range(first, last + 1)]
        if min(heights) - _HEIGHT <= values[-1].bottom <= max(heights) + _HEIGHT:
            return [labels.pop(i) for i in range(first, last + 1)]
        first -= 1
    return []


def _told(table: Table, number: int) -> Row:
    if number in table.labels:
        return Row(table.labels[number].text)
    row = table.rows[number]
    told = [row[0].text, *[""] * len(table.columns)]
    for value in row[1:]:
        told[1 + over(table.columns, value)[0]] = value.text
    return Row(rows_as_text([told]))
