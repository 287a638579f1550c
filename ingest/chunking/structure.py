"""The pieces of a text that a passage must not mix: sections and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.domain.documents import HeadingMark, Reading, Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text under one path of headings; a table is a piece of its own."""

    start: int
    end: int
    headings: tuple[str, ...]
    is_table: bool = False


def pieces(reading: Reading) -> list[Piece]:
    """Return the pieces of *reading* in order; a heading's own line belongs to its section."""
    found: list[Piece] = []
    for start, end, path in _sections(reading):
        found += _around_tables(start, end, path, reading.tables)
    return [piece for piece in found if reading.text[piece.start : piece.end].strip()]


def page_of(position: int, pages: Sequence[Span]) -> int | None:
    """Return the number of the page on which *position* stands, counted from 1."""
    for number, page in enumerate(pages, 1):
        if position < page.end:
            return number
    return len(pages) or None


def _sections(reading: Reading) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Yield start, end and heading path of each section."""
    path: list[HeadingMark] = []
    start = 0
    for heading in reading.headings:
        if heading.start > start:
            yield start, heading.start, tuple(one.title for one in path)
        path = [one for one in path if one.level < heading.level] + [heading]
        start = heading.start
    yield start, len(reading.text), tuple(one.title for one in path)


def _around_tables(
    start: int, end: int, path: tuple[str, ...], tables: Sequence[Span]
) -> Iterator[Piece]:
    for table in tables:
        if start <= table.start and table.end <= end:
            yield Piece(start, table.start, path)
            yield Piece(table.start, table.end, path, is_table=True)
            start = table.end
    yield Piece(start, end, path)
