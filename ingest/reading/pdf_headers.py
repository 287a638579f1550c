"""What the lines above a PDF's table call its columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.reading.pdf_cells import Cell, CellsOf, Table, is_amount, over, union

# So many lines above the first row may name columns: their names in parts, groups of them.
_MOST_LINES = 20
_LONGEST_NAME = 80
# All in points. A name may stand so far beside its column, or begin so far on its left.
_BESIDE = 9.0
_MOST_OUTSIDE = 27.0
_SAME_HEIGHT = 3.0
# Names stand so far above each other at most, and above the first row: a group's may be between.
_MOST_APART, _MOST_ABOVE_ROWS = 24.0, 60.0
# The name of a group stands in its middle, up to this share of a column aside.
_ASIDE = 0.25

_Numbered = tuple[int, Cell]


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a table's columns, that of the rows' own first, and the lines they come from."""

    names: list[str]
    lines: frozenset[int]


def header_of(table: Table, above: range, cells_of: CellsOf) -> Header | None:
    """Return what the lines *above* call the columns; None unless each has a name."""
    names = [""] * len(table.columns)
    label = ""
    used: set[int] = set()
    last, most = table.rows[min(table.rows)][0].bottom, _MOST_ABOVE_ROWS
    for level in _levels(_zone(table, above, cells_of)):
        apart = [cell for _, cell in level if _is_left(table, cell)]
        cells = [cell for _, cell in level if cell not in apart]
        if not cells:
            continue  # Names of rows, or the end of a sentence.
        parts = _parts(table, cells, names) if cells[0].bottom - last <= most else None
        if parts is None:
            break
        names = [f"{part} {name}".strip() for part, name in zip(parts, names, strict=True)]
        label = " ".join([*(cell.text for cell in apart), label]).strip()
        used |= {number for number, _ in level}
        last, most = cells[0].bottom, _MOST_APART
    return Header([label, *names], frozenset(used)) if all(names) else None


def _zone(table: Table, above: range, cells_of: CellsOf) -> list[_Numbered]:
    """Return the cells right above *table*, with the numbers of their lines, up to running text
    or another table.
    """
    zone: list[_Numbered] = []
    for number in above[: -_MOST_LINES - 1 : -1]:
        cells = cells_of(number) or []
        if not cells or any(_is_no_name(table, cell) for cell in cells):
            break
        zone += [(number, cell) for cell in cells]
    return zone


def _levels(zone: Sequence[_Numbered]) -> list[list[_Numbered]]:
    """Return the cells of each height, the lowest first, from left to right: a file may hold a
    name's parts one after the other, before those of the next.
    """
    levels: list[list[_Numbered]] = []
    for number, cell in sorted(zone, key=lambda one: one[1].bottom):
        if levels and cell.bottom - levels[-1][0][1].bottom <= _SAME_HEIGHT:
            levels[-1].append((number, cell))
        else:
            levels.append([(number, cell)])
    return [sorted(level, key=lambda one: one[1].left) for level in levels]


def _parts(table: Table, cells: Sequence[Cell], names: Sequence[str]) -> list[str] | None:
    """Return what *cells* of one height add to the *names* below them; None if that is unclear.

    One alone above the middle may name that column or all of them. Where names come back, as
    those of two years do for each of two quarters, what stands above their first is the group's.
    """
    own = _each_above_its_own(table, cells)
    size = len(names) // len(cells)
    if own is None or not all(names) or not _is_even(names, cells):
        return own or _grouped(table, cells, _ASIDE)
    if len(cells) > 1 and all(name == names[i % size] for i, name in enumerate(names)):
        return _grouped(table, cells, 0.5 * size) or own
    return None if _grouped(table, cells, _ASIDE) else own


def _each_above_its_own(table: Table, cells: Sequence[Cell]) -> list[str] | None:
    parts = [""] * len(table.columns)
    for cell in cells:
        below = over(table.columns, cell) or over(table.columns, cell, _BESIDE)
        if len(below) != 1:
            return None
        parts[below[0]] = f"{parts[below[0]]} {cell.text}".strip()
    return parts


def _grouped(table: Table, cells: Sequence[Cell], aside: float) -> list[str] | None:
    """Return the names of groups of equally many columns; None unless each stands in the middle
    of its own, or at most this share of a column *aside*.
    """
    columns = table.columns
    if not _is_even(columns, cells):
        return None
    size = len(columns) // len(cells)
    parts: list[str] = []
    for i, cell in enumerate(cells):
        group = union(columns[i * size], columns[(i + 1) * size - 1])
        off = abs(cell.left + cell.right - group.left - group.right) / 2
        if off > aside * (group.right - group.left) / size:
            return None
        parts += [cell.text] * size
    return parts


def _is_even(columns: Sequence[object], cells: Sequence[Cell]) -> bool:
    """Say whether each cell may be the name of a group of two or more columns."""
    return len(columns) % len(cells) == 0 and len(columns) > len(cells)


def _is_left(table: Table, cell: Cell) -> bool:
    """Say whether a cell stands left of all columns."""
    return cell.right < table.columns[0].left - _BESIDE


def _is_no_name(table: Table, cell: Cell) -> bool:
    """Say whether a cell is an amount, or text that reaches into the columns from far on their
    left; a name that is wider than its column does with less than half of its width.
    """
    if is_amount(cell.text) or len(cell.text) > _LONGEST_NAME:
        return True
    outside = table.columns[0].left - cell.left
    most = max((cell.right - cell.left) / 2, _MOST_OUTSIDE)
    return outside > most and not _is_left(table, cell)
