"""What kind of file it is: by its name and by its content, which must agree."""

import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from services.domain.errors import UnsupportedTypeError

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """A file format: how its content begins (any of `magic`, none for text), and inside a zip."""

    format: str
    media_type: str
    magic: tuple[bytes, ...] = ()
    zip_entry: str = ""


_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
_OFFICE = "application/vnd.openxmlformats-officedocument."

KINDS = {
    "pdf": Kind("pdf", "application/pdf", (b"%PDF",)),
    # A protected Office file is an OLE container: its reader says so in words.
    "docx": Kind("docx", f"{_OFFICE}wordprocessingml.document", _ZIP + _OLE, "word/"),
    "pptx": Kind("pptx", f"{_OFFICE}presentationml.presentation", _ZIP + _OLE, "ppt/"),
    "xlsx": Kind("xlsx", f"{_OFFICE}spreadsheetml.sheet", _ZIP + _OLE, "xl/"),
    "odt": Kind("odt", "application/vnd.oasis.opendocument.text", _ZIP, "content.xml"),
    "epub": Kind("epub", "application/epub+zip", _ZIP, "META-INF/container.xml"),
    "msg": Kind("msg", "application/vnd.ms-outlook", _OLE),
    "rtf": Kind("rtf", "application/rtf", (b"{\\rtf",)),
    "html": Kind("html", "text/html"),
    "htm": Kind("html", "text/html"),
    "md": Kind("md", "text/markdown"),
    "markdown": Kind("md", "text/markdown"),
    "eml": Kind("eml", "message/rfc822"),
    "csv": Kind("csv", "text/csv"),
    "tsv": Kind("csv", "text/tab-separated-values"),
    "json": Kind("json", "application/json"),
    "jsonl": Kind("jsonl", "application/x-ndjson"),
    "png": Kind("picture", "image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": Kind("picture", "image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": Kind("picture", "image/jpeg", (b"\xff\xd8\xff",)),
    "bmp": Kind("picture", "image/bmp", (b"BM",)),
    "webp": Kind("picture", "image/webp", (b"RIFF",)),
    "tif": Kind("picture", "image/tiff", (b"II*\x00", b"MM\x00*")),
    "tiff": Kind("picture", "image/tiff", (b"II*\x00", b"MM\x00*")),
} | {
    extension: Kind("txt", "text/plain")
    for extension in ("txt", "text", "log", "rst", "yaml", "yml", "ini", "toml", "xml")
}
_MACRO_FORMATS = frozenset({"docm", "dotm", "pptm", "potm", "ppsm", "xlsm", "xltm", "xlam", "xlsb"})
_BINARY = (b"%PDF", *_ZIP, *_OLE, b"\x89PNG", b"\xff\xd8\xff", b"\x7fELF", b"MZ\x90", b"\x1f\x8b")
_TEXT = frozenset({"html", "md", "eml", "csv", "json", "jsonl", "txt"})


def kind_of(name: str, file: BinaryIO) -> Kind:
    """Return what *file*, uploaded as *name*, is; UnsupportedTypeError if that is not read or if
    its content belies its name. An empty file passes: its reader says that it is empty.
    """
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower().removeprefix(".")
    kind = KINDS.get(extension)
    if kind is None:
        raise UnsupportedTypeError(_unread(extension))
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head and not _agrees(kind, head, file):
        message = (
            f"{name!r} is not the {extension} file that its name says: "
            "rename it to what it is, or save it again."
        )
        raise UnsupportedTypeError(message)
    return kind


def _agrees(kind: Kind, head: bytes, file: BinaryIO) -> bool:
    if kind.format in _TEXT:
        return not head.startswith(_BINARY)
    if kind.format == "pdf":
        # PDF readers accept the mark anywhere in the first KiB.
        return b"%PDF" in head[:1024]
    if not head.startswith(kind.magic):
        return False
    return not (kind.zip_entry and head.startswith(_ZIP)) or _zip_holds(file, kind.zip_entry)


def _zip_holds(file: BinaryIO, entry: str) -> bool:
    """Say whether an archive lists *entry* or something in it; broken lists pass to the reader."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.startswith(entry) for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return True


def _unread(extension: str) -> str:
    if extension in _MACRO_FORMATS:
        return f"Files with macros (.{extension}) are refused: save it as .{extension[:-1]}x."
    if extension in {"doc", "ppt", "xls"}:
        return f"The old format .{extension} is not read: save it as .{extension}x."
    known = ", ".join(sorted(KINDS))
    shown = f"Files of type .{extension} are" if extension else "A file without extension is"
    return f"{shown} not read. Known types: {known}."
