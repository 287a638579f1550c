"""Rows of tables in canonical text: a line each, cells between bars, the header row first."""

import re
from collections.abc import Sequence

_BAR = " | "
# A longer row names too much to be repeated above others.
_LONGEST = 200
_FEWEST = 2
_AMOUNT = re.compile(
    r"[-+−(]?\s?(?:[A-Z]{0,3}[$€£¥￥]|EUR|USD|GBP|CNY|RMB)?\s?[-−]?\d[\d.,'\s]*"
    r"(?:[%‰€$]|[a-z]{1,3}|\D?[元年月天个人])?\)?"
)
_YEAR = re.compile(r"(?:1[89]|20)\d\d\D{0,2}")
_STOPS = {"en": (": ", "; ", "."), "zh": ("：", "；", "。")}


def is_row(line: str) -> bool:
    """Say whether a line is a row of a table."""
    return _BAR in line


def header_of(lines: Sequence[str]) -> str | None:
    """Return the row of a table's *lines* that names its columns; None where the first row does not
    seem to, as amounts stand in it. Years name columns. A line without cells above it is a caption.
    """
    first = next((line.strip() for line in lines if is_row(line)), None)
    if first is None or len(first) > _LONGEST:
        return None
    names = [cell for cell in cells(first)[1:] if cell]
    amounts = [one for one in names if _AMOUNT.fullmatch(one) and not _YEAR.fullmatch(one)]
    return first if names and not amounts else None


def cells(row: str) -> list[str]:
    """Return the cells of a row."""
    return [cell.strip() for cell in row.split("|")]


def rows_of(text: str, above: str | None = None) -> dict[int, str]:
    """Return where the rows of tables in *text* begin, each with the row that names its columns,
    that row with itself.

    A table is two lines with bars or more, one after the other; *above* names the columns of one
    that *text* begins within.
    """
    found: dict[int, str] = {}
    run: list[tuple[int, str]] = []
    position = 0
    for line in [*text.split("\n"), ""]:
        if is_row(line):
            run.append((position + len(line) - len(line.lstrip()), line.strip()))
        else:
            begins = bool(run) and run[0][0] == 0
            found |= _named(run, above if begins else None)
            run = []
        position += len(line) + 1
    return found


def _named(run: Sequence[tuple[int, str]], above: str | None) -> dict[int, str]:
    """Return the places of a run of rows, with what names their columns."""
    header = above or (header_of([row for _, row in run]) if len(run) > 1 else None)
    return {start: header for start, _ in run} if header else {}


def told(header: str, row: str, language: str) -> str | None:
    """Return a row as a sentence that names each cell's column; None where they do not fit."""
    names, values = cells(header), cells(row)
    if len(values) > len(names) or len(values) < _FEWEST:
        return None
    is_word, comma, stop = _STOPS.get(language, _STOPS["en"])
    parts = [
        f"{name}{is_word}{value}" if name else value
        for name, value in zip(names, values, strict=False)
        if value
    ]
    return comma.join(parts) + stop
