"""The pieces of a text that a passage must not mix: sections and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from services.domain.documents import HeadingMark, Reading, Span
from services.language.captions import begins_at
from services.language.sentences import sentences
from services.language.table_rows import as_heading

# Its start and end, and the path of headings above it.
Section: TypeAlias = tuple[int, int, tuple[str, ...]]
# So much of a sentence may stand on the next page.
_LONGEST_REST = 400


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text on one page under one path of headings; a table is a piece of its own, and so
    is what goes on of one from the page before.
    """

    start: int
    end: int
    headings: tuple[str, ...]
    is_table: bool = False
    page: int | None = None


def pieces(reading: Reading) -> list[Piece]:
    """Return the pieces of *reading* in order; a heading's own line belongs to its section."""
    found: list[Piece] = []
    tables = _tables(reading)
    for section in _sections(reading):
        for piece in _around_tables(reading.text, section, tables):
            found += _by_page(piece, reading.pages, reading.text)
    return [piece for piece in found if reading.text[piece.start : piece.end].strip()]


def _by_page(piece: Piece, pages: Sequence[Span], text: str) -> Iterator[Piece]:
    """Cut a piece where a page ends, so that each passage has one page to be cited by; a sentence
    that goes on over the end belongs to the page on which it begins.
    """
    start = piece.start
    for number, page in enumerate(pages, 1):
        if start < page.end and start < piece.end:
            end = piece.end if number == len(pages) else _sentence_end(text, page.end, piece.end)
            yield replace(piece, start=start, end=end, page=number)
            start = end
    if start < piece.end:
        yield replace(piece, start=start, page=len(pages) or None)


def _sentence_end(text: str, page: int, last: int) -> int:
    """Return where the sentence ends that goes on over the end of a *page*, or that end."""
    if page >= last or text[page : page + 2].isspace():
        return min(page, last)
    line = text.rfind("\n", 0, page) + 1
    near = sentences(text[line : min(page + _LONGEST_REST, last)])
    return next((line + one.end for one in near if line + one.start < page < line + one.end), page)


def _sections(reading: Reading) -> Iterator[Section]:
    """Yield start, end and heading path of each section."""
    path: list[HeadingMark] = []
    start = 0
    for heading in reading.headings:
        if heading.start > start:
            yield start, heading.start, tuple(one.title for one in path)
        path = [one for one in path if one.level < heading.level] + [heading]
        start = heading.start
    yield start, len(reading.text), tuple(one.title for one in path)


def _tables(reading: Reading) -> list[tuple[int, int, str | None]]:
    """Return where tables start and end, those that go on from a page before with their names."""
    named = [(mark.start, mark.end, mark.title) for mark in reading.named]
    whole = [(span.start, span.end, None) for span in reading.tables]
    return sorted([*named, *whole], key=lambda table: table[:2])


def _around_tables(
    text: str, section: Section, tables: Sequence[tuple[int, int, str | None]]
) -> Iterator[Piece]:
    start, end, path = section
    for first, last, names in tables:
        if start <= first and last <= end:
            # What names a table or leads into it stands with its first rows.
            begin = max(start, begins_at(text, first)) if names is None else first
            yield Piece(start, begin, path)
            under = path if names is None else (*path, as_heading(names))
            yield Piece(begin, last, under, is_table=names is None)
            start = last
    yield Piece(start, end, path)
