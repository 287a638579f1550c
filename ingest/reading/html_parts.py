"""A web page made plain, so that what the partitioner would drop stays."""

import re
from typing import Any

from lxml import etree, html

from ingest.reading.html_tables import lay_out_as_blocks, lays_out, write_out_cells
from ingest.reading.superscripts import raised

_DROPPED = ("script", "style", "template", "svg", "select", "textarea", "iframe", "noscript")
# What is struck out does not hold any more.
_STRUCK_OUT = ("del", "s", "strike")
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
    # The partitioner takes what stands beside the first `main` for no text, and forms for none.
    "main",
    "form",
)
_AS_INLINE = ("ins", "label", "button", "math")
_CHARSET = re.compile(
    rb"""(?:<meta[^>]+charset=|<\?xml[^>]+encoding=)["']?\s*([\w-]+)""", re.IGNORECASE
)
_ORDINAL = re.compile(r"-?\d{1,6}", re.ASCII)
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
    etree.strip_elements(root, *_DROPPED, *_STRUCK_OUT, etree.Comment, with_tail=False)
    for node in root.find_class("footnote-back"):
        if node.getparent() is not None:
            node.drop_tree()
    for fraction in list(root.iter("mfrac")):
        fraction.tag = "span"
        for part in list(fraction)[:-1]:
            part.tail = f"/{(part.tail or '').strip()}"
    _set_apart_raised(root)
    _number_items(root)
    _make_known(root)
    for table in root.iter("table"):
        write_out_cells(table)
    return html.tostring(root, encoding="unicode"), title


def _make_known(root: Any) -> None:  # noqa: ANN401 - untyped XML
    for node in list(root.iter("table")):
        if lays_out(node):
            lay_out_as_blocks(node)
    for node in root.iter():
        if node.tag in _AS_BLOCKS:
            node.tag = "div"
        elif node.tag in _AS_INLINE:
            node.tag = "span"


def _set_apart_raised(root: Any) -> None:  # noqa: ANN401
    for node in list(root.iter("sup")):
        if node.getparent() is None:
            # Within another, which is told already.
            continue
        is_link = next(node.iter("a"), None) is not None
        shown = raised(_text_before(node), node.text_content(), is_link=is_link)
        tail = node.tail
        node.clear()
        node.tag, node.text, node.tail = "span", shown, tail


def _text_before(node: Any) -> str:  # noqa: ANN401
    """Return the text that *node* follows within its element."""
    previous = node.getprevious()
    if previous is None:
        return node.getparent().text or ""
    return previous.tail or "".join(previous.itertext())


def _number_items(root: Any) -> None:  # noqa: ANN401
    """Write the numbers of ordered lists into their items, where the partitioner has dots."""
    for group in root.iter("ol"):
        start = group.get("start", "1")
        number = int(start) if _ORDINAL.fullmatch(start) else 1
        for item in group.iterchildren("li"):
            own = item.get("value", "")
            number = int(own) if _ORDINAL.fullmatch(own) else number
            first = next(item.iterchildren("p"), None)
            holder = item if first is None or (item.text or "").strip() else first
            holder.text = f"{number}. {(holder.text or '').lstrip()}"
            number += 1
