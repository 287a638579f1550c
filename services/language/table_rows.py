"""Rows of tables in canonical text: a line each, cells between bars, the header row first."""

import re
from collections.abc import Sequence
from itertools import takewhile

_BAR = " | "
# A longer row names too much to be repeated above others.
_LONGEST = 200
_FEWEST = 2
# Above amounts there may be so many rows: groups of columns, their names, units.
_LEADING = 4
_AMOUNT = re.compile(
    r"[-+−(]?\s?(?:[A-Z]{0,3}[$€£¥￥]|EUR|USD|GBP|CNY|RMB)?\s?[-−]?\d[\d.,'\s]*"
    r"(?:[%‰€$]|[a-z]{1,3}|\D?[元年月天个人])?\)?"
)
_YEAR = re.compile(r"(?:1[89]|20)\d\d\D{0,2}")
_RULE = re.compile(r"[-:|\s]+")
_STOPS = {"en": (": ", "; ", "."), "zh": ("：", "；", "。")}


def is_row(line: str) -> bool:
    """Say whether a line is a row of a table."""
    return _BAR in line


def header_of(lines: Sequence[str]) -> str | None:
    """Return the row of a table's *lines* that names its columns; None where none seems to.

    Of the rows above the first that holds amounts it is the one with most names; years name
    columns, too. Without amounts it is the first. A line without cells is a caption.
    """
    rows = [line.strip() for line in lines if is_row(line)]
    leading = list(takewhile(lambda row: not _has_amount(row), rows))
    leading = leading[: _LEADING if len(leading) < len(rows) else 1]
    header = max(leading, key=lambda row: len(_names(row)), default="")
    return header if _names(header) and len(header) <= _LONGEST else None


def cells(row: str) -> list[str]:
    """Return the cells of a row, with or without bars around it."""
    inner = row.strip()
    # Ours have none around them: a bar at the start alone follows an empty cell.
    if inner.startswith("|") and inner.endswith("|"):
        inner = inner[1:-1]
    return [cell.strip() for cell in inner.split("|")]


def rows_of(text: str, above: str | None = None) -> dict[int, str]:
    """Return where the rows of tables in *text* begin, each with the row that names its columns,
    and whatever stands above that, and rules, with themselves.

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


def _named(run: Sequence[tuple[int, str]], above: str | None) -> dict[int, str]:
    """Return the places of a run of rows, with what names their columns."""
    rows = [row for _, row in run]
    header = above or (header_of(rows) if len(run) > 1 else None)
    if header is None:
        return {}
    first = rows.index(header) + 1 if header in rows else 0
    return {
        start: row if i < first or _RULE.fullmatch(row) else header
        for i, (start, row) in enumerate(run)
    }


def _names(row: str) -> list[str]:
    """Return what a row says behind its first cell."""
    return [] if _RULE.fullmatch(row) else [cell for cell in cells(row)[1:] if cell]


def _has_amount(row: str) -> bool:
    return any(_AMOUNT.fullmatch(one) and not _YEAR.fullmatch(one) for one in _names(row))
