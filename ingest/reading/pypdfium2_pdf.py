"""The reader of PDF: the text layer by PDFium, pages without one by OCR."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.grade import GARBLED_PAGE, garbled_share
from ingest.reading.pdf_lines import PageLines, set_apart
from ingest.reading.pdf_tables import OpenTable, Row, with_tables
from ingest.reading.rapidocr_pictures import PictureReader
from services.domain.errors import UnreadableError

_NEEDS_PASSWORD = 4
# A page with fewer characters than this and a picture on it is taken for a scan.
_SCAN_CHARACTERS = 20
_OCR_DPI = 150
_MARGIN_LINES = 2
# A line at a page's edge that comes back on this share of the pages is a running head or foot.
_RUNNING_SHARE = 0.5
_FEWEST_PAGES = 4
_LONGEST_HEADING = 120
_LONGEST_RUNNING = 300
_PAGE_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")


def read_pdf(source: Source, tell: Tell) -> Contents:
    """Read every page in the order of its content."""
    document = _opened(source)
    try:
        if len(document) > source.most_pages:
            message = f"It has {len(document)} pages; {source.most_pages} are allowed: split it."
            raise UnreadableError("too_large", message)
        return _read_pages(document, source.name, tell)
    finally:
        document.close()


def _opened(source: Source) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source.path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _NEEDS_PASSWORD:
            message = "It is encrypted and needs a password: save it without one."
            raise UnreadableError("encrypted", message) from error
        message = "It is corrupt: no PDF reader can open it. Save or print it again as PDF."
        raise UnreadableError("corrupt", message) from error


def _read_pages(document: pypdfium2.PdfDocument, name: str, tell: Tell) -> Contents:
    ocr = PictureReader()
    pages: list[list[str]] = []
    last: OpenTable | None = None
    for number, page in enumerate(document):
        lines, last = _page_lines(page, ocr, last)
        pages.append(lines)
        tell(number + 1, len(document))
    blocks = _blocks(_without_running_lines(pages), _outline(document))
    with_text = sum(any(line.strip() for line in lines) for lines in pages)
    notes: dict[str, object] = {"pages_with_text": with_text}
    if ocr.pages:
        notes |= {"ocr_pages": ocr.pages, "ocr_confidence": round(ocr.confidence, 4)}
    return Contents(blocks, title=_own_title(document, name), pages=len(pages), notes=notes)


def _page_lines(
    page: pypdfium2.PdfPage, ocr: PictureReader, before: OpenTable | None
) -> tuple[list[str], OpenTable | None]:
    """Return the lines of a page, and the table at its end, which may go on on the next."""
    textpage = page.get_textpage()
    try:
        text = str(textpage.get_text_bounded()).replace("\r\n", "\n")
        if not _needs_ocr(page, text):
            laid = PageLines(textpage, text.split("\n"))
            lines, last = with_tables(laid.lines, laid.cells, before)
            return [_unmarked(line) for line in lines], last
    finally:
        textpage.close()
    read = ocr.read(page.render(scale=_OCR_DPI / 72).to_numpy())
    return (read or _unmarked(text)).split("\n"), None


def _unmarked(text: str) -> str:
    """Return *text* with raised digits set apart, and without the marks that PDFium leaves where it
    joins a word that was hyphenated at a line's end.
    """
    plain = set_apart(text).replace("\x02", "").replace("\ufffe", "")
    if plain == text:
        return text
    return Row(plain, text.names) if isinstance(text, Row) else plain


def _needs_ocr(page: pypdfium2.PdfPage, text: str) -> bool:
    if garbled_share(text) > GARBLED_PAGE:
        return True
    if len(text.strip()) >= _SCAN_CHARACTERS:
        return False
    return any(True for _ in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))


def _without_running_lines(pages: Sequence[list[str]]) -> list[list[str]]:
    """Take running heads, feet and page numbers off the edges of the pages."""
    if len(pages) < _FEWEST_PAGES:
        return list(pages)
    shapes = [
        {i: _shapes(lines[i], number) for i in _edges(lines)} for number, lines in enumerate(pages)
    ]
    seen = Counter(shape for edges in shapes for shape in set().union(*edges.values()))
    running = {shape for shape, often in seen.items() if often >= _RUNNING_SHARE * len(pages)}
    return [
        [line for i, line in enumerate(lines) if not running & edges.get(i, set())]
        for lines, edges in zip(pages, shapes, strict=True)
    ]


def _edges(lines: Sequence[str]) -> set[int]:
    filled = [i for i, line in enumerate(lines) if line.strip()]
    edges = {*filled[:_MARGIN_LINES], *filled[-_MARGIN_LINES:]}
    # The names of a table's columns come back on its next page.
    return {i for i in edges if not isinstance(lines[i], Row)}


def _shapes(line: str, page: int) -> set[tuple[str, int]]:
    """Return what a line would be as a running one: as it is, or with one of its numbers counting
    the pages from somewhere. Any other number says something of this page alone.
    """
    plain = " ".join(line.split())
    if len(plain) > _LONGEST_RUNNING:
        return {(plain, 0)}
    # Where pages count anew for each part, a number alone is still a page's.
    return {("#" if _PAGE_NUMBER.fullmatch(plain) else plain, 0)} | {
        (f"{plain[: number.start()]}#{plain[number.end() :]}", int(number.group()) - page)
        for number in _PAGE_NUMBER.finditer(plain)
    }


def _outline(document: pypdfium2.PdfDocument) -> dict[tuple[int, str], int]:
    """Return the levels of the outline's entries by page number and title."""
    marks: dict[tuple[int, str], int] = {}
    for item in document.get_toc(max_depth=6):
        target: Any = item.get_dest()
        page = target.get_index() if target is not None else None
        if page is not None:
            marks[page + 1, _squeezed(item.get_title())] = item.level + 1
    return marks


def _blocks(pages: Sequence[list[str]], outline: dict[tuple[int, str], int]) -> list[Block]:
    blocks: list[Block] = []
    for number, lines in enumerate(pages, 1):
        for names, together in groupby(lines, key=_names_of):
            running: list[str] = []
            for line in together:
                level = outline.get((number, _squeezed(line)))
                if level is None or len(line) > _LONGEST_HEADING or names:
                    running.append(line)
                    continue
                blocks.append(Block("text", "\n".join(running), page=number))
                blocks.append(Block("heading", line, level, number))
                running = []
            blocks.append(Block("text", "\n".join(running), page=number, names=names))
    return blocks


def _names_of(line: str) -> str:
    return line.names if isinstance(line, Row) else ""


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower()


def _own_title(document: pypdfium2.PdfDocument, name: str) -> str:
    title = str(document.get_metadata_dict().get("Title", "")).strip()
    if title and not any(map(str.isalpha, title)):
        # A number under which it was filed: its file's name says more, and so than its first part.
        return PurePosixPath(name).stem.replace("_", " ")
    # What a word processor writes by itself says nothing of the contents.
    generated = re.search(
        r"^(microsoft word|untitled|\(anonymous\)|document\d*$)|\.\w{2,5}$", title.lower()
    )
    return "" if generated else title
