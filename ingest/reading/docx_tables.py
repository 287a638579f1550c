"""Tables of a Word file whose cells are merged over rows."""

import copy
from typing import Any

from docx.oxml.ns import qn


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


def _put_text(cell: Any, source: Any) -> None:  # noqa: ANN401
    for paragraph in cell.findall(qn("w:p")):
        cell.remove(paragraph)
    for paragraph in source.iterchildren(qn("w:p")):
        cell.append(copy.deepcopy(paragraph))


def _width(cell: Any) -> int:  # noqa: ANN401
    span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
    value = "1" if span is None else span.get(qn("w:val"), "1")
    return max(1, int(value)) if value.isdigit() else 1
