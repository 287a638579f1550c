"""Readers of Word and PowerPoint, by unstructured."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.archives import check_container
from ingest.reading.guarding import guarded
from ingest.reading.unstructured_offline import blocks_of, prepare

# An empty list of languages: the library's own guess is wrong for short Chinese, and slow.
_LANGUAGES = [""]
_STOPS = (*".!?:;,", *"。！？：；，")
# A longer first line is no name of a slide.
_LONGEST_NAME = 80


def read_docx(source: Source, tell: Tell) -> Contents:
    """Read a Word file, its text boxes, headers, footers and notes included."""
    check_container(source.path)
    prepare()
    from unstructured.partition.docx import partition_docx  # noqa: PLC0415

    from ingest.reading.docx_parts import own_title, plain_docx  # noqa: PLC0415

    elements = guarded(lambda: partition_docx(file=plain_docx(source.path), languages=_LANGUAGES))
    tell(1, 1)
    return Contents(blocks_of(elements, titles=True), title=own_title(source.path))


def read_pptx(source: Source, tell: Tell) -> Contents:
    """Read slides in order: title, text, tables, charts, speaker notes. A slide is a page."""
    check_container(source.path)
    prepare()
    from unstructured.partition.pptx import partition_pptx  # noqa: PLC0415

    from ingest.reading.pptx_parts import extra_blocks, slide_titles  # noqa: PLC0415
    from ingest.reading.pptx_plain import plain_pptx  # noqa: PLC0415

    elements = guarded(
        lambda: partition_pptx(
            file=plain_pptx(source.path),
            include_slide_notes=False,
            include_page_breaks=False,
            languages=_LANGUAGES,
        )
    )
    titles, extras = slide_titles(source.path), extra_blocks(source.path)
    blocks: list[Block] = []
    own = {
        page or 0: list(group)
        for page, group in groupby(
            blocks_of(elements, titles=False, pages=True), lambda block: block.page
        )
    }
    for page in sorted({*own, *extras}):
        blocks += _slide(own.get(page, []), titles.get(page))
        blocks += extras.get(page, [])
    tell(1, 1)
    return Contents(blocks, pages=max((block.page or 0 for block in blocks), default=0))


def _slide(blocks: Sequence[Block], title: str | None) -> list[Block]:
    """Return a slide's blocks, its title first and as a heading; its other lines are text whatever
    they look like. A slide without a title is no part of the one before: its first line names it.
    """
    named = title if title is not None else next((block.text for block in blocks[:1]), "")
    is_name = title is not None or (
        len(blocks) > 1 and len(named) <= _LONGEST_NAME and not named.rstrip().endswith(_STOPS)
    )
    told = [
        replace(block, kind="heading", level=1)
        if is_name and block.kind != "table" and block.text.split() == named.split()
        else block
        for block in blocks
    ]
    return sorted(_with_items(told), key=lambda block: block.kind != "heading")


def _with_items(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield a slide's blocks; lines beside each other that are no sentences are items of a list,
    whose bullets stand in the slide's design.
    """
    for is_line, group in groupby(blocks, _is_line):
        lines = list(group)
        if is_line and len(lines) > 1:
            yield from (replace(one, kind="item", text=f"- {one.text}") for one in lines)
        else:
            yield from lines


def _is_line(block: Block) -> bool:
    return block.kind == "text" and not block.text.rstrip().endswith(_STOPS)
