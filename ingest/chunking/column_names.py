"""The row that names the columns of the table that a place in a text stands in."""

from services.language.captions import numbered_above
from services.language.table_rows import as_heading, header_of, is_row

# The names and the first amounts stand within so many characters of a table's beginning.
_BEGINNING = 4000
_BLANK = "\n\n"


class ColumnNames:
    """Says what names the columns at places of `start..end` of a text, asked in rising order.

    A table is all that is asked about, or, as on pages of a PDF, stands between blank lines.
    """

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._start, self._end = start, end
        self._table = self._asked = start
        self._header: str | None = None
        self._is_known = False

    def at(self, place: int) -> str | None:
        """Return the row of names above the row that begins at *place*; None if there is none."""
        blank = self._text.rfind(_BLANK, self._asked, place)
        if blank >= 0:
            self._table, self._is_known = blank + len(_BLANK), False
        self._asked = max(place - len(_BLANK), self._start)
        if not self._is_within(place):
            return None
        if not self._is_known:
            self._header, self._is_known = header_of(self._lines(self._table)), True
        if self._header is None or self._text.find(self._header, self._table, place) < 0:
            return None
        return self._header

    def above(self, place: int) -> tuple[str, ...]:
        """Return what a row that begins at *place* stands under: the numbered caption of its table,
        and the names of its columns as a heading, so far as there are any.
        """
        header = self.at(place)
        if header is None and not self._is_within(place):
            return ()
        first = self._table if header is None else self._text.find(header, self._table, place)
        caption = numbered_above(self._text, first)
        return tuple(filter(None, (caption, header and as_heading(header))))

    def _is_within(self, place: int) -> bool:
        """Say whether a row that is not the first of all begins at *place*."""
        if place == self._start or self._text[place - 1] != "\n":
            return False
        has_bar = self._text.find("|", place, place + _BEGINNING) >= 0
        return has_bar and any(map(is_row, self._lines(place)))

    def _lines(self, start: int) -> list[str]:
        """Return the lines of a table from *start* on, not all of a long one."""
        end = min(start + _BEGINNING, self._end)
        return self._text[start:end].partition(_BLANK)[0].splitlines()
