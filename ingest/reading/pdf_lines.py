"""Where the words of a PDF's page stand: the cells of its lines, and digits that are raised, by
PDFium's boxes of letters.
"""

import math
import re
from collections.abc import Callable, Sequence
from ctypes import byref
from functools import cached_property

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading.pdf_cells import RAISED, Cell
from ingest.reading.superscripts import raised

# A space is about a quarter of a letter's box (ascent and descent) wide; justified ones a third.
_WIDE = 0.4
# Each line that is not found is looked for to the page's end.
_MOST_MISSED = 50
_WORD = re.compile(r"\S+")
# A raised digit stands behind something, and ends a run of digits.
_BEHIND, _DIGITS = re.compile(r"\S\d"), re.compile(r"\d+")
# A browser's are five sixths as high.
_SMALL, _HIGH = 0.87, 0.15
_AS_RAISED = {ord("0") + digit: RAISED[digit] for digit in range(10)}
_AS_DIGIT = {ord(mark): str(digit) for digit, mark in enumerate(RAISED)}
# With what is raised beside them: several marks of notes, and brackets around one.
_RUN_OF_RAISED = re.compile(
    f"(?P<open>[(\\[])?(?P<digits>[{RAISED}]+(?:[,，] ?[{RAISED}]+)*)(?(open)(?P<shut>[)\\]])?)"
)
_box_of = pdfium.FPDFText_GetLooseCharBox
# PDFium counts such letters twice.
_OUTSIDE_UTF16 = re.compile("[\U00010000-\U0010ffff]")


