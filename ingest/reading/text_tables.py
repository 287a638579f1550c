"""Tables in plain text: lines whose cells stand under each other between spaces, or between tabs.

What a place is, is counted as it is shown: an ideograph is as wide as two letters.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from ingest.reading import Block
from ingest.reading.tables import rows_as_text
from services.language.normalize import CJK

_FEWEST_ROWS, _FEWEST_COLUMNS = 3, 2
# Cells are so far apart at least, but for a few that fill their column.
_APART = 2
# So many of the first and last lines that may be rows are looked at as something else.
_MOST_OTHERS = 2
# Of longer tables all lines must be rows, and no row is longer.
_MOST_ROWS, _WIDEST = 400, 400
# A longer cell is running text behind its number.
_LONGEST = 60
_WORD = re.compile(r"[^\s\u3000]+")
_CELL = re.compile(rf"{_WORD.pattern}(?:[ \u00a0]{_WORD.pattern})*")
_RULE = re.compile(r"[-=_+·.─━═*\s]+")
_NUMBERING = re.compile(
    r"[(（\[]?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]+|[一二三四五六七八九十]+)[)）\].、:：]?|[-–—*•·]|"
    r"第.{1,4}[章条节]"
)
_WIDE = ("W", "F")


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in a line from one place to another."""

    start: int
    end: int
    text: str


def text_blocks(paragraph: str) -> Iterator[Block]:
    """Yield a paragraph of plain text as a block, and each table in it as one of its own."""
    lines = paragraph.split("\n")
    told = 0
    for start, end in _runs(lines):
        found = _table_in(lines, start, end)
        if found is None:
            continue
        first, last, rows = found
        yield from _text(lines[told:first])
        yield Block("table", rows_as_text(rows))
        told = last
    yield from _text(lines[told:])


def _table_in(
    lines: Sequence[str], start: int, end: int
) -> tuple[int, int, list[list[str]]] | None:
    """Return from where to where a table reaches among lines that may be its rows, and its rows;
    the first or last may be others (3.1  Prices:).
    """
    others = _MOST_OTHERS if end - start <= _MOST_ROWS else 0
    for last in range(end, end - others - 1, -1):
        for first in range(start, start + others + 1):
            if rows := _rows(lines[first:last]):
                return first, last, rows
    return None


def _text(lines: Sequence[str]) -> Iterator[Block]:
    if any(map(str.strip, lines)):
        yield Block("text", "\n".join(lines))


