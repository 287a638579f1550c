"""Reader of Excel, by openpyxl: every sheet under its name, its tables whole, values with all their
digits and as dates, percents and units.
"""

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.archives import check_container
from ingest.reading.cell_formats import shown_number, shown_time
from ingest.reading.guarding import guarded
from ingest.reading.superscripts import raised
from ingest.reading.table_heads import Wide, joined_heads, repeated
from ingest.reading.tables import rows_as_text
from services.language.table_rows import ruled

# A table beside another has so many columns at least; what is narrower names or notes its rows.
_NARROW = 2


def read_xlsx(source: Source, tell: Tell) -> Contents:
    """Read the values as Excel last had them; an empty row ends a table, and an empty column where
    both of its sides are wider than a name.
    """
    check_container(source.path)
    blocks = guarded(lambda: list(_blocks(source, tell)))
    return Contents(blocks, title=source.name.rsplit("/", 1)[-1].rsplit(".", 1)[0])


def _blocks(source: Source, tell: Tell) -> Iterator[Block]:
    import openpyxl  # noqa: PLC0415

    # By its bytes: the name of a spooled file says nothing.
    data = io.BytesIO(source.path.read_bytes())
    book = openpyxl.load_workbook(data, data_only=True, rich_text=True)
    for number, sheet in enumerate(book.worksheets, 1):
        yield Block("heading", sheet.title, 1)
        yield from _tables(sheet)
        tell(number, len(book.worksheets))


def _tables(sheet: Any) -> Iterator[Block]:  # noqa: ANN401 - untyped library
    filled = _filled(sheet)
    heads = _heads(sheet)
    wide = [
        Wide(area.min_row, area.min_col - 1, area.size["columns"])
        for area in sheet.merged_cells.ranges
        if area.size["rows"] == 1
    ]
    for numbers in _runs(sorted(filled)):
        last = max(max(filled[number]) for number in numbers)
        whole = [[filled[number].get(at, "") for at in range(1, last + 1)] for number in numbers]
        here = [
            replace(one, row=one.row - numbers[0], width=min(one.width, last - one.column))
            for one in wide
            if one.row in numbers
        ]
        for (row, column), text in (joined_heads(whole, here) | repeated(whole, here)).items():
            whole[row][column] = text
        is_head = numbers[0] in heads or _is_alone_bold(sheet, numbers[0], filled)
        for table in _side_by_side(whole):
            text = rows_as_text(table)
            if is_head and set(filter(None, table[0])) <= set(whole[0]):
                text = "\n".join(ruled(text.split("\n")))
            yield Block("table" if len(table[0]) > 1 else "text", text)


def _heads(sheet: Any) -> set[int]:  # noqa: ANN401
    """Return the rows that are set to name columns: the first of a table or filter, and the last of
    those that stay in sight above all others.
    """
    areas = [table.ref for table in sheet.tables.values()]
    heads = {_row(area) for area in (*areas, sheet.auto_filter.ref)}
    return heads | {_row(sheet.freeze_panes) - 1}


def _row(area: str | None) -> int:
    """Return the first row of an area (A3:C9); 0 if it is none."""
    from openpyxl.utils.cell import range_boundaries  # noqa: PLC0415

    try:
        return range_boundaries(area or "")[1] or 0
    except ValueError:
        return 0


def _is_alone_bold(sheet: Any, row: int, cells: Mapping[int, Mapping[int, str]]) -> bool:  # noqa: ANN401
    """Say whether the cells of a row are in bold letters, and those of the next are not."""
    first, second = (
        all(getattr(sheet.cell(one, column).font, "b", False) for column in cells.get(one, ()))
        for one in (row, row + 1)
    )
    return first and not second


def _filled(sheet: Any) -> dict[int, dict[int, str]]:  # noqa: ANN401
    """Return what the cells of a sheet show, by row and column: only those that hold anything, for
    a stray cell may stand in the last of a million rows. A cell that reaches over several rows
    stands in each of them.
    """
    filled: dict[int, dict[int, str]] = {}
    for row, column in list(sheet._cells):  # noqa: SLF001 - its rows are all that are between
        if text := _shown(sheet.cell(row, column)):
            filled.setdefault(row, {})[column] = text
    for area in sheet.merged_cells.ranges:
        text = filled.get(area.min_row, {}).get(area.min_col, "")
        for row in [one for one in filled if text and area.min_row < one <= area.max_row]:
            filled[row].setdefault(area.min_col, text)
    return filled


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    """Yield the runs of numbers that follow each other."""
    for _, group in groupby(enumerate(numbers), lambda one: one[1] - one[0]):
        run = [number for _, number in group]
        yield range(run[0], run[-1] + 1)


def _side_by_side(rows: Sequence[Sequence[str]]) -> Iterator[list[list[str]]]:
    """Yield the tables that stand beside each other in *rows*, without empty columns around."""
    columns = list(zip(*rows, strict=True))
    runs: list[range] = []
    for is_filled, group in groupby(range(len(columns)), lambda at: any(columns[at])):
        run = list(group)
        if not is_filled:
            continue
        if runs and min(len(runs[-1]), len(run)) < _NARROW:
            runs[-1] = range(runs[-1].start, run[-1] + 1)
        else:
            runs.append(range(run[0], run[-1] + 1))
    for one in runs:
        yield [[row[at] for at in one] for row in rows if any(row[at] for at in one)]


def _shown(cell: Any) -> str:  # noqa: ANN401
    """Return a cell's value as it is shown."""
    value = getattr(cell, "value", None)
    if value is None or cell.font.strike:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return shown_number(value, cell.number_format)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return shown_time(value, cell.number_format)
    return _rich(value) if isinstance(value, list) else str(value)


def _rich(parts: Sequence[Any]) -> str:
    """Return a cell's text of several fonts: raised digits set apart, what is struck out gone."""
    told = ""
    for part in parts:
        font, text = getattr(part, "font", None), getattr(part, "text", part)
        if getattr(font, "strike", False):
            continue
        is_raised = getattr(font, "vertAlign", None) == "superscript"
        told += raised(told, text) if is_raised else text
    return told
