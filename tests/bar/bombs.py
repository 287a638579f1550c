"""Files that are made to harm a reader: small on disk, endless inside, or broken on purpose."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

_MIB = 1024 * 1024
_DOCX = "[Content_Types].xml", "word/document.xml"
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "'
    + "ha" * 50
    + '">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><x>&j;</x>"
)
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents."""
    zeros = b"\0" * (600 * _MIB)
    yield "zeros.docx", _zipped({"word/document.xml": zeros})
    yield "zeros.xlsx", _zipped({"xl/worksheets/sheet1.xml": zeros[: 550 * _MIB]})
    yield "zeros.pptx", _zipped({"ppt/slides/slide1.xml": zeros[: 550 * _MIB]})
    del zeros
    yield "entries.docx", _zipped({f"word/{n}.xml": b"" for n in range(12_000)})
    yield "entries.epub", _zipped({"META-INF/container.xml": b""} | _many("OEBPS/", 12_000))
    yield "laughs.docx", _zipped({_DOCX[0]: _TYPES.encode(), _DOCX[1]: _LAUGHS.encode()})
    yield "laughs.odt", _zipped({"content.xml": _LAUGHS.encode()})
    yield "external.docx", _zipped({_DOCX[0]: _TYPES.encode(), _DOCX[1]: _external()})
    yield "nested.docx", _zipped({_DOCX[0]: _TYPES.encode(), _DOCX[1]: _deep("w:p", 200_000)})
    yield "cut.docx", _zipped({_DOCX[1]: b"<w:document/>"})[:-30]
    yield "lying.xlsx", _lying()
    yield "stream.pdf", _pdf_bomb()
    yield "loop.pdf", _pdf_loop()
    yield "header.png", _huge_picture()
    yield "encrypted.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2048


def _zipped(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def _many(prefix: str, count: int) -> dict[str, bytes]:
    return {f"{prefix}{n}.xhtml": b"" for n in range(count)}


def _deep(tag: str, depth: int) -> bytes:
    lead = b'<?xml version="1.0"?><w:document xmlns:w="x">'
    return lead + f"<{tag}>".encode() * depth


def _external() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        b'<w:document xmlns:w="x"><w:body><w:p>&e;</w:p></w:body></w:document>'
    )


def _lying() -> bytes:
    """Say in the list of an archive that an entry is small, and let it be endless."""
    data = bytearray(_zipped({"xl/workbook.xml": b"\0" * (300 * _MIB)}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(data)


def _pdf(*objects: bytes) -> bytes:
    out = b"%PDF-1.7\n"
    for number, body in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return out + b"trailer << /Root 1 0 R /Size %d >>\n%%%%EOF" % (len(objects) + 1)


def _pdf_bomb() -> bytes:
    inner = zlib.compress(b"BT (x) Tj ET\n" * (40 * _MIB // 13), 9)
    packed = zlib.compress(inner, 9)
    stream = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (
        len(packed),
        packed,
    )
    return _pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + b"3 0 R " * 3000 + b"] /Count 3000 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        stream,
    )


def _pdf_loop() -> bytes:
    return _pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R] /Count 1000000 /Parent 2 0 R >>",
    )


def _huge_picture() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
