"""Tables as text: a row a line, cells between bars, the header row first."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from lxml import html as lxml_html

from services.language.table_rows import ruled

_MOST_COLUMNS = 200
# Behind the first cell of a row that names columns, of formats whose tables lose that on the way;
# a character that is for private use.
HEAD = "\ue0f5"
# A label of a form: words and a colon; no time of day, no address.
_LABEL = re.compile(r"[^\W\d][^:：]{0,39}[:：]")
_LABELLED = re.compile(rf"{_LABEL.pattern}(?!//)\s*\S")
_FEWEST_LABELS = 2


def rows_as_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines of cells between bars; empty rows and trailing empty cells go. Of a form
    each label has a line of its own, with what stands beside it.
    """
    lines = []
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", "¦") for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            lines += labelled(cells) or [" | ".join(cells)]
    return "\n".join(lines)


def labelled(cells: Sequence[str]) -> list[str]:
    """Return a line for each label of a form's row (Name: | Lang | Room: | 12, or Name: Lang |
    Room: 12); none where cells are something else, or there is one label only.
    """
    if len(cells) >= _FEWEST_LABELS and all(map(_LABELLED.match, cells)):
        return list(cells)
    labels, values = cells[::2], cells[1::2]
    is_form = all(map(_LABEL.fullmatch, labels)) and not any(map(_LABEL.fullmatch, values))
    if len(labels) < _FEWEST_LABELS or not is_form:
        return []
    return [
        f"{label} {value}".strip() for label, value in zip_longest(labels, values, fillvalue="")
    ]


def html_table(fragment: str) -> str:
    """Return the rows of an HTML table as text; a first row of head cells, or one that is marked as
    HEAD, is known to name the columns.
    """
    is_marked = HEAD in fragment
    fragment = fragment.replace(HEAD, "")
    table = lxml_html.fragment_fromstring(fragment, create_parent="div")
    text = rows_as_text(html_rows(fragment))
    above = sum(1 for _ in table.iter("caption"))
    heads = [all(cell.tag == "th" for cell in row) and len(row) > 0 for row in table.iter("tr")]
    if not is_marked and (heads[:1] != [True] or sum(heads) > 1):
        return text
    lines = text.split("\n")
    return "\n".join([*lines[:above], *ruled(lines[above:])])


def html_rows(fragment: str) -> list[list[str]]:
    """Return the cells of an HTML table, merged cells written once at their first place."""
    table = lxml_html.fragment_fromstring(fragment, create_parent="div")
    captions = (" ".join(caption.text_content().split()) for caption in table.iter("caption"))
    grid: list[list[str]] = [[caption] for caption in captions]
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(table.iter("tr")):
        cells: dict[int, str] = {}
        column = 0
        for cell in row.iterchildren("td", "th"):
            while (number, column) in taken:
                column += 1
            text = " ".join(cell.text_content().split())
            width, height = _span(cell.get("colspan")), _span(cell.get("rowspan"))
            cells[column] = text
            taken |= {
                (number + down, column + right) for down in range(height) for right in range(width)
            }
            column += width
        last = max(cells, default=-1)
        grid.append([cells.get(at, "") for at in range(last + 1)])
    return grid


def _span(value: str | None) -> int:
    return max(1, min(int(value), _MOST_COLUMNS)) if value and value.isdigit() else 1
