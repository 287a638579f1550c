"""Rows of tables in canonical text: a line each, cells between bars, the header row first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, takewhile, zip_longest

from services.language.column_names import names_columns
from services.language.normalize import CJK

BAR = " | "
# A longer row names too much to be repeated above others.
_LONGEST = 200
_FEWEST = 2
# Above amounts there may be so many rows: groups of columns, their names, units.
_LEADING = 4
_AMOUNT = re.compile(
    r"[-+−(]?\s?(?:[A-Z]{0,3}[$€£¥￥]|EUR|USD|GBP|CNY|RMB)?\s?[-−]?\d[\d.,'\s]*"
    r"(?:[%‰€$]|[a-z]{1,3}|\D?[元年月天个人])?\)?"
)
YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")
_ONLY_YEAR = re.compile(rf"{YEAR.pattern}\D{{0,2}}")
# Above the names of rows it tells the unit of all their amounts.
_UNIT = re.compile(r"[(（].*[)）]")
_NUMBERED = re.compile(r"^[(（]?\d{1,3}[.)、）]")
_RULE = re.compile(r"[-:|\s]+")
_MEASURED = re.compile(r"\D+[(（]\D{1,8}[)）]")
_CODE = re.compile(r"[A-Za-z]{1,4}[-.]?\d{1,6}[A-Za-z]?")
_ENDS = (".", "!", "?", "。", "！", "？")
_STOPS = {"en": (": ", "; ", "."), "zh": ("：", "；", "。")}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table, `start..end` in its text, with the row that names its columns; None where
    it does so itself, stands above that row, is a rule, or only names rows.
    """

    start: int
    end: int
    header: str | None


def is_row(line: str) -> bool:
    """Say whether a line is a row of a table; a first or last cell may be empty."""
    inner = line.strip()
    return BAR in inner or (len(inner) > 1 and "|" in (inner[0], inner[-1]))


def header_of(lines: Sequence[str]) -> str | None:
    """Return the row of a table's *lines* that names its columns; None where none surely does.

    It is the row above a rule. Of the rows above the first that holds amounts it is the one with
    most names; years name columns, too. Without amounts (times, floors, "30 days") it is the first
    row if numbers stand in all of a column but there, codes in the first, or if its words are such
    as name columns (`column_names.py`). Two columns may as well be a list of facts, and other rows
    without numbers anything. A line without bars is a caption, or a row with one cell.
    """
    rows = [line.strip() for line in lines if is_row(line)]
    if is_rule(*rows[1:2]) and len(_names(rows[0])) >= _FEWEST and len(rows[0]) <= _LONGEST:
        return rows[0]
    leading = list(takewhile(lambda row: not _has_amount(row), rows))
    if len(leading) == len(rows):
        # Of names in two rows the second has those of the first, too.
        is_below = len(rows) > 1 and cells(rows[0])[0] == cells(rows[1])[0]
        for first in (0, 1) if is_below else (0,):
            if _names_columns(rows[first:]):
                return rows[first]
        leading = rows[:1] if _is_above_numbers(rows) else []
    header = max(leading[:_LEADING], key=lambda row: len(_names(row)), default="")
    if leading[:1] == [header] and _names_columns(rows):
        return header
    return header if len(_names(header)) >= _FEWEST and len(header) <= _LONGEST else None


def is_rule(row: str = "") -> bool:
    """Say whether a row only parts the names of columns from what stands under them."""
    return "-" in row and _RULE.fullmatch(row) is not None


def ruled(lines: Sequence[str]) -> list[str]:
    """Return the *lines* of a table whose first row is known to name its columns: with a rule under
    it where its words do not tell.
    """
    if not lines or header_of(lines) is not None or len(_names(lines[0])) < _FEWEST:
        return list(lines)
    rule = BAR.join(["---"] * len(cells(lines[0])))
    return [lines[0], rule, *lines[1:]]


def as_heading(header: str) -> str:
    """Return the heading under which later rows of a table stand."""
    return f"| {' | '.join(cells(header))} |"


def named_by(headings: Sequence[str]) -> str | None:
    """Return the last of *headings* if it names the columns of what stands under it."""
    last = next(iter(headings[-1:]), "")
    return last if last.startswith("| ") and last.endswith(" |") else None


def cells(row: str) -> list[str]:
    """Return the cells of a row, with or without bars around it."""
    inner = row.strip()
    # Ours have none around them: a bar at the start alone follows an empty cell.
    if inner.startswith("|") and inner.endswith("|"):
        inner = inner[1:-1]
    return [cell.strip() for cell in inner.split("|")]


