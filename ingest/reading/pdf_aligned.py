"""Tables of words without rules: lines whose cells stand right under each other."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ingest.reading.pdf_cells import Cell, CellsOf, Drawn, over, tidied, union

_FEWEST_ROWS, _FEWEST_COLUMNS = 4, 3
_LONGEST_CELL = 60
# In points: cells of a column are off by this; columns are apart by this; rows no further.
_ALIGNED, _APART, _MOST_APART = 3.0, 5.0, 40.0


def aligned_tables(count: int, cells_of: CellsOf) -> Iterator[Drawn]:
    """Yield the tables among *count* lines: each has a cell in the first column, and the cells of a
    column begin, end or have their middles in one place. The first row may leave its first out.

    None where a line beside it stands in other columns alone: rows of several lines are not told
    apart without rules.
    """
    cells = [cells_of(number) or [] for number in range(count)]
    start = 0
    while start < count:
        end = start + 1
        while end < count and _follows(cells[end - 1], cells[end]):
            end += 1
        drawn = _drawn(range(start, end), cells)
        if drawn is not None:
            yield tidied(drawn)
        start = end


def _follows(above: Sequence[Cell], cells: Sequence[Cell]) -> bool:
    """Say whether both may be rows of one table."""
    if len(cells) < _FEWEST_COLUMNS or len(above) < _FEWEST_COLUMNS - 1:
        return False
    return 0 < above[0].bottom - cells[0].bottom <= _MOST_APART


def _drawn(lines: range, cells: Sequence[Sequence[Cell]]) -> Drawn | None:
    rows = [cells[number] for number in lines]
    if len(rows) < _FEWEST_ROWS:
        return None
    columns = _columns(rows)
    at = _places(rows, columns)
    if len(columns) < _FEWEST_COLUMNS or at is None or _is_cut(lines, cells, columns):
        return None
    held: list[list[Cell]] = [[] for _ in columns]
    told = [[""] * len(columns) for _ in rows]
    for row, of_row, into in zip(rows, at, told, strict=True):
        for cell, column in zip(row, of_row, strict=True):
            held[column].append(cell)
            into[column] = cell.text
    return Drawn(lines, told, columns[1:]) if all(map(_are_aligned, held)) else None


def _places(rows: Sequence[Sequence[Cell]], columns: Sequence[Cell]) -> list[list[int]] | None:
    """Return the columns of each row's cells, each one's own; None if a row but the first leaves
    its first out.
    """
    at = [[over(columns, cell)[0] for cell in row] for row in rows]
    are_own = all(one < other for row in at for one, other in pairwise(row))
    return at if are_own and all(row[0] == 0 for row in at[1:]) else None


def _columns(rows: Sequence[Sequence[Cell]]) -> list[Cell]:
    columns: list[Cell] = []
    for cell in sorted((cell for row in rows for cell in row), key=lambda one: one.left):
        if columns and cell.left <= columns[-1].right + _APART:
            columns[-1] = union(columns[-1], cell)
        else:
            columns.append(cell)
    return columns


def _is_cut(lines: range, cells: Sequence[Sequence[Cell]], columns: Sequence[Cell]) -> bool:
    """Say whether a line right above or below has cells only behind the first column."""
    beside = [(lines.start - 1, lines.start), (lines.stop, lines.stop - 1)]
    return any(
        0 <= one < len(cells)
        and cells[one]
        and cells[one][0].left >= columns[1].left - _ALIGNED
        and abs(cells[one][0].bottom - cells[edge][0].bottom) <= _MOST_APART
        for one, edge in beside
    )


def _are_aligned(column: Sequence[Cell]) -> bool:
    """Say whether short cells begin, end or have their middles in one place."""
    places = (
        [cell.left for cell in column],
        [cell.right for cell in column],
        [(cell.left + cell.right) / 2 for cell in column],
    )
    is_short = all(len(cell.text) <= _LONGEST_CELL for cell in column)
    return is_short and any(max(place) - min(place) <= _ALIGNED for place in places)
