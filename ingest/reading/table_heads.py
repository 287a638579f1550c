"""Names of columns in two rows: a wide one above, and under it those of its columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.language.table_rows import YEAR

# A table's names stand in its first rows, and some rows of values under them.
_LAST_ROW = 4
_LONGEST = 60
_LONGEST_VALUE = 20


@dataclass(frozen=True, slots=True)
class Wide:
    """A cell that reaches over several columns: its row, its first column and how many."""

    row: int
    column: int
    width: int


def joined_heads(rows: Sequence[Sequence[str]], wide: Iterable[Wide]) -> dict[tuple[int, int], str]:
    """Return the names under *wide* ones with these before them (2023 H1, 2023 H2), by row and
    column, if numbers stand under them. A cell over the whole table is its title, and names no
    columns.
    """
    joined: dict[tuple[int, int], str] = {}
    columns = max(map(len, rows), default=0)
    for one in wide:
        under = one.row + 1
        if one.row >= _LAST_ROW or under + 1 >= len(rows) or one.width >= columns:
            continue
        above = rows[one.row][one.column]
        reach = range(one.column, one.column + one.width)
        names = [_at(rows[under], column) for column in reach]
        values = [_at(row, column) for row in rows[under + 1 :] for column in reach]
        # Else it is a form, whose values stand beside their names.
        are_values = any(values) and all(any(map(str.isdigit, one)) for one in values if one)
        are_names = all(map(_is_name, names)) and all(map(_is_name, filter(None, rows[under])))
        if above and len(above) <= _LONGEST and are_names and are_values:
            joined |= {
                (under, column): f"{above} {name}"
                for column, name in zip(reach, names, strict=True)
            }
    return joined


def repeated(rows: Sequence[Sequence[str]], wide: Iterable[Wide]) -> dict[tuple[int, int], str]:
    """Return short values that reach over several columns (closed, on request) for each of them, by
    row and column, where the first row that fills several cells names all of these.
    """
    found: dict[tuple[int, int], str] = {}
    columns = max(map(len, rows), default=0)
    names: Sequence[str] = next((row for row in rows if sum(map(bool, row)) > 1), ())
    for one in wide:
        text = _at(rows[one.row], one.column) if one.row < len(rows) else ""
        is_value = 0 < len(text) <= _LONGEST_VALUE and not any(map(str.isdigit, text))
        reach = range(one.column, one.column + one.width)
        named = rows[one.row] is not names and all(_is_plain_name(_at(names, at)) for at in reach)
        if is_value and named and one.width < columns:
            found |= {(one.row, at): text for at in reach}
    return found


def _is_plain_name(text: str) -> bool:
    return _is_name(text) and not any(map(str.isdigit, text))


def _at(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _is_name(text: str) -> bool:
    return any(map(str.isalpha, text)) or YEAR.fullmatch(text) is not None
