"""A Word file made plain, so that what the partitioner would drop stands in the running text."""

import copy
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ingest.reading.docx_characters import write_out_characters
from ingest.reading.docx_heads import mark_head
from ingest.reading.docx_numbers import write_out_numbers
from ingest.reading.docx_tables import fill_merged_rows, name_columns

_UNWRAPPED = ("w:ins", "w:moveTo", "w:smartTag", "w:customXml", "w:fldSimple")
_DROPPED = ("w:del", "w:moveFrom")
_NOTES = (
    ("w:footnoteReference", "footnotes"),
    ("w:endnoteReference", "endnotes"),
    ("w:commentReference", "comments"),
)
_HEADING_NAME = re.compile(r"^(?:heading|标题|標題)\s*([1-9])$", re.IGNORECASE)
_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_DEEPEST = 9


def plain_docx(path: Path) -> io.BytesIO:
    """Return the file with tracked changes accepted, text boxes and notes moved behind their
    paragraphs, content controls and fields opened, formulas and symbols as text, raised digits set
    apart, what is struck out or hidden gone, Chinese numbers written out, a merged cell's text in
    each of its rows, columns named whole, and headings of any name under the built-in styles.
    """
    document = docx.Document(str(path))
    body = document.element.body
    _drop_and_unwrap(body)
    write_out_characters(document, body)
    write_out_numbers(document, body)
    for table in body.iter(qn("w:tbl")):
        fill_merged_rows(table)
        name_columns(table)
        mark_head(table, document.styles.element)
    _move_text_boxes(body)
    _append_notes(document, body)
    _name_headings(document)
    saved = io.BytesIO()
    document.save(saved)
    saved.seek(0)
    return saved


def _drop_and_unwrap(body: Any) -> None:  # noqa: ANN401 - untyped XML
    for node in list(body.iter(*map(qn, _DROPPED))):
        node.getparent().remove(node)
    for choice in list(body.iter(f"{_ALTERNATE}AlternateContent")):
        for fallback in choice.findall(f"{_ALTERNATE}Fallback"):
            if choice.find(f"{_ALTERNATE}Choice") is not None:
                choice.remove(fallback)
    for control in list(body.iter(qn("w:sdt"))):
        content = control.find(qn("w:sdtContent"))
        _replace_by_children(control, content if content is not None else ())
    for tag in _UNWRAPPED:
        for node in list(body.iter(qn(tag))):
            _replace_by_children(node, node)


def _replace_by_children(node: Any, children: Any) -> None:  # noqa: ANN401
    parent = node.getparent()
    at = parent.index(node)
    for child in reversed(list(children)):
        parent.insert(at, child)
    parent.remove(node)


def _move_text_boxes(body: Any) -> None:  # noqa: ANN401
    for box in list(body.iter(qn("w:txbxContent"))):
        anchor = _paragraph_around(box)
        if anchor is None:
            continue
        for paragraph in reversed(list(box)):
            anchor.addnext(paragraph)
        box.getparent().remove(box)


def _paragraph_around(node: Any) -> Any:  # noqa: ANN401
    """Return the outermost paragraph that holds *node*, None if there is none."""
    found = None
    for ancestor in node.iterancestors():
        if ancestor.tag == qn("w:p"):
            found = ancestor
    return found


def _append_notes(document: Any, body: Any) -> None:  # noqa: ANN401
    for reference, part_name in _NOTES:
        notes = dict(_notes_of(document, part_name))
        for node in reversed(list(body.iter(qn(reference)))):
            text = notes.get(node.get(qn("w:id")))
            anchor = _paragraph_around(node)
            if text and anchor is not None:
                anchor.addnext(_paragraph(text))


def _notes_of(document: Any, part_name: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    from lxml import etree  # noqa: PLC0415

    for relation in document.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(f"/{part_name}"):
            continue
        root = etree.fromstring(
            relation.target_part.blob, etree.XMLParser(resolve_entities=False, no_network=True)
        )
        for note in root:
            if note.get(qn("w:type")) is None:
                paragraphs = ("".join(p.itertext(qn("w:t"))) for p in note.iter(qn("w:p")))
                yield note.get(qn("w:id")), " ".join(filter(None, paragraphs))


def _paragraph(text: str) -> Any:  # noqa: ANN401
    paragraph = OxmlElement("w:p")
    paragraph.append(_run(text))
    return paragraph


def _run(text: str) -> Any:  # noqa: ANN401
    run, content = OxmlElement("w:r"), OxmlElement("w:t")
    content.text = text
    run.append(content)
    return run


def _name_headings(document: Any) -> None:  # noqa: ANN401
    """Give every paragraph that has an outline level the built-in heading style of that level."""
    for paragraph in document.paragraphs:
        level = _outline_level(paragraph)
        if level is None:
            continue
        name = f"Heading {level}"
        if paragraph.style.name != name and paragraph.text.strip():
            if name not in {style.name for style in document.styles}:
                document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            paragraph.style = document.styles[name]


def _outline_level(paragraph: Any) -> int | None:  # noqa: ANN401
    own = paragraph._p.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")  # noqa: SLF001
    if own is not None:
        level = int(own.get(qn("w:val"), _DEEPEST)) + 1
        return level if level <= _DEEPEST else None
    style = paragraph.style
    while style is not None:
        match = _HEADING_NAME.match(style.name or "")
        if match:
            return int(match[1])
        level_node = style.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if level_node is not None and int(level_node.get(qn("w:val"), _DEEPEST)) < _DEEPEST:
            return int(level_node.get(qn("w:val"))) + 1
        style = style.base_style
    return None


def own_title(path: Path) -> str:
    """Return the title in the file's properties."""
    return str(copy.copy(docx.Document(str(path)).core_properties.title or ""))
