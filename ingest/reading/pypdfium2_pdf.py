"""The reader of PDF: the text layer by PDFium, pages without one by OCR."""

import math
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.grade import GARBLED_PAGE, garbled_share
from ingest.reading.pdf_forms import written_in
from ingest.reading.pdf_lines import PageLines, set_apart
from ingest.reading.pdf_margins import PageText, page_text, scanned_page
from ingest.reading.pdf_page_tables import with_all_tables
from ingest.reading.pdf_running import without_running_lines
from ingest.reading.pdf_tables import OpenTable, Row
from ingest.reading.rapidocr_pictures import PictureReader
from services.domain.errors import UnreadableError

_NEEDS_PASSWORD = 4
# A page with fewer characters than this and a picture on it is taken for a scan.
_SCAN_CHARACTERS = 20
_OCR_DPI = 150
_LONGEST_HEADING = 120
_JOINTS = frozenset({"and", "or", "und", "oder", "bzw", "sowie", "to", "bis"})
# So many letters are looked at; of a page whose text stands sideways so many do, by more than this
# angle, in radians.
_LETTERS_ASKED, _SIDEWAYS, _UPRIGHT = 40, 0.2, 0.1
# A word with PDFium's mark where a hyphen stood at a line's end.
_HYPHENATED = re.compile(r"([^\s\x02\ufffe]*)[\x02\ufffe]([^\s\x02\ufffe]*)")
_IN_ADDRESS = re.compile(r"[@/\\_]|\.\w")
# So much of a page under pictures is a scan, if it has no more letters than a stamp.
_SCAN_SHARE, _STAMP_CHARACTERS = 0.6, 200


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
        document = pypdfium2.PdfDocument(source.path)
        document.init_forms()
    except pypdfium2.PdfiumError as error:
        if error.err_code == _NEEDS_PASSWORD:
            message = "It is encrypted and needs a password: save it without one."
            raise UnreadableError("encrypted", message) from error
        message = "It is corrupt: no PDF reader can open it. Save or print it again as PDF."
        raise UnreadableError("corrupt", message) from error
    return document


def _read_pages(document: pypdfium2.PdfDocument, name: str, tell: Tell) -> Contents:
    ocr = PictureReader()
    pages: list[PageText] = []
    last: OpenTable | None = None
    for number, page in enumerate(document):
        read, last = _page_text(page, ocr, last)
        pages.append(read)
        tell(number + 1, len(document))
    blocks = _blocks(without_running_lines(pages), _outline(document))
    with_text = sum(any(line.strip() for line in page.lines) for page in pages)
    notes: dict[str, object] = {"pages_with_text": with_text}
    if ocr.pages:
        notes |= {"ocr_pages": ocr.pages, "ocr_confidence": round(ocr.confidence, 4)}
    return Contents(blocks, title=_own_title(document, name), pages=len(pages), notes=notes)


def _page_text(
    page: pypdfium2.PdfPage, ocr: PictureReader, before: OpenTable | None
) -> tuple[PageText, OpenTable | None]:
    """Return the text of a page, and the table at its end, which may go on on the next."""
    textpage = page.get_textpage()
    try:
        text = _of_lines(textpage, is_turned=page.get_rotation() != 0)
        if not _needs_ocr(page, text):
            laid = PageLines(textpage, text.split("\n"), page.get_rotation())
            lines, last = with_all_tables(page, textpage, laid, before)
            text_of = page_text(lines, laid, page)
            return text_of.mapped(_unmarked, written_in(page, textpage)), last
    finally:
        textpage.close()
    read = ocr.read(page.render(scale=_OCR_DPI / 72).to_numpy())
    if garbled_share(text) > GARBLED_PAGE:
        return scanned_page((read or _unmarked(text)).split("\n")), None
    seen = _squeezed(read)
    typed = [line for line in _unmarked(text).split("\n") if _squeezed(line) not in seen]
    return scanned_page([*read.split("\n"), *typed]), None


def _of_lines(textpage: pypdfium2.PdfTextPage, *, is_turned: bool) -> str:
    """Return the text of a page. Of one that is turned, or whose text stands sideways, the text
    within its bounds loses its line ends.
    """
    is_whole = is_turned or _is_sideways(textpage)
    text = textpage.get_text_range() if is_whole else textpage.get_text_bounded()
    return str(text).replace("\r\n", "\n")


def _is_sideways(textpage: pypdfium2.PdfTextPage) -> bool:
    """Say whether some of a page's letters do not stand upright, by a few of them."""
    count = textpage.count_chars()
    asked = range(0, count, max(1, count // _LETTERS_ASKED))
    angles = [pdfium.FPDFText_GetCharAngle(textpage.raw, letter) for letter in asked]
    turned = sum(_UPRIGHT < angle < 2 * math.pi - _UPRIGHT for angle in angles)
    return bool(turned > _SIDEWAYS * len(angles))


def _unmarked(text: str) -> str:
    """Return *text* with raised digits set apart, and without the marks that PDFium leaves where it
    joins a word that was hyphenated at a line's end.
    """
    plain = _HYPHENATED.sub(_put_together, set_apart(text))
    if plain == text:
        return text
    return Row(plain, text.names) if isinstance(text, Row) else plain


def _put_together(match: re.Match[str]) -> str:
    """Return a word that was parted at a line's end; part numbers and addresses have hyphens."""
    before, after = match[1], match[2]
    if after.lower() in _JOINTS:
        # Of "pre- and post-war", the hyphen belongs to what is left out.
        return f"{before}- {after}"
    is_word = before[-1:].islower() and after[:1].islower() and not _IN_ADDRESS.search(match[0])
    return f"{before}{'' if is_word else '-'}{after}"


def _needs_ocr(page: pypdfium2.PdfPage, text: str) -> bool:
    if garbled_share(text) > GARBLED_PAGE:
        return True
    letters = len(text.strip())
    if letters >= _STAMP_CHARACTERS:
        return False
    pictures = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    if letters < _SCAN_CHARACTERS:
        return any(True for _ in pictures)
    width, height = page.get_size()
    shares = (_area(picture) / max(width * height, 1.0) for picture in pictures)
    return any(share >= _SCAN_SHARE for share in shares)


def _area(picture: pypdfium2.PdfObject) -> float:
    left, bottom, right, top = picture.get_bounds()
    return float((right - left) * (top - bottom))


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
