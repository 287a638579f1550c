"""Blocks made into one canonical text with spans of pages, headings and tables."""

import re

from ingest.reading import Block, Contents
from ingest.reading.grade import graded
from services.domain.documents import HeadingMark, Reading, Span
from services.domain.errors import UnreadableError
from services.language.normalize import CJK, canonical

_TITLE_LENGTH = 200
# A line that a sentence goes on from has so many letters at least.
_FULL_LINE, _FULL_LINE_CJK = 30, 15
_SENTENCE_STOPS = (". ", ".\n", "。", "！", "？", "; ", "；")
_MARK = re.compile(
    r"\d{1,3}(?:\.\d{1,3})*[.)、）]|[(（]?[一二三四五六七八九十]{1,3}[)）、]|[-*•]|"
    r"第.{1,3}[章条节]"
)
_STOPS = (*".!?:;", *"。！？：；…", *"\"'”’」』）)]")


def assemble(contents: Contents, name: str, most_characters: int) -> Reading:
    """Return the Reading of *contents*; UnreadableError if there is no text or too much of it."""
    laid = _Laid()
    for block in contents.blocks:
        laid.put(block)
        if laid.length > most_characters:
            message = f"It holds more than {most_characters:,} characters of text: split it."
            raise UnreadableError("too_large", message)
    if not laid.length:
        message = "There is no text in it. If it is a scan, check that the pages are not blank."
        raise UnreadableError("no_text", message)
    text = "".join(laid.pieces)
    return Reading(
        text=text,
        title=_title(contents, laid, name),
        pages=laid.page_spans(contents.pages),
        headings=tuple(laid.headings),
        tables=tuple(laid.tables),
        named=tuple(laid.named),
        grade=graded(text, contents, laid.removed),
    )


class _Laid:
    """The text so far. Blocks stand a blank line apart, list items a line break."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.removed = 0
        self.headings: list[HeadingMark] = []
        self.tables: list[Span] = []
        self.named: list[HeadingMark] = []
        self._pages: dict[int, tuple[int, int]] = {}
        self._last = ""

    def put(self, block: Block) -> None:
        text, removed = canonical(block.text)
        self.removed += removed
        if not text:
            return
        if self.pieces:
            is_close = block.kind == self._last == "item" or self._goes_on(block)
            self._add("\n" if is_close else "\n\n")
        start = self.length
        self._add(text)
        self._last = block.kind
        if block.kind == "heading":
            shown = " ".join(text.split())[:_TITLE_LENGTH]
            self.headings.append(HeadingMark(start, self.length, max(block.level, 1), shown))
        elif block.kind == "table":
            self.tables.append(Span(start, self.length))
        elif block.names:
            self.named.append(HeadingMark(start, self.length, 0, canonical(block.names)[0]))
        if block.page is not None:
            first, _ = self._pages.get(block.page, (start, start))
            self._pages[block.page] = (first, self.length)

    def _goes_on(self, block: Block) -> bool:
        """Say whether a page begins within a sentence of the page before."""
        is_text = block.kind == self._last == "text" and not block.names
        is_next = block.page is not None and block.page - 1 in self._pages
        is_first = block.page not in self._pages
        return is_text and is_next and is_first and _is_cut(self.pieces[-1], block.text)

    def page_spans(self, pages: int) -> tuple[Span, ...]:
        """Return a span for each page; a page without text has an empty one at its place."""
        spans: list[Span] = []
        end = 0
        for number in range(1, pages + 1):
            start, end = self._pages.get(number, (end, end))
            spans.append(Span(start, end))
        return tuple(spans)

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)


def _is_cut(before: str, after: str) -> bool:
    """Say whether a page's last line ends within a sentence: it fills its width and has no stop,
    and what follows begins no sentence, as far as letters tell.
    """
    line, first = before.rsplit("\n", 1)[-1], after.lstrip()[:1]
    # A page without a stop is a slide or a list.
    is_prose = any(stop in before for stop in _SENTENCE_STOPS)
    if line.endswith(_STOPS) or "|" in line or _MARK.match(after.lstrip()) or not is_prose:
        return False
    if CJK.match(first):
        return len(line) >= _FULL_LINE_CJK and CJK.search(line) is not None
    return len(line) >= _FULL_LINE and (first.islower() or first.isdigit())


def _title(contents: Contents, laid: _Laid, name: str) -> str:
    """Return the document's own title, else its first top heading, else its name."""
    own, _ = canonical(contents.title)
    if own:
        return " ".join(own.split())[:_TITLE_LENGTH]
    top = min((heading.level for heading in laid.headings), default=0)
    for heading in laid.headings[:1]:
        if heading.level == top:
            return heading.title
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