def _runs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield from where to where lines may be rows of one table: each has several cells, or goes on
    in a column behind the first.
    """
    start = 0
    second = 0
    for at, line in enumerate([*lines, ""]):
        cells = _cells(line)
        goes_on = at > start and cells and (_is_rule(line) or cells[0].start >= second - 1)
        is_row = len(cells) >= _FEWEST_COLUMNS and len(line) <= _WIDEST
        if is_row and not _is_numbered(cells):
            second = cells[1].start if at == start else min(second, cells[1].start)
        elif not goes_on:
            if at - start >= _FEWEST_ROWS:
                yield start, at
            start = at + 1


def _is_numbered(cells: Sequence[_Cell]) -> bool:
    """Say whether a line is a text behind its number."""
    return len(cells) == _FEWEST_COLUMNS and _NUMBERING.fullmatch(cells[0].text) is not None


def _rows(lines: Sequence[str]) -> list[list[str]]:
    """Return the rows of a table; none where *lines* are something else."""
    told = [line for line in lines if not _is_rule(line)]
    if len(told) < _FEWEST_ROWS or any("|" in line for line in told):
        return []
    if all("\t" in line.strip() for line in told):
        rows = [[cell.strip() for cell in re.split(r"\t+", line.strip())] for line in told]
        return rows if len({len(row) for row in rows}) == 1 else []
    rows = _aligned([_cells(line, apart=1) for line in told])
    filled = [sum(map(bool, row)) for row in rows]
    is_table = filled.count(1) * 4 <= len(rows) and filled[:1] != [1]
    return rows if is_table and len(rows) >= _FEWEST_ROWS else []


def _aligned(placed: Sequence[Sequence[_Cell]]) -> list[list[str]]:
    """Return rows of cells in columns; none where the words of the lines have no gaps in common, or
    are running text.
    """
    columns = _columns(placed)
    if _is_spread(placed, columns):
        return []
    rows: list[list[str]] = []
    for words in placed:
        row = [_joined(w.text for w in words if first <= w.start < end) for first, end in columns]
        if len(row) < _FEWEST_COLUMNS or any(_width(cell) > _LONGEST for cell in row):
            return []
        if row[0] or not rows:
            rows.append(row)
        elif len(row) > _FEWEST_COLUMNS and all(row[1:]):
            # As of a merged cell: the name of several rows stands beside the first.
            rows.append([rows[-1][0], *row[1:]])
        else:
            rows[-1] = [_joined(filter(None, both)) for both in zip(rows[-1], row, strict=True)]
    return rows


def _is_spread(placed: Sequence[Sequence[_Cell]], columns: Sequence[tuple[int, int]]) -> bool:
    """Say whether words stand apart within columns, too: lines made as wide as a page by spaces."""
    begins = [first for first, _ in columns]
    within = across = 0
    for words in placed:
        for before, word in pairwise(words):
            if word.start - before.end >= _APART:
                is_same = bisect_right(begins, before.start) == bisect_right(begins, word.start)
                within, across = within + is_same, across + (not is_same)
    return within * 2 > across


def _columns(placed: Sequence[Sequence[_Cell]]) -> list[tuple[int, int]]:
    """Return from where to where columns reach: between them no line has a letter, and before most
    cells of one is more than the space between words.
    """
    parts: list[tuple[int, int]] = []
    for start, end in sorted((word.start, word.end) for words in placed for word in words):
        if parts and start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(parts[-1][1], end))
        else:
            parts.append((start, end))
    begins = [start for start, _ in parts]
    apart = _apart(placed, begins)
    starts = [begins[0], *(at for at, is_apart in zip(begins, apart, strict=True) if is_apart)]
    return list(zip(starts, [*starts[1:], parts[-1][1]], strict=True))


def _apart(placed: Sequence[Sequence[_Cell]], begins: Sequence[int]) -> list[bool]:
    """Say of each part of the lines whether most of its words that others stand before have a gap
    before them; of the first nothing does.
    """
    wide, narrow = [0] * len(begins), [0] * len(begins)
    for words in placed:
        for before, word in pairwise(words):
            part = bisect_right(begins, word.start) - 1
            if before.end <= begins[part]:
                gaps = wide if word.start - before.end >= _APART else narrow
                gaps[part] += 1
    return [one > 0 and one >= other for one, other in zip(wide, narrow, strict=True)]


def _is_rule(line: str) -> bool:
    return bool(line.strip()) and _RULE.fullmatch(line) is not None


def _cells(line: str, apart: int = _APART) -> list[_Cell]:
    """Return the cells of a line, or its words where they need be *apart* by one space alone."""
    pattern = _CELL if apart > 1 else _WORD
    plain = line.expandtabs()
    found = pattern.finditer(plain)
    if plain.isascii():
        return [_Cell(*one.span(), one[0]) for one in found]
    places = [0, *accumulate(map(_width, plain))]
    return [_Cell(places[one.start()], places[one.end()], one[0]) for one in found]


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(letter) in _WIDE) for letter in text)


def _joined(texts: Iterator[str]) -> str:
    """Return parts of one cell: words with a space between, but not between ideographs."""
    whole = ""
    for text in texts:
        is_close = not whole or (CJK.match(whole[-1]) and CJK.match(text))
        whole += text if is_close else f" {text}"
    return whole
