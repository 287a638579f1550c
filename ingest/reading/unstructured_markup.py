"""Readers of HTML and Markdown, by unstructured."""

import re

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.encodings import decode
from ingest.reading.html_parts import declared_charset, plain_html
from ingest.reading.unstructured_offline import blocks_of, prepare

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n(?:---|\.\.\.)\s*\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_NOTE_MARK = re.compile(r"\[\^([^\]\s]+)\](?!:)")
_FOOTNOTE = re.compile(r"^\[\^([^\]]+)\]:\s*", re.MULTILINE)


def read_html(source: Source, tell: Tell) -> Contents:
    """Read a web page; nothing that it points to is fetched."""
    data = source.path.read_bytes()
    text, encoding = decode(data, declared_charset(data))
    contents = html_contents(text)
    tell(1, 1)
    return Contents(contents.blocks, contents.title, notes={"encoding": encoding})


def html_contents(text: str) -> Contents:
    """Return the blocks of an HTML text; its title stands first where no heading repeats it."""
    prepare()
    from unstructured.partition.html import partition_html  # noqa: PLC0415

    plain, title = plain_html(text)
    if not plain:
        return Contents([])
    blocks = blocks_of(partition_html(text=plain, languages=[""]), titles=True)
    if title and not any(block.text.strip() == title for block in blocks):
        blocks.insert(0, _heading(title))
    return Contents(blocks, title)


def read_markdown(source: Source, tell: Tell) -> Contents:
    """Read Markdown; front matter gives the title and is no text."""
    text, encoding = decode(source.path.read_bytes())
    text = text.replace("\r\n", "\n")
    title = ""
    front = _FRONT_MATTER.match(text)
    if front:
        named = _FRONT_TITLE.search(front[1])
        title = named[1] if named else ""
        text = text[front.end() :]
    from markdown_it import MarkdownIt  # noqa: PLC0415

    # Footnotes would be dropped. Lists and tables may stand right under a line of text.
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    contents = html_contents(
        page.render(_NOTE_MARK.sub(r"[\1]", _FOOTNOTE.sub(r"\\[\1\\] ", text)))
    )
    blocks = contents.blocks
    if title and not any(block.text.strip() == title for block in blocks):
        blocks.insert(0, _heading(title))
    tell(1, 1)
    return Contents(blocks, title, notes={"encoding": encoding})


def _heading(title: str) -> Block:
    return Block("heading", title, 1)
