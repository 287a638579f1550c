"""What stands in the margins of a PDF's page, apart from its text: running heads and feet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pypdfium2

from ingest.reading.pdf_lines import PageLines
from ingest.reading.pdf_tables import Row

# So much of a page's height at its top and bottom is margin.
_MARGIN = 0.14
# A running head or foot has so many lines at most, and so much more room to the text than lines of
# that have between them.
_MOST_LINES = 3
_APART = 1.5
# Lines that are nearer stand beside each other, in points.
_BESIDE = 4.0
_TURNED_UP = frozenset({90, 180})


@dataclass(frozen=True, slots=True)
class Edge:
    """The cells of a line at a page's edge, and whether it stands in the margin, apart from the
    text; of a scan nobody knows.
    """

    cells: Sequence[str]
    is_margin: bool = True


@dataclass(frozen=True, slots=True)
class PageText:
    """The lines of a page, and what stands at its edges by its place among them."""

    lines: list[str]
    edges: Mapping[int, Edge]

    def mapped(self, change: Callable[[str], str], behind: Sequence[str]) -> "PageText":
        """Return it with each line changed, and lines *behind* them."""
        return PageText([*map(change, self.lines), *behind], self.edges)


def page_text(lines: list[str], laid: PageLines, page: pypdfium2.PdfPage) -> PageText:
    """Return a page of *lines* with what stands in its margins."""
    _, height = page.get_size()
    numbers = {id(line): number for number, line in enumerate(laid.lines)}
    found = {
        i: laid.cells(numbers[id(line)]) for i, line in enumerate(lines) if id(line) in numbers
    }
    placed = {i: cells for i, cells in found.items() if cells and not isinstance(lines[i], Row)}
    bottoms = {i: min(cell.bottom for cell in cells) for i, cells in placed.items()}
    top = 0.0 if page.get_rotation() in _TURNED_UP else height
    leading = _leading(bottoms.values())
    order = sorted(bottoms, key=lambda i: -bottoms[i])
    margin = _MARGIN * height
    upper = [i for i in _apart(bottoms, order, leading) if bottoms[i] >= top - margin]
    lower = [
        i for i in _apart(bottoms, order[::-1], leading) if bottoms[i] <= top - height + margin
    ]
    edges = {
        i: Edge([cell.text for cell in placed[i]], is_margin=False)
        for i in (*order[:1], *order[-1:])
    }
    edges |= {i: Edge([cell.text for cell in placed[i]]) for i in (*upper, *lower)}
    return PageText(lines, edges)


def scanned_page(lines: list[str]) -> PageText:
    """Return a page that was read from a picture."""
    filled = [i for i, line in enumerate(lines) if line.strip()]
    return PageText(lines, {i: Edge([lines[i]]) for i in {*filled[:1], *filled[-1:]}})


def _leading(bottoms: Iterable[float]) -> float:
    """Return how far lines are apart: a quarter of them is nearer to the next."""
    apart = sorted(
        one - other
        for one, other in pairwise(sorted(bottoms, reverse=True))
        if one - other > _BESIDE
    )
    return apart[len(apart) // 4] if apart else 0.0


def _apart(bottoms: Mapping[int, float], order: Sequence[int], leading: float) -> Sequence[int]:
    """Return the lines from an edge on, up to a gap that is wider than between lines of text."""
    for count, (one, other) in enumerate(pairwise(order), 1):
        if abs(bottoms[one] - bottoms[other]) > _APART * leading:
            return order[:count]
        if count >= _MOST_LINES * 2:
            break
    return ()
