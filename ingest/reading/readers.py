"""Which reader reads which format. A reader's library is imported by the file that needs it."""

import importlib
from collections.abc import Callable

from ingest.reading import Contents, Source, Tell
from ingest.reading.assemble import assemble
from services.domain.documents import Reading
from services.domain.errors import UnreadableError

_READERS = {
    "pdf": ("pypdfium2_pdf", "read_pdf"),
    "picture": ("rapidocr_pictures", "read_picture"),
    "docx": ("unstructured_office", "read_docx"),
    "pptx": ("unstructured_office", "read_pptx"),
    "xlsx": ("openpyxl_xlsx", "read_xlsx"),
    "odt": ("pandoc_books", "read_odt"),
    "epub": ("pandoc_books", "read_epub"),
    "rtf": ("pandoc_books", "read_rtf"),
    "html": ("unstructured_markup", "read_html"),
    "md": ("unstructured_markup", "read_markdown"),
    "eml": ("unstructured_mail", "read_eml"),
    "msg": ("unstructured_mail", "read_msg"),
    "txt": ("plain", "read_text"),
    "csv": ("plain", "read_csv"),
    "json": ("plain", "read_json"),
}


def read(source: Source, tell: Tell) -> Reading:
    """Read *source*; UnreadableError says in words why it cannot be read."""
    if source.path.stat().st_size == 0:
        message = "It is empty (0 bytes): check that it was saved or copied completely."
        raise UnreadableError("empty", message)
    module, name = _READERS[source.format]
    reader: Callable[[Source, Tell], Contents] = getattr(
        importlib.import_module(f"ingest.reading.{module}"), name
    )
    return assemble(reader(source, tell), source.name, source.most_characters)
