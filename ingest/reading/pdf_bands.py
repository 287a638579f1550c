"""Tables whose rows are parted by level rules alone: their columns are where no words stand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.reading.pdf_cells import Cell, Drawn, over, run_together, tidied, union
from ingest.reading.pdf_lines import PageLines
from ingest.reading.pdf_rules import NEAR, THIN, Rule
from services.language.normalize import on_one_line

_FEWEST_RULES, _FEWEST_ROWS, _FEWEST_COLUMNS = 3, 3, 2
# More are a drawing.
_MOST_RULES = 2_000
# Cells of several lines in a band of more lines than this are columns of running text.
_MOST_LINES = 8
_HEAD_AND_BODY, _MOST_IN_HEAD = 2, 2
# A cell that takes more of the width is a line of text.
_WIDEST = 0.7
# So many of the rows have cells beside their first.
_FILLED = 0.6
# In points: letters stand so far above where their line does; lines of one height are off by it.
_ABOVE = 2.0
# A row above the first rule, or under the last, is no further away, in points.
_BESIDE = 24.0

# Cells of one height, with the number of their line.
_Level = list[tuple[int, Cell]]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Level rules of one width, from the top down."""

    left: float
    right: float
    heights: list[float]


def banded_tables(rules: Iterable[Rule], laid: PageLines) -> Iterator[Drawn]:
    """Yield the tables between level rules of one width."""
    rules = list(rules)
    frames = _frames(rules) if len(rules) <= _MOST_RULES else []
    if not frames:
        return
    cells = [
        (number, cell) for number in range(len(laid.lines)) for cell in laid.cells(number) or ()
    ]
    for frame in frames:
        for run in _runs(frame, cells):
            drawn = _drawn(run)
            if drawn is not None and laid.are_together(sorted({n for b in run for n, _ in b})):
                yield tidied(drawn)


def _frames(rules: Sequence[Rule]) -> list[_Frame]:
    """Return the level rules of the same width, but for those that upright ones cross."""
    frames: dict[tuple[int, int], list[Rule]] = {}
    for rule in _joined([rule for rule in rules if rule.is_level]):
        for (left, right), same in frames.items():
            if abs(rule.left - left) <= THIN and abs(rule.right - right) <= THIN:
                same.append(rule)
                break
        else:
            frames[rule.left, rule.right] = [rule]
    inner = [rule for rule in rules if not rule.is_level]
    return [
        _Frame(left, right, [float(rule.bottom) for rule in same])
        for (left, right), same in frames.items()
        if len(same) >= _FEWEST_RULES and not any(_is_inside(one, same) for one in inner)
    ]


def _joined(level: Sequence[Rule]) -> list[Rule]:
    """Return level rules from the top down, those that go on in each other as one."""
    joined: list[Rule] = []
    for rule in sorted(level, key=lambda one: (-one.bottom, one.left)):
        last = joined[-1] if joined else None
        if last and last.bottom - rule.bottom <= THIN and rule.left <= last.right + NEAR:
            left, right = min(last.left, rule.left), max(last.right, rule.right)
            joined[-1] = Rule(left, last.bottom, right, last.top)
        else:
            joined.append(rule)
    return joined


def _is_inside(upright: Rule, level: Sequence[Rule]) -> bool:
    top, bottom = level[0], level[-1]
    is_between = upright.bottom < top.bottom and upright.top > bottom.bottom
    return is_between and top.left + THIN < upright.left < top.right - THIN


def _runs(frame: _Frame, cells: Sequence[tuple[int, Cell]]) -> Iterator[list[_Level]]:
    """Yield the bands of a table: those one after the other in which cells stand side by side, and
    a row right above the first rule or under the last.
    """
    within = [
        one
        for one in cells
        if frame.left - THIN <= one[1].left and one[1].right <= frame.right + THIN
    ]
    tops = [frame.heights[0] + _BESIDE, *frame.heights]
    bottoms = [*frame.heights, frame.heights[-1] - _BESIDE]
    run: list[_Level] = []
    for at, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
        band = [one for one in within if bottom <= one[1].bottom + _ABOVE < top]
        if at in (0, len(tops) - 1):
            levels = _levels(band)
            band = [] if not levels else levels[-1] if at == 0 else levels[0]
        if _is_tabular(band, frame):
            run.append(band)
        elif band:
            yield run
            run = []
    yield run


def _is_tabular(band: _Level, frame: _Frame) -> bool:
    """Say whether cells stand side by side in a band, and none takes nearly all of the width."""
    widest = max((cell.right - cell.left for _, cell in band), default=0.0)
    if widest > _WIDEST * (frame.right - frame.left):
        return False
    spans = sorted((cell.left, cell.right) for _, cell in band)
    return any(one[1] < other[0] for one, other in pairwise(spans))


def _levels(band: _Level) -> list[_Level]:
    """Return the cells of each height, from the top down."""
    levels: list[_Level] = []
    for one in sorted(band, key=lambda numbered: (-numbered[1].bottom, numbered[1].left)):
        if levels and levels[-1][0][1].bottom - one[1].bottom <= _ABOVE:
            levels[-1].append(one)
        else:
            levels.append([one])
    return [sorted(level, key=lambda numbered: numbered[1].left) for level in levels]


def _drawn(run: Sequence[_Level]) -> Drawn | None:
    columns = _columns(run)
    if len(columns) < _FEWEST_COLUMNS:
        return None
    rows: list[list[str]] = []
    # A head and a body of rows that no rules part.
    is_alone = len(run) == _HEAD_AND_BODY and len(_levels(run[0])) <= _MOST_IN_HEAD
    for band in run:
        made = _rows(band, columns, is_alone=is_alone)
        if made is None:
            return None
        rows += made
    filled = sum(sum(map(bool, row)) >= _FEWEST_COLUMNS for row in rows)
    if len(rows) < _FEWEST_ROWS or filled < _FILLED * len(rows):
        return None
    numbers = [number for band in run for number, _ in band]
    return Drawn(range(min(numbers), max(numbers) + 1), rows, columns[1:])


def _columns(run: Sequence[_Level]) -> list[Cell]:
    """Return where cells stand above each other, a gap from the next."""
    columns: list[Cell] = []
    for cell in sorted((cell for band in run for _, cell in band), key=lambda one: one.left):
        if columns and cell.left <= columns[-1].right + NEAR:
            columns[-1] = union(columns[-1], cell)
        else:
            columns.append(cell)
    return columns


def _rows(band: _Level, columns: Sequence[Cell], *, is_alone: bool) -> list[list[str]] | None:
    """Return the row in a band, or its rows where each line is one; None if it is running text."""
    levels = _levels(band)
    lines = [_row(level, columns) for level in levels]
    are_rows = all(line[0] and sum(map(bool, line)) >= _FEWEST_COLUMNS for line in lines)
    together = [[line[at] for line in lines if line[at]] for at in range(len(columns))]
    if len(lines) == 1 or (are_rows and (is_alone or any(map(run_together, together)))):
        return lines
    if any(map(run_together, together)) or len(lines) > _MOST_LINES:
        return None
    return [[on_one_line("\n".join(parts)) for parts in together]]


def _row(level: _Level, columns: Sequence[Cell]) -> list[str]:
    told = [""] * len(columns)
    for _, cell in level:
        at = over(columns, cell)[0]
        told[at] = f"{told[at]} {cell.text}".strip()
    return told
