"""What a presentation holds beside the text of its shapes: charts, descriptions of pictures, and
what its speaker notes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pptx
from pptx.oxml.ns import qn

from ingest.reading import Block
from ingest.reading.tables import rows_as_text


def slide_titles(path: Path) -> dict[int, str]:
    """Return the text of each slide's title placeholder, by the slide's number."""
    titles = {}
    for number, slide in enumerate(pptx.Presentation(str(path)).slides, 1):
        title = slide.shapes.title
        if title is not None and title.has_text_frame and title.text_frame.text.strip():
            titles[number] = title.text_frame.text
    return titles


def extra_blocks(path: Path) -> dict[int, list[Block]]:
    """Return charts as tables, the alternative texts of pictures, and speaker notes, by the slide's
    number.
    """
    extras: dict[int, list[Block]] = {}
    for number, slide in enumerate(pptx.Presentation(str(path)).slides, 1):
        blocks = []
        for shape in _shapes(slide.shapes):
            if getattr(shape, "has_chart", False):
                blocks += _chart_blocks(shape.chart._chartSpace, number)  # noqa: SLF001
            description = shape._element.find(f".//{qn('p:cNvPr')}")  # noqa: SLF001
            text = "" if description is None else description.get("descr") or ""
            if text.strip():
                blocks.append(Block("text", text, page=number))
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        if notes is not None:
            blocks += [Block("text", part.text, page=number) for part in notes.paragraphs]
        extras[number] = blocks
    return extras


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    for shape in shapes:
        yield shape
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)


def _chart_blocks(space: Any, page: int) -> list[Block]:  # noqa: ANN401 - untyped XML
    title = "".join(node.text or "" for node in space.iterfind(f".//{qn('c:title')}//{qn('a:t')}"))
    names: list[str] = [""]
    table: dict[str, dict[int, str]] = {}
    for column, series in enumerate(space.iter(qn("c:ser")), 1):
        names.append(" ".join(_values(series, "c:tx").values()))
        categories = _values(series, "c:cat") or _values(series, "c:xVal")
        values = _values(series, "c:val") or _values(series, "c:yVal")
        for at, category in categories.items():
            table.setdefault(category, {})[column] = values.get(at, "")
    rows = [
        [category, *(row.get(column, "") for column in range(1, len(names)))]
        for category, row in table.items()
    ]
    blocks = [Block("text", title, page=page)] if title else []
    if rows:
        blocks.append(Block("table", rows_as_text([names, *rows]), page=page))
    return blocks


def _values(series: Any, tag: str) -> dict[int, str]:  # noqa: ANN401
    """Return the values of a series by their place: empty ones have none."""
    found = series.find(qn(tag))
    if found is None:
        return {}
    return {
        int(point.get("idx", at)): "".join(node.text or "" for node in point.iter(qn("c:v")))
        for at, point in enumerate(found.iter(qn("c:pt")))
    } or dict(enumerate(node.text or "" for node in found.iter(qn("c:v"))))
