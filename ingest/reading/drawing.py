"""One page of a PDF as a picture, and where a quote stands on it: a child of its own for each.

Started as `python -m ingest.reading.drawing FILE`, FILE being the number of an open descriptor.
What is wanted comes as JSON on standard input: `page` (from 1), `quote`, what stands `before` it on
the page, `memory_mb`; what is found
goes as JSON to standard output: `width` and `height` in pixels, `image` (PNG in base64), the
`boxes` of the quote, and the `lines` of text with theirs. A box is left, top, right, bottom, as
shares of the page. A line with `lacks_font` is in letters whose font is neither in the file nor
here: the picture does not show it, and whoever shows the picture writes it there.
"""

import base64
import io
import json
import math
import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.reading.sandbox import enter_sandbox
from services.domain.errors import UnreadableError
from services.language.normalize import CJK

Box = tuple[float, float, float, float]
# A letter, or a line of them, and where it stands.
Letter = tuple[str, Box]
_NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
_MOST_PIXELS = 2_500_000
_WIDEST = 1100
_MOST_SCALE = 3.0
_CPU_S = 20
_MOST_CHARACTERS = 50_000
# A quote of which not even so many letters are found together is not marked.
_FEWEST_LETTERS = 6
# Between the cells of a row, which the page has none of.
_BARS = "|¦"


def main(file: int) -> None:
    """Draw one page and end."""
    wanted = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        enter_sandbox(int(wanted["memory_mb"]), _CPU_S, file, Path(folder))
        try:
            told = _drawn(Path(f"/proc/{os.getpid()}/fd/{file}"), wanted)
        except (pypdfium2.PdfiumError, MemoryError, UnreadableError) as error:
            told = {"error": str(error)}
        json.dump(told, sys.stdout)


def _drawn(path: Path, wanted: dict[str, object]) -> dict[str, object]:
    document = pypdfium2.PdfDocument(path)
    number = int(str(wanted["page"]))
    if not 1 <= number <= len(document):
        message = f"It has {len(document)} pages."
        raise UnreadableError("no_such_page", message)
    page = document[number - 1]
    picture = page.render(scale=_scale(*page.get_size())).to_pil()
    out = io.BytesIO()
    picture.convert("RGB").quantize(64).save(out, "PNG", optimize=True)
    return {
        "page": number,
        "pages": len(document),
        "width": picture.width,
        "height": picture.height,
        "image": base64.b64encode(out.getvalue()).decode(),
        **_text_of(page, str(wanted["quote"]), str(wanted["before"])),
    }


def _scale(width: float, height: float) -> float:
    """Return pixels a point (1/72 inch): wide enough to read, never more than memory bears."""
    most = math.sqrt(_MOST_PIXELS / max(width * height, 1.0))
    return min(_MOST_SCALE, _WIDEST / max(width, 1.0), most)


def _text_of(page: pypdfium2.PdfPage, quote: str, before: str) -> dict[str, object]:
    """Return the boxes of *quote* on the page, none if it is not found, and the page's lines."""
    textpage = page.get_textpage()
    try:
        letters = [
            (chr(pdfium.FPDFText_GetUnicode(textpage, index)), _box(page, textpage, index))
            for index in range(min(textpage.count_chars(), _MOST_CHARACTERS))
        ]
    finally:
        textpage.close()
    is_foreign = _has_foreign_font(page)
    lines = [
        {"text": text, "box": box, "lacks_font": is_foreign and bool(CJK.search(text))}
        for text, box in _lines(letters)
        if text.strip()
    ]
    return {"boxes": boxes_of(letters, quote, before), "lines": lines}


def boxes_of(letters: Sequence[Letter], quote: str, before: str) -> list[Box]:
    """Return the boxes of *quote* among the letters of a page, one a line; of several, of that with
    as many *before* it.
    """
    seen = [(plain, at) for at, (letter, _) in enumerate(letters) for plain in squeezed(letter)]
    spans = _spans("".join(plain for plain, _ in seen), quote, squeezed(before))
    wanted = dict.fromkeys(at for start, end in spans for _, at in seen[start:end])
    return [box for _, box in _lines(letters[at] for at in wanted)]


