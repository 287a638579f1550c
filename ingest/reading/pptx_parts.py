"""What a presentation holds beside the text of its shapes: charts, descriptions of pictures, and
what its speaker notes.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pptx
from pptx.oxml.ns import qn

from ingest.reading import Block
from ingest.reading.cell_formats import shown_number, shown_time
from ingest.reading.tables import rows_as_text

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_IS_DATE = re.compile(r"[dy]", re.IGNORECASE)
# Days are counted from here, as far as the year 9999.
_FIRST_DAY, _LAST_DAY = dt.datetime(1899, 12, 30), 2_958_466  # noqa: DTZ001 - days have no zone


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
    # Categories may bear one name: their places tell them apart.
    table: dict[tuple[int, str], dict[int, str]] = {}
    for column, series in enumerate(space.iter(qn("c:ser")), 1):
        names.append(" ".join(_values(series, "c:tx").values()))
        categories = _values(series, "c:cat") or _values(series, "c:xVal")
        values = _values(series, "c:val") or _values(series, "c:yVal")
        for at, category in categories.items():
            table.setdefault((at, category), {})[column] = values.get(at, "")
    rows = [
        [category, *(row.get(column, "") for column in range(1, len(names)))]
        for (_, category), row in sorted(table.items(), key=lambda one: one[0][0])
    ]
    blocks = [Block("text", title, page=page)] if title else []
    if rows:
        blocks.append(Block("table", rows_as_text([names, *rows]), page=page))
    return blocks


def _values(series: Any, tag: str) -> dict[int, str]:  # noqa: ANN401
    """Return the values of a series by their place: empty ones have none. Of categories in levels,
    the groups stand before the names within them.
    """
    found = series.find(qn(tag))
    if found is None:
        return {}
    levels = [_points(level) for level in found.iter(qn("c:lvl"))]
    if levels:
        innermost, *groups = levels
        return {
            at: " ".join([*(_last(group, at) for group in reversed(groups)), name]).strip()
            for at, name in innermost.items()
        }
    return _points(found) or dict(enumerate(node.text or "" for node in found.iter(qn("c:v"))))


def _points(holder: Any) -> dict[int, str]:  # noqa: ANN401
    code = next((node.text or "" for node in holder.iter(qn("c:formatCode"))), "")
    return {
        int(point.get("idx", at)): _as_formatted(
            "".join(node.text or "" for node in point.iter(qn("c:v"))), code
        )
        for at, point in enumerate(holder.iter(qn("c:pt")))
    }


def _last(group: dict[int, str], at: int) -> str:
    """Return the group that a place is in: it begins at the last one named before."""
    before = [place for place in group if place <= at]
    return group[max(before)] if before else ""


def _as_formatted(text: str, code: str) -> str:
    """Return a number of a chart as its format shows it: a share in percent, a day as a date."""
    if not _NUMBER.fullmatch(text) or not code or code == "General":
        return text
    value = float(text)
    if _IS_DATE.search(code) and 0 < value < _LAST_DAY:
        return shown_time(_FIRST_DAY + dt.timedelta(days=value), code)
    return shown_number(value, code)
