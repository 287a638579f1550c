"""A presentation made plain, so that what the partitioner would drop or take for something else is
right: raised digits, what is struck out, merged cells.
"""

import io
from pathlib import Path
from typing import Any

import pptx
from pptx.oxml.ns import qn

from ingest.reading.superscripts import raised
from ingest.reading.table_heads import Wide, joined_heads, repeated

_NOT_STRUCK = frozenset({"", "noStrike"})


def plain_pptx(path: Path) -> io.BytesIO:
    """Return the file with raised digits set apart, without what is struck out, a merged cell's
    text in each of its rows, and columns named whole.
    """
    presentation = pptx.Presentation(str(path))
    for slide in presentation.slides:
        root = slide._element  # noqa: SLF001 - untyped library
        _write_out_runs(root)
        for table in root.iter(qn("a:tbl")):
            _fill_merged(table)
    saved = io.BytesIO()
    presentation.save(saved)
    saved.seek(0)
    return saved


def _write_out_runs(root: Any) -> None:  # noqa: ANN401
    for run in list(root.iter(qn("a:r"))):
        properties, text = run.find(qn("a:rPr")), run.find(qn("a:t"))
        if properties is None or text is None:
            continue
        if properties.get("strike", "") not in _NOT_STRUCK:
            run.getparent().remove(run)
        elif int(properties.get("baseline", "0").rstrip("%") or 0) > 0:
            earlier = reversed(list(run.itersiblings(preceding=True)))
            before = "".join(said for one in earlier for said in one.itertext(qn("a:t")))
            text.text = raised(before, text.text or "")


def _fill_merged(table: Any) -> None:  # noqa: ANN401
    """Put the text of a cell that reaches over several rows into each of them, and what a wide one
    says before the names under it.
    """
    rows = [list(row.iterchildren(qn("a:tc"))) for row in table.iterchildren(qn("a:tr"))]
    wide: list[Wide] = []
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            for down in range(1, _span(cell, "rowSpan")):
                if number + down < len(rows) and column < len(rows[number + down]):
                    _put(rows[number + down][column], _said(cell))
            if _span(cell, "gridSpan") > 1:
                wide.append(Wide(number, column, _span(cell, "gridSpan")))
            for mark in ("rowSpan", "gridSpan", "hMerge", "vMerge"):
                cell.attrib.pop(mark, None)
    texts = [[_said(cell) for cell in row] for row in rows]
    for (number, column), text in (joined_heads(texts, wide) | repeated(texts, wide)).items():
        _put(rows[number][column], text)


def _span(cell: Any, name: str) -> int:  # noqa: ANN401
    value = cell.get(name, "1")
    return int(value) if value.isdigit() else 1


def _said(cell: Any) -> str:  # noqa: ANN401
    return " ".join("".join(cell.itertext(qn("a:t"))).split())


def _put(cell: Any, said: str) -> None:  # noqa: ANN401
    """Let a cell say one text."""
    for paragraph in list(cell.iter(qn("a:p")))[1:]:
        paragraph.getparent().remove(paragraph)
    paragraph = next(cell.iter(qn("a:p")), None)
    if paragraph is None:
        return
    for one in list(paragraph):
        if one.tag != qn("a:pPr"):
            paragraph.remove(one)
    run = paragraph.makeelement(qn("a:r"), {})
    text = paragraph.makeelement(qn("a:t"), {})
    text.text = said
    run.append(text)
    paragraph.append(run)
