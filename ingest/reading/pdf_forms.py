"""What is filled into the forms of a PDF, and noted on its pages."""

import ctypes
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

_MOST_BYTES, _END = 65_536, b"\0\0"
# Notes that somebody wrote on the page; links, marks and fields say nothing themselves.
_NOTES = frozenset({pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_FREETEXT})
# In points: so far left of a field its label may begin.
_FAR = 400.0
# Of a box that is not ticked.
_OFF = frozenset({"", "Off"})


def written_in(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> list[str]:
    """Return a line for each field that is filled, behind what stands before or above it on the
    page, and for each note.
    """
    form = page.formenv
    lines: list[str] = []
    for annotation in _annotations(page):
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        if kind == pdfium.FPDF_ANNOT_WIDGET and form is not None:
            value = _text(pdfium.FPDFAnnot_GetFormFieldValue, form.raw, annotation)
            name = _label(annotation, textpage) or _text(
                pdfium.FPDFAnnot_GetFormFieldName, form.raw, annotation
            )
            if value not in _OFF:
                lines.append(f"{name.rstrip(' :：')}: {value}" if name else value)
        elif kind in _NOTES:
            lines.append(_text(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
    return [line for line in lines if line.strip()]


def _annotations(page: pypdfium2.PdfPage) -> Iterator[object]:
    for at in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, at)
        try:
            yield annotation
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _text(read: object, *what: object) -> str:
    """Return a text that PDFium writes as UTF-16 with a zero behind it."""
    length = read(*what, None, 0)  # type: ignore[operator]
    if not len(_END) < length <= _MOST_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(length)
    into = ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR))
    read(*what, into, length)  # type: ignore[operator]
    return buffer.raw[: length - len(_END)].decode("utf-16-le", "replace").strip()


def _label(annotation: object, textpage: pypdfium2.PdfTextPage) -> str:
    """Return the words that stand left of a field, else right above it."""
    place = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, place):
        return ""
    height = max(place.top - place.bottom, 1.0)
    left = str(
        textpage.get_text_bounded(place.left - _FAR, place.bottom, place.left, place.top)
    ).strip()
    above = textpage.get_text_bounded(place.left, place.top, place.right, place.top + height)
    return " ".join((left or str(above)).split())
