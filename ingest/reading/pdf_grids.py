"""Tables whose cells are ruled: what stands in a cell is read by its place."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading.pdf_lines import PageLines
from ingest.reading.pdf_tables import Row
from ingest.reading.table_heads import Wide, joined_heads
from ingest.reading.tables import rows_as_text
from services.language.normalize import on_one_line

# In points: a rule is no thicker, and rules that are no farther apart touch.
_THIN, _NEAR = 3, 2
_FEWEST_RULES = 3
# More are a drawing; and so many pairs of rules are looked at in a tenth of a second.
_MOST_SHAPES, _MOST_PAIRS, _MOST_CELLS = 4_000, 100_000, 2_000
_SHORTEST_RULE = 8
# A rule may be off the place of its column or row by this.
_OFF = _NEAR + _THIN
_NUMBER = re.compile(r"[-+(]?[$€£¥￥]?\d[\d,.\s]*%?\)?")


@dataclass(frozen=True, slots=True)
class _Rule:
    left: int
    bottom: int
    right: int
    top: int

    @property
    def is_level(self) -> bool:
        return self.top - self.bottom <= self.right - self.left

    def touches(self, other: "_Rule") -> bool:
        return (
            self.left - _NEAR <= other.right
            and other.left - _NEAR <= self.right
            and self.bottom - _NEAR <= other.top
            and other.bottom - _NEAR <= self.top
        )


class Grid:
    """The places of a table's rules, from the left and from the top, in points, and how far each
    rule goes.
    """

    def __init__(self, level: Sequence[_Rule], upright: Sequence[_Rule]) -> None:
        self.columns = _places(rule.left for rule in upright)
        self.rows = _places(rule.bottom for rule in level)[::-1]
        self._upright = _by_place(
            self.columns, ((one.left, one.bottom, one.top) for one in upright)
        )
        self._level = _by_place(self.rows, ((one.bottom, one.left, one.right) for one in level))

    def holds(self, x: float, y: float) -> bool:
        """Say whether a point lies in it."""
        is_within = self.columns[0] <= x <= self.columns[-1]
        return is_within and self.rows[-1] <= y <= self.rows[0]

    def reach(self, row: int, column: int) -> tuple[range, range]:
        """Return the rows and the columns that a cell reaches over: no rule parts them."""
        middle = (self.rows[row] + self.rows[row + 1]) / 2
        columns = _reach(
            column, len(self.columns) - 1, lambda at: _covers(self._upright[at], middle)
        )
        across = (self.columns[columns.start] + self.columns[columns.stop]) / 2
        rows = _reach(row, len(self.rows) - 1, lambda at: _covers(self._level[at], across))
        return rows, columns


def _by_place(
    places: Sequence[int], rules: Iterable[tuple[int, int, int]]
) -> list[list[tuple[int, int]]]:
    """Return from where to where rules go, for each of *places*."""
    found: list[set[tuple[int, int]]] = [set() for _ in places]
    at = {place: i for i, place in enumerate(places)}
    for place, start, end in rules:
        for near in range(place - _OFF, place + _OFF + 1):
            if near in at:
                found[at[near]].add((start, end))
    return [sorted(one) for one in found]


def _covers(rules: Sequence[tuple[int, int]], place: float) -> bool:
    return any(start <= place <= end for start, end in rules)


def _reach(at: int, last: int, is_parted: Callable[[int], bool]) -> range:
    first, end = at, at + 1
    while first > 0 and not is_parted(first):
        first -= 1
    while end < last and not is_parted(end):
        end += 1
    return range(first, end)


def with_grids(
    page: pypdfium2.PdfPage,
    textpage: pypdfium2.PdfTextPage,
    laid: PageLines,
    lines: Sequence[str],
) -> list[str]:
    """Return *lines* with the rows of ruled tables in the place of the lines within them; what has
    been made a table of already stays. Pages that are turned stay as they are.
    """
    if page.get_rotation() != 0:
        return list(lines)
    made = list(lines)
    for grid in _grids(page):
        within = laid.within(grid.holds)
        at = [i for i, line in enumerate(made) if any(line is laid.lines[j] for j in within)]
        if not at or at != list(range(at[0], at[0] + len(within))):
            continue
        cells = _cells(grid, textpage)
        if cells is not None:
            rows = [Row(line) for line in rows_as_text(cells).split("\n") if line]
            made[at[0] : at[-1] + 1] = ["", *rows, ""]
    return made


def _cells(grid: Grid, textpage: pypdfium2.PdfTextPage) -> list[list[str]] | None:
    """Return the cells of each row; None where rules part groups of rows only: their numbers would
    run together. What reaches over several rows stands in each.
    """
    cells = [["" for _ in grid.columns[1:]] for _ in grid.rows[1:]]
    wide: list[Wide] = []
    for row, column in product(range(len(cells)), range(len(cells[0]))):
        rows, columns = grid.reach(row, column)
        if column != columns.start:
            continue
        text = str(
            textpage.get_text_bounded(
                grid.columns[columns.start],
                grid.rows[rows.stop],
                grid.columns[columns.stop],
                grid.rows[rows.start],
            )
        )
        lines = text.split("\n")
        if len(lines) > 1 and all(_NUMBER.fullmatch(line.strip()) for line in lines):
            return None
        cells[row][column] = on_one_line(text)
        if len(columns) > 1:
            wide.append(Wide(row, column, len(columns)))
    for (row, column), name in joined_heads(cells, wide).items():
        cells[row][column] = name
    return cells


def _grids(page: pypdfium2.PdfPage) -> Iterator[Grid]:
    rules = set(_rules(page))
    level = [rule for rule in rules if rule.is_level]
    upright = [rule for rule in rules if not rule.is_level]
    if min(len(level), len(upright)) < _FEWEST_RULES or len(level) * len(upright) > _MOST_PAIRS:
        return
    for group in _groups(level, upright):
        grid = Grid(
            [rule for rule in group if rule.is_level],
            [rule for rule in group if not rule.is_level],
        )
        cells = (len(grid.columns) - 1) * (len(grid.rows) - 1)
        if min(len(grid.columns), len(grid.rows)) >= _FEWEST_RULES and cells <= _MOST_CELLS:
            yield grid


def _rules(page: pypdfium2.PdfPage) -> Iterator[_Rule]:
    """Yield the straight rules of a page: thin shapes, and the sides of boxes."""
    shapes = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=3)
    for shape in islice(shapes, _MOST_SHAPES):
        left, bottom, right, top = map(round, shape.get_bounds())
        width, height = right - left, top - bottom
        if max(width, height) < _SHORTEST_RULE:
            continue
        if min(width, height) <= _THIN:
            yield _Rule(left, bottom, right, top)
        else:
            yield _Rule(left, bottom, left, top)
            yield _Rule(right, bottom, right, top)
            yield _Rule(left, bottom, right, bottom)
            yield _Rule(left, top, right, top)


def _groups(level: Sequence[_Rule], upright: Sequence[_Rule]) -> list[list[_Rule]]:
    """Return rules that cross or touch each other together."""
    groups: dict[_Rule, list[_Rule]] = {rule: [rule] for rule in (*level, *upright)}
    for one, other in product(level, upright):
        if one.touches(other) and groups[one] is not groups[other]:
            joined = groups[one] + groups[other]
            groups |= dict.fromkeys(joined, joined)
    return list({id(group): group for group in groups.values()}.values())


def _places(values: Iterable[int]) -> list[int]:
    places: list[int] = []
    for value in sorted(values):
        if not places or value - places[-1] > _NEAR + _THIN:
            places.append(value)
    return places
