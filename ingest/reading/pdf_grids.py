"""Tables whose cells are ruled: what stands in a cell is read by its place."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise, product
from math import nan
from typing import NamedTuple

import pypdfium2

from ingest.reading.pdf_cells import Cell, Drawn, run_together, tidied
from ingest.reading.pdf_lines import PageLines, as_digits
from ingest.reading.pdf_rules import NEAR, THIN, Rule, places
from ingest.reading.table_heads import Wide, joined_heads, repeated
from services.language.normalize import on_one_line

_FEWEST_RULES = 3
# So many pairs of rules are looked at in a tenth of a second.
_MOST_PAIRS, _MOST_CELLS = 100_000, 2_000
# A rule may be off the place of its column or row by this.
_OFF = NEAR + THIN
# If rules stand amid more of the cells they are none of a table: lines under words, boxes of links.
_MOST_OVER = 0.1
# Letters stand so far above where their line does, in points.
_ABOVE = 2.0
# Returns what stands within left, bottom, right and top.
_TextIn = Callable[[float, float, float, float], str]


class _Told(NamedTuple):
    """The cells of a table's rows; all that they say, once; columns that a cell reaches over."""

    rows: list[list[str]]
    once: str
    together: list[range]


class Grid:
    """The places of a table's rules, from the left and from the top, in points, and how far each
    rule goes.
    """

    def __init__(self, level: Sequence[Rule], upright: Sequence[Rule]) -> None:
        self.columns = places(rule.left for rule in upright)
        self.rows = places(rule.bottom for rule in level)[::-1]
        self._upright = _by_place(
            self.columns, ((one.left, one.bottom, one.top) for one in upright)
        )
        self._level = _by_place(self.rows, ((one.bottom, one.left, one.right) for one in level))

    def holds(self, x: float, y: float) -> bool:
        """Say whether a point lies in it."""
        is_within = self.columns[0] <= x <= self.columns[-1]
        return is_within and self.rows[-1] <= y <= self.rows[0]

    def parts(self, words: Cell) -> bool:
        """Say whether a rule stands amid words that stand in it."""
        middle = words.bottom + _ABOVE
        return any(
            words.left < place < words.right - _ABOVE and _covers(rules, middle)
            for place, rules in list(zip(self.columns, self._upright, strict=True))[1:-1]
        )

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


def ruled_tables(
    rules: Iterable[Rule], textpage: pypdfium2.PdfTextPage, laid: PageLines
) -> Iterator[Drawn]:
    """Yield the tables whose cells are ruled; none that is not read letter by letter as its lines
    are: what stands over a rule would be cut, or told twice.
    """

    def between_rules(left: float, bottom: float, right: float, top: float) -> str:
        return str(textpage.get_text_bounded(left, bottom, right, top))

    for grid in _grids(rules):
        numbers = laid.touching(grid.holds)
        if not numbers or not laid.are_together(numbers):
            continue
        words = [word for number in numbers for word in laid.words(number) or ()]
        # What is written over a rule goes on without a gap.
        cells = [cell for number in numbers for cell in laid.cells(number) or ()]
        # An amount may stand apart from its sign.
        over = sum(grid.parts(cell) and any(map(str.isalpha, cell.text)) for cell in cells)
        by_word, by_cell = partial(_begin_within, words), partial(_begin_within, cells)
        is_parted = any(map(grid.parts, words))
        ways = (between_rules, by_word) if is_parted else (by_word, between_rules)
        told = _read_whole(grid, (*ways, by_cell), laid, numbers)
        if told and told.rows and over <= _MOST_OVER * len(cells):
            lines = range(numbers[0], numbers[-1] + 1)
            drawn = Drawn(lines, told.rows, _columns(grid), is_clear=not over)
            yield tidied(drawn, told.together)


def _read_whole(
    grid: Grid, ways: Iterable[_TextIn], laid: PageLines, numbers: Sequence[int]
) -> "_Told | None":
    """Return the cells by the first of the *ways* that tells each letter of the lines once."""
    letters = _letters("".join(map(laid.plain, numbers)))
    told = (_cells(grid, text_in) for text_in in ways)
    return next((one for one in told if _letters(one.once) == letters), None)


def _letters(text: str) -> Counter[str]:
    return Counter(as_digits("".join(text.split())))


def _columns(grid: Grid) -> list[Cell]:
    """Return where the columns behind the first stand."""
    at = grid.columns[1:]
    return [Cell("", left + _OFF, right - _OFF, 0) for left, right in pairwise(at)]


def _begin_within(
    words: Sequence[Cell], left: float, bottom: float, right: float, top: float
) -> str:
    """Return the words that begin in a place, those of a height on one line."""
    told = ""
    stands = nan
    for word in words:
        if left <= word.left < right and bottom <= word.bottom + _ABOVE < top:
            is_beside = abs(word.bottom - stands) <= _ABOVE
            told += f"{' ' if is_beside else chr(10)}{word.text}" if told else word.text
            stands = word.bottom
    return told


def _cells(grid: Grid, text_in: _TextIn) -> _Told:
    """Return the cells of each row; no rows where rules part groups of rows only: their numbers
    would run together. What reaches over several rows stands in each.
    """
    cells = [["" for _ in grid.columns[1:]] for _ in grid.rows[1:]]
    wide: list[Wide] = []
    told: list[str] = []
    are_apart = True
    for row, column in product(range(len(cells)), range(len(cells[0]))):
        rows, columns = grid.reach(row, column)
        if column != columns.start:
            continue
        text = text_in(
            grid.columns[columns.start],
            grid.rows[rows.stop],
            grid.columns[columns.stop],
            grid.rows[rows.start],
        )
        are_apart = are_apart and not run_together(text.split("\n"))
        told += [text] if row == rows.start else []
        cells[row][column] = on_one_line(text)
        if len(columns) > 1:
            wide.append(Wide(row, column, len(columns)))
    for (row, column), name in (joined_heads(cells, wide) | repeated(cells, wide)).items():
        cells[row][column] = name
    reaches = [range(one.column, one.column + one.width) for one in wide if one.column]
    return _Told(cells if are_apart else [], "".join(told), reaches)


def _grids(rules: Iterable[Rule]) -> Iterator[Grid]:
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


def _groups(level: Sequence[Rule], upright: Sequence[Rule]) -> list[list[Rule]]:
    """Return rules that cross or touch each other together."""
    rules = (*level, *upright)
    of = list(range(len(rules)))
    groups = [[at] for at in of]
    for one, other in _touching(level, upright):
        small, large = sorted((of[one], of[len(level) + other]), key=lambda at: len(groups[at]))
        if small != large:
            for at in groups[small]:
                of[at] = large
            groups[large] += groups[small]
            groups[small] = []
    return [[rules[at] for at in group] for group in groups if group]


def _touching(level: Sequence[Rule], upright: Sequence[Rule]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of level and of upright rules that touch."""
    order = sorted(range(len(upright)), key=lambda at: upright[at].left)
    lefts = [upright[at].left for at in order]
    for number, rule in enumerate(level):
        start = bisect_left(lefts, rule.left - NEAR - THIN)
        for at in order[start : bisect_right(lefts, rule.right + NEAR)]:
            if rule.touches(upright[at]):
                yield number, at
