"""What is filled into the forms of a PDF, and noted on its pages."""

import ctypes
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import pypdfium2
import pypdfium2.raw as pdfium

_MOST_BYTES, _END = 65_536, b"\0\0"
# Notes that somebody wrote on the page; links, marks and fields say nothing themselves.
_NOTES = frozenset({pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_FREETEXT})
# In points: so far left of a field its label may begin.
_FAR = 400.0
_CHOICES = frozenset({pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON})
Box: TypeAlias = tuple[float, float, float, float]
# Of a box that is not ticked.
_OFF = frozenset({"", "Off"})


def written_in(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> list[str]:
    """Return a line for each field that is filled, behind what stands before or above it on the
    page, and for each note.
    """
    form = page.formenv
    fields = [_place(one) for one in _annotations(page) if _kind(one) == pdfium.FPDF_ANNOT_WIDGET]
    lines: list[str] = []
    for annotation in _annotations(page):
        if _kind(annotation) == pdfium.FPDF_ANNOT_WIDGET and form is not None:
            lines.append(_filled(form.raw, annotation, textpage, fields))
        elif _kind(annotation) in _NOTES:
            lines.append(_text(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
    return [line for line in lines if line.strip()]


def _filled(
    form: object, annotation: object, textpage: pypdfium2.PdfTextPage, fields: Sequence[Box]
) -> str:
    """Return what a field is called and holds; empty where it holds nothing."""
    value = _text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
    is_choice = pdfium.FPDFAnnot_GetFormFieldType(form, annotation) in _CHOICES
    if value in _OFF or (is_choice and not pdfium.FPDFAnnot_IsChecked(form, annotation)):
        return ""
    name = _label(_place(annotation), textpage, fields, is_choice=is_choice)
    name = name or _text(pdfium.FPDFAnnot_GetFormFieldName, form, annotation)
    return f"{name.rstrip(' :：')}: {value}" if name else value


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


def _kind(annotation: object) -> int:
    return int(pdfium.FPDFAnnot_GetSubtype(annotation))


def _place(annotation: object) -> Box:
    """Return left, bottom, right and top of an annotation, in points."""
    place = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, place)
    return place.left, place.bottom, place.right, place.top


def _label(
    own: Box, textpage: pypdfium2.PdfTextPage, fields: Sequence[Box], *, is_choice: bool
) -> str:
    """Return the words that stand between a field and the one left of it, else right above it; of
    a box to tick, right of it first.
    """
    left, bottom, right, top = own
    beside = [one for one in fields if one != own and one[1] < top and one[3] > bottom]
    begins = max((one[2] for one in beside if one[2] <= left), default=left - _FAR)
    ends = min((one[0] for one in beside if one[0] >= right), default=right + _FAR)
    places = [(begins, bottom, left, top), (left, top, right, 2 * top - bottom)]
    if is_choice:
        places.insert(0, (right, bottom, ends, top))
    texts = (" ".join(str(textpage.get_text_bounded(*place)).split()) for place in places)
    return next(filter(None, texts), "")
