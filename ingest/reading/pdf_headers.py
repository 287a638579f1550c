"""What the lines above a PDF's table call its columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.reading.pdf_cells import Cell, CellsOf, Table, over, union

# So many lines above the first row may name columns: their names in parts, groups of them.
_MOST_LINES = 20
_LONGEST_NAME = 80
# All in points. A name may stand so far beside its column, what is about the rows' names so far on
# the left of all, and a name may begin so far on the left of its column.
_BESIDE, _APART = 12.0, 9.0
_MOST_OUTSIDE = 27.0
_SAME_HEIGHT = 3.0
# Parts of a name stand above each other, by their middles or an edge.
_ALIGNED = 3.0
# Names stand so far above each other at most, and above the first row: a group's may be between.
_MOST_APART, _MOST_ABOVE_ROWS = 26.0, 60.0
# The name of a group stands in its middle, up to this share of a column aside.
_ASIDE = 0.25
_FEWEST_IN_GROUP = 2
_UNIT = re.compile(
    r"[(（].*(?:thousand|million|billion|share|percent|[$€£¥￥%]|[千万亿元]).*[)）]", re.IGNORECASE
)
_NOTE = re.compile(r"\(\d\d?\)")
_DATE = re.compile(r"(?:19|20)\d\d(?: ?[-–/] ?(?:(?:19|20)?\d\d))?|\d{1,4}([-/.])\d\d?\1\d{1,4}")
_NUMERIC = re.compile(r"[\d–—-]")

_Numbered = tuple[int, Cell]


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a table's columns, that of the rows' own first; what of the lines that these
    come from says something else, by the lines' numbers.
    """

    names: list[str]
    lines: dict[int, str]


def header_of(table: Table, above: range, cells_of: CellsOf) -> Header | None:
    """Return what the lines *above* call the columns; None unless each has a name that tells it
    from the others.
    """
    zone = _zone(table, above, cells_of)
    naming = _Naming(table)
    used: list[_Numbered] = []
    for level in _levels(zone):
        taken = naming.take([cell for _, cell in level])
        if taken is None:
            break
        used += [one for one in level if one[1] in taken]
    if not naming.is_whole or _come_back(naming.names):
        return None
    lines = {number: "" for number, _ in used}
    for number, cell in zone:
        if number in lines and (number, cell) not in used:
            lines[number] = f"{lines[number]} {cell.text}".strip()
    return Header([" ".join(naming.label), *naming.names], lines)