def rows_of(text: str, above: str | None = None) -> list[Row]:
    """Return the rows of the tables in *text* whose columns are named.

    A table ends at a blank line; a line without bars in it is a row with one cell. *above* names
    the columns of the table that *text* begins within.
    """
    found: list[Row] = []
    block: list[tuple[int, str]] = []
    position = 0
    for line in [*text.split("\n"), ""]:
        if line.strip():
            block.append((position + len(line) - len(line.lstrip()), line.strip()))
        else:
            rows = _named([one for one in block if is_row(one[1])], above)
            labels = _labels(block, within=above is not None)
            found += sorted([*rows, *labels], key=lambda row: row.start)
            # Only what the text begins with is the rest of that table.
            above = None if block else above
            block = []
        position += len(line) + 1
    return found


def told_bare(row: str) -> str:
    """Return a row of two cells whose columns nothing names as a name and what is said of it;
    others as they stand.
    """
    name, *values = (cell for cell in cells(row) if cell)
    if not values:
        return name
    if len(values) > 1:
        return row
    return f"{name}{'：' if CJK.search(row) else ': '}{values[0]}"


def told(header: str, row: str, language: str, years: frozenset[str] = frozenset()) -> str | None:
    """Return a row as a sentence that names each cell's column; None where they do not fit.

    Where some columns are of these *years*, those of others alone are left out.
    """
    names, values = cells(header), cells(row)
    if len(values) > len(names) or len(values) < _FEWEST:
        return None
    wanted = _of_years(names, values, years)
    names, values = (list(compress(row, wanted)) for row in (names, values))
    is_word, comma, stop = _STOPS.get(language, _STOPS["en"])
    parts = [
        _as_part(name, value, is_word) for name, value in zip(names, values, strict=False) if value
    ]
    whole = comma.join(parts)
    return whole if whole.endswith(_ENDS) else whole + stop


def _labels(block: Sequence[tuple[int, str]], *, within: bool) -> Iterator[Row]:
    """Yield the lines that have no cells and are no sentences between rows; without a number, also
    behind the last, and, in what begins *within* a table, before the first.
    """
    rows = [i for i, (_, line) in enumerate(block) if is_row(line)]
    for i, (start, line) in enumerate(block):
        if not rows or i in rows or line.endswith(_ENDS) or (i < rows[0] and not within):
            continue
        if rows[0] < i < rows[-1] or not any(map(str.isdigit, _NUMBERED.sub("", line))):
            yield Row(start, start + len(line), None)


def _of_years(names: Sequence[str], values: Sequence[str], years: frozenset[str]) -> list[bool]:
    """Return which cells to tell: all, unless a filled one stands under one of *years*."""
    named = [frozenset(YEAR.findall(name)) for name in names]
    asked = [bool(one & years) for one in named]
    if not any(is_asked and value for is_asked, value in zip(asked[1:], values[1:], strict=False)):
        return [True] * len(names)
    return [
        True,
        *(is_asked or not one for is_asked, one in zip(asked[1:], named[1:], strict=True)),
    ]


def _as_part(name: str, value: str, is_word: str) -> str:
    if _UNIT.fullmatch(name):
        return f"{value}{name}" if name[0] == "（" else f"{value} {name}"
    return f"{name}{is_word}{value}" if name else value


def _named(run: Sequence[tuple[int, str]], above: str | None) -> Iterator[Row]:
    """Yield the rows of a table, if something names their columns."""
    rows = [row for _, row in run]
    header = above or header_of(rows)
    if header is None:
        return
    first = 0 if above else rows.index(header) + 1
    names = cells(header)
    for i, (start, row) in enumerate(run):
        is_name = i < first or _RULE.fullmatch(row) or cells(row) == names
        yield Row(start, start + len(row), None if is_name else header)


def _names(row: str) -> list[str]:
    """Return what a row says behind its first cell."""
    return [] if _RULE.fullmatch(row) else [cell for cell in cells(row)[1:] if cell]


def _names_columns(rows: Sequence[str]) -> bool:
    """Say whether the words of the first row name columns; a rule under it is no row."""
    told = [cells(row) for row in rows if not _RULE.fullmatch(row)]
    if not told:
        return False
    first, *others = told
    return names_columns(first, others) and len(rows[0]) <= _LONGEST


def _is_above_numbers(rows: Sequence[str]) -> bool:
    """Say whether a column holds numbers in every row but the first; the first one codes, or
    amounts of the unit that its name tells.
    """
    if not rows:
        return False
    names, *columns = zip_longest(*map(cells, rows), fillvalue="")
    is_coded = not _CODE.fullmatch(names[0]) and all(map(_CODE.fullmatch, names[1:]))
    is_measured = _MEASURED.fullmatch(names[0]) and all(any(map(str.isdigit, n)) for n in names[1:])
    if (is_coded or is_measured) and len(names) > _FEWEST:
        return True
    numbers = [
        [any(map(str.isdigit, cell)) for cell in column[1:] if cell and not _RULE.fullmatch(cell)]
        for column in columns
        if column[0] and not any(map(str.isdigit, column[0]))
    ]
    return any(len(column) >= _FEWEST and all(column) for column in numbers)


def _has_amount(row: str) -> bool:
    return any(_AMOUNT.fullmatch(one) and not _ONLY_YEAR.fullmatch(one) for one in _names(row))
