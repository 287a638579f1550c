"""The reader of PDF: the text layer by PDFium, pages without one by OCR."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.grade import GARBLED_PAGE, garbled_share
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


def read_pdf(source: Source, tell: Tell) -> Contents:
    """Read every page in the order of its content."""
    document = _opened(source)
    try:
        if len(document) > source.most_pages:
            message = f"It has {len(document)} pages; {source.most_pages} are allowed: split it."
            raise UnreadableError("too_large", message)
        return _read_pages(document, tell)
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


def _read_pages(document: pypdfium2.PdfDocument, tell: Tell) -> Contents:
    ocr = PictureReader()
    texts: list[str] = []
    for number, page in enumerate(document):
        text = _page_text(page)
        if _needs_ocr(page, text):
            text = ocr.read(page.render(scale=_OCR_DPI / 72).to_numpy()) or text
        texts.append(text)
        tell(number + 1, len(document))
    lines = _without_running_lines([text.split("\n") for text in texts])
    blocks = _blocks(lines, _outline(document))
    notes: dict[str, object] = {"pages_with_text": sum(1 for text in texts if text.strip())}
    if ocr.pages:
        notes |= {"ocr_pages": ocr.pages, "ocr_confidence": round(ocr.confidence, 4)}
    return Contents(blocks, title=_own_title(document), pages=len(texts), notes=notes)


def _page_text(page: pypdfium2.PdfPage) -> str:
    textpage = page.get_textpage()
    try:
        text = str(textpage.get_text_bounded())
    finally:
        textpage.close()
    # PDFium joins a word that was hyphenated at a line's end and leaves this mark there.
    return text.replace("\r\n", "\n").replace("\x02", "").replace("\ufffe", "")


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
    seen = Counter(
        shape for lines in pages for shape in {_shape(lines[i]) for i in _edges(lines)} if shape
    )
    running = {shape for shape, often in seen.items() if often >= _RUNNING_SHARE * len(pages)}
    return [_without(lines, running) for lines in pages]


def _without(lines: list[str], running: set[str]) -> list[str]:
    edges = _edges(lines)
    return [line for i, line in enumerate(lines) if i not in edges or _shape(line) not in running]


def _edges(lines: Sequence[str]) -> set[int]:
    filled = [i for i, line in enumerate(lines) if line.strip()]
    return {*filled[:_MARGIN_LINES], *filled[-_MARGIN_LINES:]}


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.split()))


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
        running: list[str] = []
        for line in lines:
            level = outline.get((number, _squeezed(line)))
            if level is None or len(line) > _LONGEST_HEADING:
                running.append(line)
                continue
            blocks.append(Block("text", "\n".join(running), page=number))
            blocks.append(Block("heading", line, level, number))
            running = []
        blocks.append(Block("text", "\n".join(running), page=number))
    return blocks


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower()


def _own_title(document: pypdfium2.PdfDocument) -> str:
    title = str(document.get_metadata_dict().get("Title", "")).strip()
    # What a word processor writes by itself says nothing of the contents.
    generated = re.search(
        r"^(microsoft word|untitled|\(anonymous\)|document\d*$)|\.\w{2,5}$", title.lower()
    )
    return "" if generated else title
