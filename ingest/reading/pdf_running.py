"""Running heads, feet and page numbers, told once instead of on every page."""

import re
from collections import Counter
from collections.abc import Sequence

from ingest.reading.pdf_tables import Row

_MARGIN_LINES = 2
# A line at a page's edge that comes back on this share of the pages is a running head or foot.
_RUNNING_SHARE = 0.5
_FEWEST_PAGES = 4
_LONGEST_RUNNING = 300
_PAGE_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")
# What stands beside the number of a page, and beside nothing else.
_OF_PAGES = re.compile(r"(?:page|pages|seite|of|von|no|p|第|页|頁|共|[\W_\d])*", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")


def without_running_lines(pages: Sequence[list[str]]) -> list[list[str]]:
    """Take running heads and feet off the edges of all pages but the first that has them, and page
    numbers off all: what is told on every page is told once.
    """
    if len(pages) < _FEWEST_PAGES:
        return list(pages)
    shapes = [
        {i: _shapes(lines[i], number) for i in _edges(lines)} for number, lines in enumerate(pages)
    ]
    seen = Counter(shape for edges in shapes for shape in set().union(*edges.values()))
    running = {shape for shape, often in seen.items() if often >= _RUNNING_SHARE * len(pages)}
    told: set[tuple[str, int]] = set()
    kept: list[list[str]] = []
    for lines, edges in zip(pages, shapes, strict=True):
        here = [line for i, line in enumerate(lines) if _stays(edges.get(i, set()) & running, told)]
        kept.append(here)
        told |= {shape for of_line in edges.values() for shape in of_line & running}
    return kept


def _stays(running: set[tuple[str, int]], told: set[tuple[str, int]]) -> bool:
    return not running or (
        not running & told and not any(_OF_PAGES.fullmatch(s) for s, _ in running)
    )


def _edges(lines: Sequence[str]) -> set[int]:
    filled = [i for i, line in enumerate(lines) if line.strip()]
    edges = {*filled[:_MARGIN_LINES], *filled[-_MARGIN_LINES:]}
    # The names of a table's columns come back on its next page.
    return {i for i in edges if not isinstance(lines[i], Row)}


def _shapes(line: str, page: int) -> set[tuple[str, int]]:
    """Return what a line would be as a running one: as it is, or with one of its numbers counting
    the pages from somewhere. Any other number says something of this page alone, and so does one
    behind a single word (Day 3) unless it is a word of pages.
    """
    plain = " ".join(line.split())
    if len(plain) > _LONGEST_RUNNING:
        return {(plain, 0)}
    # Where pages count anew for each part, a number alone is still a page's.
    shapes = {("#" if _PAGE_NUMBER.fullmatch(plain) else plain, 0)}
    if len(_WORDS.findall(plain)) != 1 or _OF_PAGES.fullmatch(plain):
        shapes |= {
            (f"{plain[: number.start()]}#{plain[number.end() :]}", int(number.group()) - page)
            for number in _PAGE_NUMBER.finditer(plain)
        }
    return shapes