class PageLines:
    """The lines of a page's text, cut into cells where they are asked for."""

    def __init__(
        self, textpage: pypdfium2.PdfTextPage, lines: Sequence[str], turned: int = 0
    ) -> None:
        """*turned*: by how many degrees the page is shown clockwise."""
        self._turned = turned
        self._textpage = textpage
        self._plain = lines
        self._page = textpage.raw
        self._box = pdfium.FS_RECTF()
        self._at_box = byref(self._box)
        self._cells: dict[int, list[Cell] | None] = {}

    @cached_property
    def lines(self) -> list[str]:
        """The lines, each as long as it was; raised digits in them are RAISED ones."""
        return [
            self._with_raised(number, line) if _BEHIND.search(line) else line
            for number, line in enumerate(self._plain)
        ]

    def _with_raised(self, number: int, line: str) -> str:
        letters = self._letters(number)
        if letters is None:
            return line
        for word in _WORD.finditer(line):
            for run in _DIGITS.finditer(line, word.start() + 1, word.end()):
                at = run.end()
                while at > run.start() and self._is_raised(letters[word.start()], letters[at - 1]):
                    at -= 1
                marked = line[at : run.end()].translate(_AS_RAISED)
                line = f"{line[:at]}{marked}{line[run.end() :]}"
        return line

    def _is_raised(self, base: int, letter: int) -> bool:
        """Say whether a letter is smaller than *base* and stands higher."""
        _, _, stands, height = self._place(base, base)
        _, _, bottom, own = self._place(letter, letter)
        return own < _SMALL * height and bottom > stands + _HIGH * height

    def _letters(self, number: int) -> Sequence[int] | None:
        """Return PDFium's number of each letter of a line; None if some are left out there."""
        start, length = self._starts[number], len(self._plain[number])
        if start is None or not length:
            return None
        places = self._places[start : start + length]
        if places[-1] - places[0] >= length:
            # A line's end of its own behind raised letters.
            return [self._index(place) for place in places]
        first, last = self._index(places[0]), self._index(places[-1])
        return range(first, last + 1) if last - first == length - 1 else None

    def plain(self, number: int) -> str:
        """Return a line as PDFium has it: raised digits are digits."""
        return self._plain[number]

    def touching(self, holds: Callable[[float, float], bool]) -> list[int]:
        """Return the lines whose first or last letter stands where *holds* says so."""
        found: list[int] = []
        for number, line in enumerate(self._plain):
            letters = self._letters(number) if line.strip() else None
            if letters is None:
                continue
            ends = (len(line) - len(line.lstrip()), len(line.rstrip()) - 1)
            boxes = [self._shown(letters[at]) for at in ends]
            if any(holds((left + right) / 2, low + high / 2) for left, right, low, high in boxes):
                found.append(number)
        return found

    def are_together(self, numbers: Sequence[int]) -> bool:
        """Say whether lines, in their order, have no others between them but blank ones."""
        between = set(range(numbers[0], numbers[-1] + 1)).difference(numbers)
        return not any(self._plain[number].strip() for number in between)

    def words(self, number: int) -> list[Cell] | None:
        """Return the words of a line in its order; None if PDFium counts its letters otherwise."""
        line, letters = self.lines[number], self._letters(number)
        if letters is None:
            return None
        places = (
            (word[0], self._place(letters[word.start()], letters[word.end() - 1]))
            for word in _WORD.finditer(line)
        )
        return [Cell(text, left, right, bottom) for text, (left, right, bottom, _) in places]

    def cells(self, number: int) -> list[Cell] | None:
        """Return the cells of a line in its order; None if PDFium counts its letters otherwise.

        A line of the text may go back to the left, or go on higher or lower: a new cell begins.
        """
        if number not in self._cells:
            self._cells[number] = self._cut(number)
        return self._cells[number]

    def _cut(self, number: int) -> list[Cell] | None:
        line, letters = self.lines[number], self._letters(number)
        if letters is None:
            return None
        cells: list[Cell] = []
        begins = ends = 0
        began = ended = stands = last = math.nan
        for word in _WORD.finditer(line):
            left, right, bottom, height = self._place(
                letters[word.start()], letters[word.end() - 1]
            )
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
        left, right, bottom, height = self._shown(first)
        if last > first:
            other, end, _, _ = self._shown(last)
            left, right = min(left, other), max(right, end)
        return left, right, bottom, height

    def _shown(self, letter: int) -> tuple[float, float, float, float]:
        box = self._box
        _box_of(self._page, letter, self._at_box)
        if not self._turned:
            return box.left, box.right, box.bottom, box.top - box.bottom
        left, bottom, right, top = {
            90: (box.bottom, -box.right, box.top, -box.left),
            180: (-box.right, -box.top, -box.left, -box.bottom),
            270: (-box.top, box.left, -box.bottom, box.right),
        }[self._turned]
        return left, right, bottom, top - bottom

    @cached_property
    def _text(self) -> str:
        return str(self._textpage.get_text_range())

    @cached_property
    def _places(self) -> list[int]:
        """Where the letters stand in the page's text, line ends left out."""
        return [place for place, letter in enumerate(self._text) if letter not in "\r\n"]

    @cached_property
    def _starts(self) -> list[int | None]:
        """Return which letter each line starts with; None where PDFium counts otherwise."""
        if _OUTSIDE_UTF16.search(self._text):
            return [None] * len(self._plain)
        flat = self._text.replace("\r", "").replace("\n", "")
        starts: list[int | None] = []
        position = missed = 0
        for line in self._plain:
            start = flat.find(line, position) if missed < _MOST_MISSED else -1
            starts.append(start if start >= 0 else None)
            missed += start < 0
            position = start + len(line) if start >= 0 else position
        return starts

    def _index(self, place: int) -> int:
        return int(pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, place))


def set_apart(text: str) -> str:
    """Return a line with its RAISED digits as they are told: 1,300^3, 20 m²."""

    def apart(match: re.Match[str]) -> str:
        digits = as_digits(match["digits"])
        if match["open"] and match["shut"]:
            return f"[{digits}]"
        return f"{match['open'] or ''}{raised(text[: match.start('digits')], digits)}"

    return _RUN_OF_RAISED.sub(apart, text)


def as_digits(text: str) -> str:
    """Return *text* with its RAISED digits as plain ones."""
    return text.translate(_AS_DIGIT)
