"""Where the words of a PDF's page stand: the cells of its lines, by PDFium's boxes of letters."""

import math
import re
from collections.abc import Sequence
from ctypes import byref
from functools import cached_property

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading.pdf_cells import Cell

# A space is about a quarter of a letter's box (ascent and descent) wide; justified ones a third.
_WIDE = 0.4
# Each line that is not found is looked for to the page's end.
_MOST_MISSED = 50
_WORD = re.compile(r"\S+")
_box_of = pdfium.FPDFText_GetLooseCharBox
# PDFium counts such letters twice.
_OUTSIDE_UTF16 = re.compile("[\U00010000-\U0010ffff]")


class PageLines:
    """The lines of a page's text, cut into cells where they are asked for."""

    def __init__(self, textpage: pypdfium2.PdfTextPage, lines: Sequence[str]) -> None:
        self._textpage = textpage
        self._lines = lines
        self._page = textpage.raw
        self._box = pdfium.FS_RECTF()
        self._at_box = byref(self._box)

    def cells(self, number: int) -> list[Cell] | None:
        """Return the cells of a line in its order; None if PDFium counts its letters otherwise.

        A line of the text may go back to the left, or go on higher or lower: a new cell begins.
        """
        line, start = self._lines[number], self._starts[number]
        first = None if start is None else self._index(start, len(line))
        if first is None:
            return None
        cells: list[Cell] = []
        begins = ends = 0
        began = ended = stands = last = math.nan
        for word in _WORD.finditer(line):
            left, right, bottom, height = self._place(first + word.start(), first + word.end() - 1)
            # A raised mark is small, and no further away for it.
            high = max(height, last) if ends else height
            if not (began <= left <= ended + _WIDE * high and abs(bottom - stands) < high):
                if ends:
                    cells.append(Cell(line[begins:ends], began, ended, stands))
                begins, began, stands = word.start(), left, bottom
            ends, ended, last = word.end(), right, height
        return [*cells, Cell(line[begins:ends], began, ended, stands)] if ends else cells

    def _place(self, first: int, last: int) -> tuple[float, float, float, float]:
        """Return where the letters *first* to *last* begin, end and stand, and their height; from
        the left, also of words that are written from the right.
        """
        box = self._box
        _box_of(self._page, first, self._at_box)
        left, right, bottom, height = box.left, box.right, box.bottom, box.top - box.bottom
        if last > first:
            _box_of(self._page, last, self._at_box)
            left, right = min(left, box.left), max(right, box.right)
        return left, right, bottom, height

    @cached_property
    def _starts(self) -> list[int | None]:
        """Return where each line starts in the page's text; None where PDFium counts otherwise."""
        text = str(self._textpage.get_text_range())
        if _OUTSIDE_UTF16.search(text):
            return [None] * len(self._lines)
        starts: list[int | None] = []
        position = missed = 0
        for line in self._lines:
            start = text.find(line, position) if missed < _MOST_MISSED else -1
            starts.append(start if start >= 0 else None)
            missed += start < 0
            position = start + len(line) if start >= 0 else position
        return starts

    def _index(self, start: int, length: int) -> int | None:
        """Return the number of the letter at *start* in the text; None if some are left out."""
        first, last = (
            int(pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, at))
            for at in (start, start + length - 1)
        )
        return first if last - first == length - 1 else None
