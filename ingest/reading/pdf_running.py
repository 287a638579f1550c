"""Running heads, feet and page numbers, told once instead of on every page."""

import re
from collections import Counter
from collections.abc import Sequence

from ingest.reading.pdf_margins import Edge, PageText

# A line in a page's margin that comes back on this share of the pages is a running head or foot.
_RUNNING_SHARE = 0.5
_FEWEST_PAGES = 4
_LONGEST_RUNNING = 300
_PAGE_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")
# What stands beside the number of a page, and beside nothing else.
_OF_PAGES = re.compile(r"(?:page|pages|seite|of|von|no|p|第|页|頁|共|[\W_\d])*", re.IGNORECASE)
# The number of a page at the end or the beginning, set off from what else runs on: Report | 5.
_SET_OFF = re.compile(r"^#\s*[|·•–—/]|[|·•–—/]\s*#$")
_NAMED = re.compile(r"(?:page|seite|p\.|第)\s*#|#\s*(?:/|of|von)\s*\d", re.IGNORECASE)
_FEWEST_CELLS = 2
# What stands before a number that is none of a page.
_LABEL = re.compile(r"(?:\b(?:no|nr|num|number|id)\b\.?|[:：#№号])\s*$", re.IGNORECASE)


def without_running_lines(pages: Sequence[PageText]) -> list[list[str]]:
    """Take running heads and feet off all pages but the first that has them, and page numbers off
    all: what is told in the margin of every page is told once.
    """
    if len(pages) < _FEWEST_PAGES:
        return [page.lines for page in pages]
    shapes = [
        {i: _shapes(page.lines[i], edge, number) for i, edge in page.edges.items()}
        for number, page in enumerate(pages)
    ]
    seen = Counter(shape for edges in shapes for shape in set().union(*edges.values()))
    running = {shape for shape, often in seen.items() if often >= _RUNNING_SHARE * len(pages)}
    told: set[tuple[str, int]] = set()
    kept: list[list[str]] = []
    for page, edges in zip(pages, shapes, strict=True):
        lines = enumerate(page.lines)
        here = [line for i, line in lines if _stays(edges.get(i, set()) & running, told)]
        kept.append(here)
        told |= {shape for of_line in edges.values() for shape in of_line & running}
    return kept


def _stays(running: set[tuple[str, int]], told: set[tuple[str, int]]) -> bool:
    return not running or (
        not running & told and not any(_OF_PAGES.fullmatch(s) for s, _ in running)
    )


def _shapes(line: str, edge: Edge, page: int) -> set[tuple[str, int]]:
    """Return what a line would be as a running one: in a margin as it is, or with one of its
    numbers counting the pages from somewhere. Any other number says something of this page alone,
    and so does one that is not a page's by what stands around it, nor apart at an end of the line
    (Invoice no. 3).
    """
    plain = " ".join(line.split())
    if _PAGE_NUMBER.fullmatch(plain):
        # Where pages count anew for each part, a number alone is still a page's.
        return {("#", 0)}
    shapes = {(plain, 0)} if edge.is_margin else set()
    if len(plain) > _LONGEST_RUNNING:
        return shapes
    for number in _PAGE_NUMBER.finditer(plain):
        shape = f"{plain[: number.start()]}#{plain[number.end() :]}"
        is_page = _OF_PAGES.fullmatch(plain) or _is_of_page(shape)
        if is_page or (edge.is_margin and _is_apart(number[0], shape, edge.cells)):
            shapes.add((shape, int(number[0]) - page))
    return shapes


def _is_of_page(shape: str) -> bool:
    return bool(_SET_OFF.search(shape) or _NAMED.search(shape))


def _is_apart(number: str, shape: str, cells: Sequence[str]) -> bool:
    """Say whether a number is a cell of its own at an end of its line, and no label stands beside
    it.
    """
    if len(cells) < _FEWEST_CELLS:
        return False
    first = cells[0] == number and shape.startswith("#")
    last = cells[-1] == number and shape.endswith("#")
    return first or (last and not _LABEL.search(cells[-2]))
