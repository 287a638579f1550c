"""Names of uploads."""

import pytest

from services.api.uploads import shown_name
from services.domain.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("..\\..\\x.md", "x.md"),
        ("/abs/a.md", "abs/a.md"),
        ("a\u202egnp.exe\x00.md", "agnp.exe.md"),
        ("é.md", "é.md"),
        ("a\nb.md", "a b.md"),
    ],
)
def test_a_hostile_name_becomes_text_to_show(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_long_name_keeps_its_extension() -> None:
    assert len(shown_name("x" * 4000 + ".pdf")) <= 200
    assert shown_name("x" * 4000 + ".pdf").endswith(".pdf")


def test_a_name_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        shown_name("../..")