class _Naming:
    """The names of a table's columns as they are found, from the lowest parts up."""

    def __init__(self, table: Table) -> None:
        self._columns = list(table.columns)
        self._tops: list[Cell | None] = [None] * len(self._columns)
        self._last, self._most = table.rows[min(table.rows)][0].bottom, _MOST_ABOVE_ROWS
        self.names = [""] * len(self._columns)
        self.label: list[str] = []

    @property
    def is_whole(self) -> bool:
        """Say whether each column has a name."""
        return all(self.names)

    def take(self, level: Sequence[Cell]) -> Sequence[Cell] | None:
        """Add what stands at one height; return what of it was added, None where no more can be.

        What stands left of the columns is about the rows' names, a unit alone about all amounts.
        """
        in_slots = not any(self.names) and self._stand_in_slots(level)
        apart = level[:1] if in_slots else [one for one in level if _is_left(self._columns, one)]
        cells = level[1:] if in_slots else [one for one in level if one not in apart]
        said = {cell.text for cell in cells}
        units = cells if len(said) == 1 and all(map(_UNIT.fullmatch, said)) else []
        cells = [] if units else cells
        if not cells and not units:
            return []  # Names of rows, or the end of a sentence.
        bottom = (cells or units)[0].bottom
        if bottom <= self._last:
            return []  # What comes before in the file may stand below, in another column of text.
        if bottom - self._last > self._most:
            return None
        places = [[i] for i in range(len(cells))] if in_slots else self._places(cells)
        if places is None:
            return [] if self.is_whole else None
        for cell, columns in zip(cells, places, strict=True):
            self._name(cell, columns)
        self.label[:0] = [*(cell.text for cell in apart), *(said if units else ())]
        self._last, self._most = bottom, _MOST_APART
        return level

    def _stand_in_slots(self, level: Sequence[Cell]) -> bool:
        """Say whether there is a cell for the rows' names and one for each column, which begins
        behind the column before: a column of a grid is wider than its amounts.
        """
        if len(level) != 1 + len(self._columns):
            return False
        before = [level[0].right, *(column.right for column in self._columns)]
        return all(
            start < cell.left and cell.right <= column.right + _BESIDE
            for cell, start, column in zip(level[1:], before, self._columns, strict=False)
        )

    def _name(self, cell: Cell, columns: Sequence[int]) -> None:
        for i in columns:
            self.names[i] = f"{cell.text} {self.names[i]}".strip()
            self._tops[i] = cell
        if len(columns) == 1:
            # Only a name of its own says how wide a column looks.
            self._columns[columns[0]] = union(self._columns[columns[0]], cell)

    def _places(self, cells: Sequence[Cell]) -> list[list[int]] | None:
        """Return the columns that each cell of one height is about; None if that is unclear.

        One alone above the middle may name that column or all of them. Where names come back, as
        those of two years do for each of two quarters, what differs above them tells the groups
        apart, what does not is a part of the names.
        """
        if not cells:
            return []
        own = [over(self._columns, one) or over(self._columns, one, _BESIDE) for one in cells]
        is_own = all(len(columns) == 1 for columns in own)
        if not self.is_whole:
            return own if is_own else self._groups(cells, is_loose=False)
        if is_own and len(cells) < len(self.names) and _come_back(self.names, len(cells)):
            is_same = len({cell.text for cell in cells}) == 1
            return own if is_same else self._groups(cells, is_loose=True)
        groups = self._groups(cells, is_loose=False)
        if groups is not None and (not is_own or len(cells) > 1):
            return groups
        if is_own:
            is_clear = groups is None and (len(cells) > 1 or self._is_aligned(cells[0], own[0]))
        else:
            is_clear = _are_apart(own) and (len(cells) > 1 or self._is_at_end(cells[0], own[0]))
        return own if is_clear else None

    def _groups(self, cells: Sequence[Cell], *, is_loose: bool) -> list[list[int]] | None:
        """Return groups of equally many columns; None unless each cell stands in the middle of its
        own, or, if that *is_loose*, somewhere within.
        """
        size, rest = divmod(len(self._columns), len(cells))
        if size < _FEWEST_IN_GROUP or rest:
            return None
        groups = [list(range(i * size, (i + 1) * size)) for i in range(len(cells))]
        aside = size / 2 if is_loose else _ASIDE
        is_clear = all(self._is_amid(*one, aside) for one in zip(cells, groups, strict=True))
        return groups if is_clear else None

    def _is_amid(self, cell: Cell, columns: Sequence[int], aside: float = _ASIDE) -> bool:
        """Say whether a cell stands in the middle of *columns*, up to this share of one *aside*."""
        group = union(self._columns[columns[0]], self._columns[columns[-1]])
        off = abs(cell.left + cell.right - group.left - group.right) / 2
        return off <= aside * (group.right - group.left) / len(columns)

    def _is_at_end(self, cell: Cell, columns: Sequence[int]) -> bool:
        """Say whether a cell stands in the middle of *columns* that are the first or the last: of
        some in between more on both sides may belong to it.
        """
        is_end = columns[0] == 0 or columns[-1] == len(self._columns) - 1
        return is_end and self._is_amid(cell, columns)

    def _is_aligned(self, cell: Cell, columns: Sequence[int]) -> bool:
        """Say whether a cell stands right above a part of the name of its column."""
        top = self._tops[columns[0]]
        if top is None:
            return False
        left, right = cell.left - top.left, cell.right - top.right
        return min(abs(left), abs(right), abs(left + right) / 2) <= _ALIGNED


def _come_back(names: Sequence[str], groups: int = 0) -> bool:
    """Say whether the same names stand in each of several *groups*, of any number if none is
    given.
    """
    counts = [groups] if groups else range(2, len(names) + 1)
    return any(
        count > 1
        and len(names) % count == 0
        and all(name == names[i % (len(names) // count)] for i, name in enumerate(names))
        for count in counts
    )


def _are_apart(own: Sequence[Sequence[int]]) -> bool:
    """Say whether cells that stand above several columns stand above different ones."""
    flat = [i for columns in own for i in columns]
    return all(own) and flat == sorted(set(flat))


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


def _is_left(columns: Sequence[Cell], cell: Cell) -> bool:
    """Say whether a cell stands left of all columns."""
    return cell.right < columns[0].left - _APART


def _is_no_name(table: Table, cell: Cell) -> bool:
    """Say whether a cell is an amount, or text that reaches into the columns from far on their
    left; a name that is wider than its column does with less than half of its width.
    """
    if len(cell.text) > _LONGEST_NAME:
        return True
    plain = _NOTE.sub("", cell.text).strip()
    if not any(map(str.isalpha, plain)) and not _DATE.fullmatch(plain):
        return _NUMERIC.search(plain) is not None
    first = table.columns[0].left
    most = max((cell.right - cell.left) / 2, _MOST_OUTSIDE)
    return cell.right >= first and first - cell.left > most
