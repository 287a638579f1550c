"""A web page made plain, so that what the partitioner would drop stays."""

import re
from typing import Any

from lxml import etree, html

_DROPPED = ("script", "style", "template", "svg", "select", "textarea", "iframe", "noscript")
_AS_BLOCKS = (
    "details",
    "summary",
    "figure",
    "figcaption",
    "dialog",
    "fieldset",
    "legend",
    "object",
    "video",
    "audio",
)
_AS_INLINE = ("del", "s", "ins", "label", "button", "math")
_CHARSET = re.compile(
    rb"""(?:<meta[^>]+charset=|<\?xml[^>]+encoding=)["']?\s*([\w-]+)""", re.IGNORECASE
)
_MOST_SPAN = 200
_PARSED_HEAD = 4096


def declared_charset(data: bytes) -> str | None:
    """Return the charset that a page, or its XML declaration, names in its head."""
    found = _CHARSET.search(data[:_PARSED_HEAD])
    return found[1].decode("ascii") if found else None


def plain_html(text: str) -> tuple[str, str]:
    """Return the page without scripts, every text-bearing tag a known one, and its title."""
    # lxml refuses a string that declares its own encoding.
    bare = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    if not bare.strip():
        return "", ""
    try:
        root = html.document_fromstring(bare)
    except etree.ParserError:
        return "", ""
    title = " ".join((root.findtext(".//title") or "").split())
    etree.strip_elements(root, *_DROPPED, etree.Comment, with_tail=False)
    for node in root.iter():
        if node.tag in _AS_BLOCKS:
            node.tag = "div"
        elif node.tag in _AS_INLINE:
            node.tag = "span"
    for row in list(root.iter("tr")):
        _write_out_columns(row)
    return html.tostring(root, encoding="unicode"), title


def _write_out_columns(row: Any) -> None:  # noqa: ANN401 - untyped XML
    """Put empty cells where a wide cell reaches: the partitioner forgets how wide it was."""
    for cell in list(row.iterchildren("td", "th")):
        width = cell.attrib.pop("colspan", "1")
        for _ in range(min(int(width), _MOST_SPAN) - 1 if width.isdigit() else 0):
            cell.addnext(row.makeelement(cell.tag))
