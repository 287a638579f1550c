"""Reader of Excel, by openpyxl: every sheet under its name, its tables whole, values with all their
digits and as dates, percents and units.
"""

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.archives import check_container
from ingest.reading.cell_formats import shown_number
from ingest.reading.guarding import guarded
from ingest.reading.table_heads import Wide, joined_heads
from ingest.reading.tables import rows_as_text

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
    book = openpyxl.load_workbook(io.BytesIO(source.path.read_bytes()), data_only=True)
    for number, sheet in enumerate(book.worksheets, 1):
        yield Block("heading", sheet.title, 1)
        yield from _tables(sheet)
        tell(number, len(book.worksheets))


def _tables(sheet: Any) -> Iterator[Block]:  # noqa: ANN401 - untyped library
    again, wide = _merged(sheet)
    rows = [
        [again.get((cell.row, cell.column)) or _shown(cell) for cell in row]
        for row in sheet.iter_rows()
    ]
    for is_filled, group in groupby(range(len(rows)), lambda number: any(rows[number])):
        if is_filled:
            numbers = list(group)
            whole = [rows[number] for number in numbers]
            here = (replace(one, row=one.row - numbers[0]) for one in wide if one.row in numbers)
            heads = joined_heads(whole, here)
            for (row, column), name in heads.items():
                whole[row][column] = name
            for table in _side_by_side(whole):
                yield Block("table" if len(table[0]) > 1 else "text", rows_as_text(table))


def _merged(sheet: Any) -> tuple[dict[tuple[int, int], str], list[Wide]]:  # noqa: ANN401
    """Return the text of each cell that reaches over several rows for each of them, and the cells
    that reach over several columns of one row.
    """
    areas = sheet.merged_cells.ranges
    again = {
        (row, area.min_col): _shown(sheet.cell(area.min_row, area.min_col))
        for area in areas
        for row in range(area.min_row + 1, area.max_row + 1)
    }
    wide = [
        Wide(area.min_row - 1, area.min_col - 1, area.size["columns"])
        for area in areas
        if area.size["rows"] == 1
    ]
    return again, wide


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
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return shown_number(value, cell.number_format)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return _shown_time(value)
    return "" if value is None else str(value)


def _shown_time(value: dt.date | dt.time | dt.timedelta) -> str:
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, dt.datetime) and value.time() != dt.time():
        return value.isoformat(" ", "minutes")
    return value.strftime("%Y-%m-%d")
