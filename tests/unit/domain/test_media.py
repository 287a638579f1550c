"""What kind of file it is."""

import io
import zipfile

import pytest

from services.domain.errors import UnsupportedTypeError
from services.domain.media import kind_of


def zip_with(name: str) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x")
    return file


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.pdf", b"%PDF-1.7 x", "pdf"),
        ("folder\\a.TXT", b"hello", "txt"),
        ("a.md", "# 标题".encode("gb18030"), "md"),
        ("a.png", b"\x89PNG\r\n\x1a\n...", "picture"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1protected", "docx"),
        ("empty.pdf", b"", "pdf"),
    ],
)
def test_name_and_content_that_agree_are_taken(name: str, data: bytes, expected: str) -> None:
    assert kind_of(name, io.BytesIO(data)).format == expected


def test_a_word_file_is_told_by_its_parts() -> None:
    assert kind_of("a.docx", zip_with("word/document.xml")).format == "docx"


@pytest.mark.parametrize(
    ("name", "data", "mend"),
    [
        ("a.exe", b"MZ", "Known types"),
        ("a", b"x", "without extension"),
        ("a.docm", b"PK\x03\x04", "save it as .docx"),
        ("a.xls", b"x", "save it as .xlsx"),
        ("a.txt", b"%PDF-1.7", "is not the txt file"),
        ("a.pdf", b"PK\x03\x04", "is not the pdf file"),
    ],
)
def test_a_refusal_names_the_mend(name: str, data: bytes, mend: str) -> None:
    with pytest.raises(UnsupportedTypeError, match=mend):
        kind_of(name, io.BytesIO(data))


def test_a_zip_renamed_to_docx_is_refused() -> None:
    with pytest.raises(UnsupportedTypeError, match="not the docx file"):
        kind_of("a.docx", zip_with("holiday.jpg"))
