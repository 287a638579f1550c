"""All tables of a PDF's page, in the place of their lines."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pypdfium2

from ingest.reading.pdf_aligned import aligned_tables
from ingest.reading.pdf_bands import banded_tables
from ingest.reading.pdf_cells import Cell, CellsOf, Drawn, over
from ingest.reading.pdf_grids import ruled_tables
from ingest.reading.pdf_lines import PageLines
from ingest.reading.pdf_rules import rules_of
from ingest.reading.pdf_tables import OpenTable, Row, is_alone, with_tables
from ingest.reading.tables import labelled, rows_as_text
from services.language.table_rows import cells as cells_of_row
from services.language.table_rows import header_of

_FEWEST_ROWS, _FEWEST_NAMES = 2, 2
# In points: a name may stand so far beside its column.
_BESIDE = 6.0
# A line with several labels.
_LABELS = re.compile(r"[:：].*[:：]")


def with_all_tables(
    page: pypdfium2.PdfPage,
    textpage: pypdfium2.PdfTextPage,
    laid: PageLines,
    before: OpenTable | None,
) -> tuple[list[str], OpenTable | None]:
    """Return the lines of a page with rows of cells in the place of its tables, set off by blank
    lines, and the table at its end; the one *before* may go on.

    Rows of amounts under names go first, then what rules show, then what stands aligned; of a
    ruled table that is of amounts only in part all is read by its rules.
    """
    rules = rules_of(page)
    ruled = list(ruled_tables(rules, textpage, laid))
    others = (*banded_tables(rules, laid), *aligned_tables(len(laid.lines), laid.cells))
    found = [(one, one in ruled and one.is_clear) for one in (*ruled, *others) if _is_table(one)]
    drawn = [_with_names(one, laid) for one, _ in found]
    made = _put(drawn, laid, before, laid.cells)
    clear = [
        one
        for one, (_, is_sure) in zip(drawn, found, strict=True)
        if is_sure and _left(one, laid, made[0])
    ]
    other = _put(drawn, laid, before, _without(clear, laid.cells)) if clear else made
    lines, last = min((made, other), key=lambda one: _unmade(laid, one[0]))
    return _with_labels(lines, laid), last


def _with_labels(lines: Sequence[str], laid: PageLines) -> list[str]:
    """Return lines, those of forms in lines of a label each."""
    numbers = {id(line): number for number, line in enumerate(laid.lines) if _LABELS.search(line)}
    made: list[str] = []
    for line in lines:
        cells = laid.cells(numbers[id(line)]) if id(line) in numbers else None
        made += labelled([cell.text for cell in cells or ()]) or [line]
    return made


def _put(
    drawn: Sequence[Drawn], laid: PageLines, before: OpenTable | None, cells_of: CellsOf
) -> tuple[list[str], OpenTable | None]:
    """Return the lines with the rows of amounts that *cells_of* shows, and of those *drawn* whose
    lines are still there.
    """
    lines, last = with_tables(laid.lines, cells_of, before)
    for one in drawn:
        at = _left(one, laid, lines)
        if len(at) < len(_filled(one, laid)):
            continue
        names = _names_before(one, laid, before)
        rows = [Row(row, names) for row in rows_as_text(one.rows).split("\n") if row]
        lines[at[0] : at[-1] + 1] = ["", *rows, ""]
        if is_alone(range(one.lines.stop, len(laid.lines)), laid.cells):
            last = _open(one, before if names else None)
    return lines, last


def _is_table(drawn: Drawn) -> bool:
    """Say whether cells stand side by side in several rows."""
    return sum(sum(map(bool, row)) > 1 for row in drawn.rows) >= _FEWEST_ROWS


def _with_names(drawn: Drawn, laid: PageLines) -> Drawn:
    """Return a table whose first row does not name its columns with the line right above it, if
    cells of that stand above columns, each above one of its own.
    """
    above = drawn.lines.start - 1
    cells = laid.cells(above) if above >= 0 and _header(drawn.rows) is None else None
    names = [cell for cell in cells or () if cell.right >= drawn.columns[0].left - _BESIDE]
    places = [over(drawn.columns, cell, _BESIDE) for cell in names]
    is_own = all(len(place) == 1 for place in places) and len(cells or ()) - len(names) <= 1
    at = [place[0] for place in places if place]
    if not is_own or len(at) < _FEWEST_NAMES or at != sorted(set(at)):
        return drawn
    row = [""] * (len(drawn.columns) + 1)
    row[0] = cells[0].text if cells and len(cells) > len(names) else ""
    for column, cell in zip(at, names, strict=True):
        row[column + 1] = cell.text
    return replace(drawn, lines=range(above, drawn.lines.stop), rows=[row, *drawn.rows])


def _unmade(laid: PageLines, lines: Sequence[str]) -> int:
    """Return how many lines are not made a row of."""
    own = {id(line) for line in laid.lines if line.strip()}
    return sum(id(line) in own for line in lines)


def _filled(drawn: Drawn, laid: PageLines) -> list[str]:
    return [laid.lines[number] for number in drawn.lines if laid.lines[number].strip()]


def _left(drawn: Drawn, laid: PageLines, lines: Sequence[str]) -> list[int]:
    """Return where the lines of a table still stand among *lines*."""
    own = {id(line) for line in _filled(drawn, laid)}
    return [i for i, line in enumerate(lines) if id(line) in own]


def _without(tables: Sequence[Drawn], cells_of: CellsOf) -> CellsOf:
    """Return what tells the cells of lines that are not of *tables*."""

    def cells(number: int) -> list[Cell] | None:
        return None if any(number in table.lines for table in tables) else cells_of(number)

    return cells


def _names_before(drawn: Drawn, laid: PageLines, before: OpenTable | None) -> str:
    """Return the names of the columns of the table *before* if this one, at the top of its page,
    goes on in the same columns without names of its own; else nothing.
    """
    if before is None or not is_alone(range(drawn.lines.start), laid.cells):
        return ""
    places = [over(before.columns, column) for column in drawn.columns]
    is_same = places == [[i] for i in range(len(before.columns))]
    return rows_as_text([before.names]) if is_same and _header(drawn.rows) is None else ""


def _open(drawn: Drawn, before: OpenTable | None) -> OpenTable | None:
    """Return a table at a page's end, if its columns have names."""
    header = before.names if before else _header(drawn.rows)
    if header is None or len(header) != len(drawn.columns) + 1:
        return None
    return OpenTable(header, drawn.columns)


def _header(rows: Sequence[Sequence[str]]) -> list[str] | None:
    header = header_of(rows_as_text(rows).split("\n"))
    return None if header is None else cells_of_row(header)
