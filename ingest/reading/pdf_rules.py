"""The straight rules on a page of a PDF: thin shapes, and the sides of boxes."""

import ctypes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

# In points: a rule is no thicker, and rules that are no farther apart touch.
THIN, NEAR = 3, 2
# More are a drawing.
_MOST_SHAPES = 4_000
_SHORTEST_RULE = 8
# Forms on a page may hold forms.
_MOST_NESTED = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a rule lies, in points from the page's left and bottom."""

    left: int
    bottom: int
    right: int
    top: int

    @property
    def is_level(self) -> bool:
        """Say whether it lies rather than stands."""
        return self.top - self.bottom <= self.right - self.left

    def touches(self, other: "Rule") -> bool:
        """Say whether it crosses or touches the *other*."""
        return (
            self.left - NEAR <= other.right
            and other.left - NEAR <= self.right
            and self.bottom - NEAR <= other.top
            and other.bottom - NEAR <= self.top
        )


def rules_of(page: pypdfium2.PdfPage) -> set[Rule]:
    """Return the rules of a page; none of one that is turned, whose lines stand elsewhere."""
    return set(_rules(page)) if page.get_rotation() == 0 else set()


def places(values: Iterable[int]) -> list[int]:
    """Return the first of all values that lie so near each other that they are one place."""
    found: list[int] = []
    for value in sorted(values):
        if not found or value - found[-1] > NEAR + THIN:
            found.append(value)
    return found


def _rules(page: pypdfium2.PdfPage) -> Iterator[Rule]:
    for left, bottom, right, top in islice(_shapes(page), _MOST_SHAPES):
        width, height = right - left, top - bottom
        if max(width, height) < _SHORTEST_RULE:
            continue
        if min(width, height) <= THIN:
            yield Rule(left, bottom, right, top)
        else:
            yield Rule(left, bottom, left, top)
            yield Rule(right, bottom, right, top)
            yield Rule(left, bottom, right, bottom)
            yield Rule(left, top, right, top)


def _shapes(page: pypdfium2.PdfPage) -> Iterator[tuple[int, int, int, int]]:
    """Yield left, bottom, right and top of what is drawn, by PDFium's own calls: a page has
    hundreds of other objects, of which pypdfium2 would make one of Python's each.
    """
    sides = [ctypes.c_float() for _ in range(4)]
    into = [ctypes.byref(side) for side in sides]
    count, get = pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject
    for shape in _paths(page.raw, count, get, _MOST_NESTED):
        if pdfium.FPDFPageObj_GetBounds(shape, *into):
            left, bottom, right, top = (round(side.value) for side in sides)
            yield left, bottom, right, top


def _paths(
    holder: object, count: Callable[..., int], get: Callable[..., Any], depth: int
) -> Iterator[Any]:
    """Yield the paths of a page or of a form on it."""
    for at in range(count(holder)):
        held = get(holder, at)
        kind = pdfium.FPDFPageObj_GetType(held)
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            yield held
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth > 1:
            inner = pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject
            yield from _paths(held, *inner, depth - 1)
