"""Tables of a page made regular, so that the partitioner keeps what stands in which column."""

import re
from itertools import islice
from typing import Any, TypeAlias

from ingest.reading.table_heads import Wide, joined_heads, repeated

_OF_TABLES = ("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption")
_MOST_SPAN = 200
_WIDTH = re.compile(r"\d{1,6}", re.ASCII)
High: TypeAlias = dict[int, tuple[Any, int]]


def lays_out(table: Any) -> bool:  # noqa: ANN401
    """Say whether a table holds tables, or one cell alone, and so only lays the page out."""
    cells = islice(table.iter("td", "th"), 2)
    return next(table.iterdescendants("table"), None) is not None or len(list(cells)) <= 1


def lay_out_as_blocks(table: Any) -> None:  # noqa: ANN401
    """Make a table that only lays the page out a row of blocks; those within stay."""
    own = [
        node
        for node in table.iter(*_OF_TABLES)
        if node is table
        or (node.tag != "table" and next(node.iterancestors("table"), None) is table)
    ]
    for node in own:
        node.tag = "div"


def write_out_cells(table: Any) -> None:  # noqa: ANN401
    """Put empty cells where a wide cell reaches, and a high one's text into each of its rows: the
    partitioner forgets how wide and high they were. What stands under a wide name gets it.
    """
    rows = list(table.iter("tr"))
    wide: list[Wide] = []
    # Of each column that a cell of an earlier row reaches into: that cell, and for how many rows.
    high: High = {}
    for number, row in enumerate(rows):
        high = _write_out_row(row, number, high, wide)
    cells = [list(row.iterchildren("td", "th")) for row in rows]
    texts = [[" ".join(cell.text_content().split()) for cell in row] for row in cells]
    for (number, column), name in (joined_heads(texts, wide) | repeated(texts, wide)).items():
        cell = cells[number][column]
        cell.clear()
        cell.text = name


def _write_out_row(row: Any, number: int, high: High, wide: list[Wide]) -> High:  # noqa: ANN401
    at = 0
    below: High = {}
    for cell in [*row.iterchildren("td", "th"), None]:
        while at in high:
            at = _put_again(row, cell, at, high, below)
        if cell is None:
            break
        width, height = _span(cell, "colspan"), _span(cell, "rowspan")
        if height > 1:
            # Its text stands in the first of its columns.
            below |= {at + i: (None if i else cell, height - 1) for i in range(width)}
        for _ in range(width - 1):
            cell.addnext(row.makeelement(cell.tag))
        if width > 1:
            wide.append(Wide(number, at, width))
        at += width
    return below


def _put_again(row: Any, before: Any, at: int, high: High, below: High) -> int:  # noqa: ANN401
    """Put the cell that reaches down to column *at* before another; returns the next column."""
    cell, rows = high.pop(at)
    again = row.makeelement("td")
    again.text = "" if cell is None else " ".join(cell.text_content().split())
    if before is None:
        row.append(again)
    else:
        before.addprevious(again)
    if rows > 1:
        below[at] = (cell, rows - 1)
    return at + 1


def _span(cell: Any, name: str) -> int:  # noqa: ANN401
    value = cell.attrib.pop(name, "1")
    return max(1, min(int(value), _MOST_SPAN)) if _WIDTH.fullmatch(value) else 1
