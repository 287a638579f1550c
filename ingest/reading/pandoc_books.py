"""Readers of OpenDocument, EPUB and RTF: made pages by pandoc, and read as such."""

from collections.abc import Callable

from ingest.reading import Contents, Source, Tell
from ingest.reading.archives import check_container
from ingest.reading.rtf_characters import in_unicode
from ingest.reading.unstructured_markup import html_contents
from services.domain.errors import UnreadableError

_AS_ONE_LINE = ["--wrap=none"]


def read_odt(source: Source, tell: Tell) -> Contents:
    """Read an OpenDocument text, its notes included."""
    return _read_archive(source, tell)


def read_epub(source: Source, tell: Tell) -> Contents:
    """Read an electronic book."""
    return _read_archive(source, tell)


def read_rtf(source: Source, tell: Tell) -> Contents:
    """Read rich text, in whatever encoding its letters are."""
    import pypandoc  # noqa: PLC0415

    text = in_unicode(source.path.read_bytes())
    return _read(
        lambda: pypandoc.convert_text(text, "html", format="rtf", extra_args=_AS_ONE_LINE), tell
    )


def _read_archive(source: Source, tell: Tell) -> Contents:
    import pypandoc  # noqa: PLC0415

    check_container(source.path)
    path, kind = str(source.path), source.format
    return _read(
        lambda: pypandoc.convert_file(path, "html", format=kind, extra_args=_AS_ONE_LINE), tell
    )


def _read(page: Callable[[], str], tell: Tell) -> Contents:
    try:
        contents = html_contents(page())
    except RuntimeError as error:
        message = "It is corrupt: its parts do not fit together. Save it again."
        raise UnreadableError("corrupt", message) from error
    tell(1, 1)
    return Contents(contents.blocks)
