"""The pieces of a text that a passage must not mix: sections and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.domain.documents import HeadingMark, Reading, Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text on one page under one path of headings; a table is a piece of its own."""

    start: int
    end: int
    headings: tuple[str, ...]
    is_table: bool = False
    page: int | None = None


def pieces(reading: Reading) -> list[Piece]:
    """Return the pieces of *reading* in order; a heading's own line belongs to its section."""
    found: list[Piece] = []
    for start, end, path in _sections(reading):
        for piece in _around_tables(start, end, path, reading.tables):
            found += _by_page(piece, reading.pages)
    return [piece for piece in found if reading.text[piece.start : piece.end].strip()]


def _by_page(piece: Piece, pages: Sequence[Span]) -> Iterator[Piece]:
    """Cut a piece where a page ends, so that each passage has one page to be cited by."""
    start = piece.start
    for number, page in enumerate(pages, 1):
        if start < page.end and start < piece.end:
            end = piece.end if number == len(pages) else min(page.end, piece.end)
            yield replace(piece, start=start, end=end, page=number)
            start = end
    if start < piece.end:
        yield replace(piece, start=start, page=len(pages) or None)


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
