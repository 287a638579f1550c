"""Readers of Word, PowerPoint, Excel, OpenDocument, EPUB and RTF, by unstructured."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.archives import check_container
from ingest.reading.unstructured_offline import blocks_of, prepare
from services.domain.errors import UnreadableError

# An empty list of languages: the library's own guess is wrong for short Chinese, and slow.
_LANGUAGES = [""]


def read_docx(source: Source, tell: Tell) -> Contents:
    """Read a Word file, its text boxes, headers, footers and notes included."""
    check_container(source.path)
    prepare()
    from unstructured.partition.docx import partition_docx  # noqa: PLC0415

    from ingest.reading.docx_parts import own_title, plain_docx  # noqa: PLC0415

    elements = _guarded(lambda: partition_docx(file=plain_docx(source.path), languages=_LANGUAGES))
    tell(1, 1)
    return Contents(blocks_of(elements, titles=True), title=own_title(source.path))


def read_pptx(source: Source, tell: Tell) -> Contents:
    """Read slides in order: title, text, tables, charts, speaker notes. A slide is a page."""
    check_container(source.path)
    prepare()
    from unstructured.partition.pptx import partition_pptx  # noqa: PLC0415

    from ingest.reading.pptx_parts import extra_blocks, slide_titles  # noqa: PLC0415

    elements = _guarded(
        lambda: partition_pptx(
            str(source.path),
            include_slide_notes=True,
            include_page_breaks=False,
            languages=_LANGUAGES,
        )
    )
    titles, extras = slide_titles(source.path), extra_blocks(source.path)
    blocks: list[Block] = []
    for page, group in groupby(blocks_of(elements, titles=False, pages=True), lambda b: b.page):
        blocks += [_as_heading(block, titles.get(page or 0)) for block in group]
        blocks += extras.pop(page or 0, [])
    blocks += [block for rest in extras.values() for block in rest]
    tell(1, 1)
    return Contents(blocks, pages=max((block.page or 0 for block in blocks), default=0))


def read_xlsx(source: Source, tell: Tell) -> Contents:
    """Read every sheet: its name as a heading, its tables whole."""
    check_container(source.path)
    prepare()
    from unstructured.partition.xlsx import partition_xlsx  # noqa: PLC0415

    elements = _guarded(lambda: partition_xlsx(str(source.path), languages=_LANGUAGES))
    blocks: list[Block] = []
    for name, group in groupby(elements, lambda element: element.metadata.page_name):
        blocks.append(Block("heading", str(name or ""), 1))
        blocks += blocks_of(group, titles=False)
    tell(1, 1)
    return Contents(blocks, title=source.name.rsplit("/", 1)[-1].rsplit(".", 1)[0])


def read_odt(source: Source, tell: Tell) -> Contents:
    """Read an OpenDocument text."""
    check_container(source.path)
    prepare()
    from unstructured.partition.odt import partition_odt  # noqa: PLC0415

    elements = _guarded(lambda: partition_odt(str(source.path), languages=_LANGUAGES))
    tell(1, 1)
    return Contents(blocks_of(elements, titles=True))


def read_epub(source: Source, tell: Tell) -> Contents:
    """Read an electronic book."""
    check_container(source.path)
    prepare()
    from unstructured.partition.epub import partition_epub  # noqa: PLC0415

    elements = _guarded(lambda: partition_epub(str(source.path), languages=_LANGUAGES))
    tell(1, 1)
    return Contents(blocks_of(elements, titles=True))


def read_rtf(source: Source, tell: Tell) -> Contents:
    """Read rich text."""
    prepare()
    from unstructured.partition.rtf import partition_rtf  # noqa: PLC0415

    elements = _guarded(lambda: partition_rtf(str(source.path), languages=_LANGUAGES))
    tell(1, 1)
    return Contents(blocks_of(elements, titles=True))


def _as_heading(block: Block, title: str | None) -> Block:
    """Return the slide's title as a heading; its other lines are text whatever they look like."""
    if title is not None and block.text.strip() == title.strip():
        return Block("heading", block.text, 1, block.page)
    return block


def _guarded(partition: Callable[[], list[Any]]) -> list[Any]:
    """Run a partition function; whatever it raises means that the file is broken."""
    try:
        return partition()
    except (MemoryError, UnreadableError):
        raise
    except Exception as error:
        message = f"It is corrupt: its parts do not fit together ({type(error).__name__}). "
        raise UnreadableError("corrupt", message + "Save it again.") from error
