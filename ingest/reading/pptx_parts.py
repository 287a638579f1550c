"""What a presentation holds beside the text of its shapes: charts and descriptions of pictures."""

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
    """Return charts as tables and the alternative texts of pictures, by the slide's number."""
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
        extras[number] = blocks
    return extras


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    for shape in shapes:
        yield shape
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)


def _chart_blocks(space: Any, page: int) -> list[Block]:  # noqa: ANN401 - untyped XML
    title = "".join(node.text or "" for node in space.iterfind(f".//{qn('c:title')}//{qn('a:t')}"))
    rows: dict[str, list[str]] = {}
    names = [""]
    for series in space.iter(qn("c:ser")):
        names.append(" ".join(_values(series, "c:tx")))
        categories = _values(series, "c:cat") or _values(series, "c:xVal")
        values = _values(series, "c:val") or _values(series, "c:yVal")
        for category, value in zip(categories, values, strict=False):
            rows.setdefault(category, [category]).append(value)
    blocks = [Block("text", title, page=page)] if title else []
    if rows:
        blocks.append(Block("table", rows_as_text([names, *rows.values()]), page=page))
    return blocks


def _values(series: Any, tag: str) -> list[str]:  # noqa: ANN401
    found = series.find(qn(tag))
    return [] if found is None else [node.text or "" for node in found.iter(qn("c:v"))]