def _has_foreign_font(page: pypdfium2.PdfPage) -> bool:
    """Say whether a font of the page's text is not in the file."""
    for text in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], max_depth=3):
        font = pdfium.FPDFTextObj_GetFont(text)
        if font and pdfium.FPDFFont_GetIsEmbedded(font) == 0:
            return True
    return False


def squeezed(text: str) -> str:
    """Return the letters of *text* in one form, without spaces, bars and what cannot be seen."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(
        letter
        for letter in plain
        if letter.isprintable() and not letter.isspace() and letter not in _BARS
    )


def _spans(letters: str, quote: str, before: str) -> list[tuple[int, int]]:
    """Return where *quote* stands: as a whole, else those of its lines that are there, as the names
    of a table's columns may stand otherwise on the page; else as much of its beginning as is there.
    """
    spans: list[tuple[int, int]] = []
    whole = squeezed(quote)
    lines = [line for line in map(squeezed, quote.splitlines()) if len(line) >= _FEWEST_LETTERS]
    for parts in ([whole] if whole else [], lines):
        position = 0
        for wanted in parts:
            start = letters.find(wanted, position) if spans else _nth(letters, wanted, before)
            if start >= 0:
                position = start + len(wanted)
                spans.append((start, position))
        if spans:
            return spans
    return _beginning(letters, whole, before)


def _nth(letters: str, wanted: str, before: str) -> int:
    """Return where *wanted* stands with as many of it before as in *before*; -1 if nowhere."""
    start = letters.find(wanted)
    for _ in range(before.count(wanted)):
        after = letters.find(wanted, start + 1)
        start = after if after >= 0 else start
    return start


def _beginning(letters: str, quote: str, before: str) -> list[tuple[int, int]]:
    length = len(quote) * 3 // 4
    while length >= _FEWEST_LETTERS:
        start = _nth(letters, quote[:length], before)
        if start >= 0:
            return [(start, start + length)]
        length = length * 3 // 4
    return []


def _box(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage, index: int) -> Box:
    left, bottom, right, top = textpage.get_charbox(index, loose=True)
    corners = [_share(page, x, y) for x, y in ((left, bottom), (right, top))]
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _share(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
    """Return a point of the page as shares of its picture, cropped and turned as that is."""
    left, bottom, right, top = page.get_cropbox()
    across = (x - left) / max(right - left, 1.0)
    up = (y - bottom) / max(top - bottom, 1.0)
    turned = {
        0: (across, 1 - up),
        90: (up, across),
        180: (1 - across, up),
        270: (1 - up, 1 - across),
    }[page.get_rotation()]
    return round(turned[0], 5), round(turned[1], 5)


def _lines(letters: Iterable[Letter]) -> Iterator[Letter]:
    """Join the letters that stand in one line: its text and its box."""
    text, line, last = "", _NOWHERE, _NOWHERE
    for letter, box in letters:
        if letter in "\r\n" or (text and not _same_line(line, last, box)):
            if text:
                yield text, line
            text, line = "", _NOWHERE
        if letter not in "\r\n":
            text += letter if letter.isprintable() else ""
            line, last = _joined(line, box), box
    if text:
        yield text, line


def _joined(line: Box, box: Box) -> Box:
    if box[1] == box[3]:
        return line
    if line == _NOWHERE:
        return box
    return (
        min(line[0], box[0]),
        min(line[1], box[1]),
        max(line[2], box[2]),
        max(line[3], box[3]),
    )


def _same_line(line: Box, last: Box, box: Box) -> bool:
    """Say whether a letter stands in the line, be it that of a page that is turned (there letters
    stand above each other); spaces have no height and stand in any.
    """
    if line == _NOWHERE or box[1] == box[3]:
        return True
    beside = min(line[3], box[3]) - max(line[1], box[1])
    above = min(last[2], box[2]) - max(last[0], box[0])
    return (
        beside > min(line[3] - line[1], box[3] - box[1]) / 2
        or above > min(last[2] - last[0], box[2] - box[0]) / 2
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
