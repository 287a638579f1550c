"""Sections cut to size by LangChain's splitter, at sentence ends of both languages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from langchain_text_splitters import RecursiveCharacterTextSplitter

from ingest.chunking.column_names import ColumnNames
from ingest.chunking.list_leads import ListLeads
from ingest.chunking.structure import Piece, pieces
from services.domain.documents import Reading
from services.domain.passages import Chunk
from services.language.table_rows import named_by

CountTokens = Callable[[Sequence[str]], list[int]]

# One expression, not a list of levels: with levels, short sentences of one level are not joined
# before the next is tried. A Chinese stop needs no space behind it, an English one does.
_SENTENCE_END = (
    r"(?<=[。！？；…])(?![”’」』）])|(?<=[。！？；…][”’」』）])"
    r"|(?<=[.!?;])\s+|(?<=[.!?][\"')\]])\s+|\n+"
)
_WORD_END = r"(?<=[，、,:：])|\s+"
# A section shorter than this joins its neighbour under the same parent heading.
_SHORT = 0.25
_SIZES_KEPT = 1024
# Words of real languages have less: a line of digits or of base64 is cut by its length.
_CHARACTERS_A_TOKEN = 20


class LangChainChunker:
    """Cuts texts into passages of at most *most_tokens* of the embedder's tokens."""

    def __init__(self, count_tokens: CountTokens, most_tokens: int) -> None:
        self._count = count_tokens
        self._most_tokens = most_tokens
        self._splitter = RecursiveCharacterTextSplitter(
            separators=[_SENTENCE_END, _WORD_END, ""],
            is_separator_regex=True,
            keep_separator="end",
            strip_whitespace=False,
            chunk_size=most_tokens,
            chunk_overlap=0,
            # The splitter asks two or three times for each sentence.
            length_function=lru_cache(_SIZES_KEPT)(lambda text: self._count_tokens([text])[0]),
        )

    def _count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the sizes of texts: an embedder counts a word of any length as one token."""
        sizes = self._count(texts)
        return [
            max(size, len(text) // _CHARACTERS_A_TOKEN)
            for text, size in zip(texts, sizes, strict=True)
        ]

    def chunks(self, reading: Reading) -> list[Chunk]:
        """Return the passages of *reading* in order."""
        found: list[Chunk] = []
        for piece, size in self._merged(reading, pieces(reading)):
            names = ColumnNames(reading.text, piece.start, piece.end)
            leads = ListLeads(reading.text, piece.start, piece.end)
            for start, end in self._cut(reading.text, piece, size):
                above = names.above(start) or tuple(filter(None, (leads.at(start),)))
                new = [one for one in above if one not in piece.headings]
                chunk = _chunk(
                    reading, replace(piece, headings=(*piece.headings, *new)), start, end
                )
                if chunk is not None:
                    found.append(chunk)
        return found

    def _merged(self, reading: Reading, found: Sequence[Piece]) -> list[tuple[Piece, int]]:
        """Join neighbouring pieces that together fit into one passage and are short; return each
        with its size.
        """
        sizes = self._count_tokens([reading.text[p.start : p.end] for p in found])
        merged: list[tuple[Piece, int]] = []
        for piece, size in zip(found, sizes, strict=True):
            if merged and self._fits(*merged[-1], piece, size, is_bare=_is_bare(reading, piece)):
                last, total = merged[-1]
                shared = _common(last.headings, piece.headings) or last.headings
                merged[-1] = Piece(last.start, piece.end, shared, page=piece.page), total + size
            else:
                merged.append((piece, size))
        return merged

    def _fits(self, last: Piece, total: int, piece: Piece, size: int, *, is_bare: bool) -> bool:
        """Say whether *piece* joins what stands before it; a heading alone is no passage."""
        most = self._most_tokens
        is_on_its_page = last.page == piece.page and not last.is_table
        joins = (is_bare and is_on_its_page) or _joinable(last, piece, total, size, most)
        return total + size <= most and joins

    def _cut(self, text: str, piece: Piece, size: int) -> Iterator[tuple[int, int]]:
        if size <= self._most_tokens:
            yield piece.start, piece.end
        elif piece.is_table:
            yield from self._rows(text, piece)
        else:
            yield from self._sentences(text, piece)

    def _sentences(self, text: str, piece: Piece) -> Iterator[tuple[int, int]]:
        position = piece.start
        for part in self._splitter.split_text(text[piece.start : piece.end]):
            yield position, position + len(part)
            position += len(part)

    def _rows(self, text: str, piece: Piece) -> Iterator[tuple[int, int]]:
        """Cut a table between rows, never inside one that fits."""
        lines = text[piece.start : piece.end].splitlines(keepends=True)
        sizes = self._count_tokens(lines)
        start = end = piece.start
        total = 0
        for line, size in zip(lines, sizes, strict=True):
            if total and total + size > self._most_tokens:
                yield start, end
                start, total = end, 0
            end += len(line)
            total += size
            if size > self._most_tokens:
                yield from self._sentences(text, Piece(start, end, piece.headings))
                start, total = end, 0
        yield start, end


def _joinable(last: Piece, piece: Piece, total: int, size: int, most: int) -> bool:
    if last.page != piece.page or named_by(last.headings) != named_by(piece.headings):
        return False
    if last.is_table or piece.is_table:
        # A caption or lead-in stays with a table that is small enough.
        return last.headings == piece.headings
    if last.headings == piece.headings:
        return True
    return min(total, size) < _SHORT * most and _are_related(last.headings, piece.headings)


def _are_related(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether both stand under one heading, or one has none."""
    return not one or not other or one[0] == other[0]


def _is_bare(reading: Reading, piece: Piece) -> bool:
    """Say whether nothing stands under a heading."""
    text = " ".join(reading.text[piece.start : piece.end].split())
    return text == next(iter(piece.headings[-1:]), None)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the headings that both stand under; of a section and its own part, the section's."""
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return one[:shared]


def _chunk(reading: Reading, piece: Piece, start: int, end: int) -> Chunk | None:
    text = reading.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    if not text:
        return None
    return Chunk(start, start + len(text), text, piece.headings, piece.page)
