"""Tables of a Word file whose cells are merged over rows and columns."""

import copy
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ingest.reading.table_heads import Wide, joined_heads, repeated


def fill_merged_rows(table: Any) -> None:  # noqa: ANN401 - untyped XML
    """Put the text of a cell that reaches over several rows into each of them: read by itself, a
    row must say what it is about.
    """
    above: dict[int, Any] = {}
    for row in table.iterchildren(qn("w:tr")):
        at = 0
        for cell in row.iterchildren(qn("w:tc")):
            merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            if merge is None:
                above.pop(at, None)
            elif merge.get(qn("w:val")) == "restart":
                above[at] = cell
            elif at in above:
                _put_text(cell, above[at])
            if merge is not None:
                merge.getparent().remove(merge)
            at += _width(cell)


def name_columns(table: Any) -> None:  # noqa: ANN401
    """Put what a wide cell of the first rows says before the names of the columns under it."""
    rows: list[list[Any]] = []
    wide: list[Wide] = []
    for number, row in enumerate(table.iterchildren(qn("w:tr"))):
        rows.append([])
        for cell in row.iterchildren(qn("w:tc")):
            width = _width(cell)
            if width > 1:
                wide.append(Wide(number, len(rows[-1]), width))
            rows[-1] += [cell, *[None] * (width - 1)]
    texts = [["" if cell is None else _text(cell) for cell in row] for row in rows]
    _part(rows, repeated(texts, wide))
    for (number, column), name in joined_heads(texts, wide).items():
        paragraph = next(rows[number][column].iterchildren(qn("w:p")))
        run, content = OxmlElement("w:r"), OxmlElement("w:t")
        content.text = name.removesuffix(texts[number][column])
        content.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        run.append(content)
        at = next((i for i, one in enumerate(paragraph) if one.tag != qn("w:pPr")), 0)
        paragraph.insert(at, run)


def _part(rows: list[list[Any]], values: dict[tuple[int, int], str]) -> None:
    """Make a cell that reaches over several columns one for each of them."""
    for number, column in values:
        cell = rows[number][column]
        if cell is None:
            again = copy.deepcopy(rows[number][column - 1])
            rows[number][column - 1].addnext(again)
            rows[number][column] = again
        elif (span := cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")) is not None:
            span.getparent().remove(span)


def _text(cell: Any) -> str:  # noqa: ANN401
    return "".join(cell.itertext(qn("w:t"))).strip()


def _put_text(cell: Any, source: Any) -> None:  # noqa: ANN401
    for paragraph in cell.findall(qn("w:p")):
        cell.remove(paragraph)
    for paragraph in source.iterchildren(qn("w:p")):
        cell.append(copy.deepcopy(paragraph))


def _width(cell: Any) -> int:  # noqa: ANN401
    span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
    value = "1" if span is None else span.get(qn("w:val"), "1")
    return max(1, int(value)) if value.isdigit() else 1
