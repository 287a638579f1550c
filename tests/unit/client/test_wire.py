"""What the clients make of names, and of answers that are none."""

from dataclasses import dataclass, field

import pytest

from services.client.wire import RefusedError, is_refused, json_of, refusal, segment
from services.domain.errors import InvalidRequestError

URL = "http://footnote.example"


@dataclass(frozen=True)
class Answered:
    """What is known of an answer before its text."""

    status_code: int
    headers: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("doc_1", "doc_1"),
        ("a#b", "a%23b"),
        ("../keys/key_1", "..%2Fkeys%2Fkey_1"),
        ("a b", "a%20b"),
    ],
)
def test_a_name_is_one_part_of_a_path(name: str, part: str) -> None:
    assert segment(name) == part


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_would_be_another_path_is_no_name(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        segment(name)


def test_a_redirect_is_no_success() -> None:
    answered = Answered(301, {"location": "https://footnote.example/v1/keys"})

    assert is_refused(301)
    assert not is_refused(202)
    error = refusal(URL, answered, "")
    assert error.code == "elsewhere"
    assert "https://footnote.example/v1/keys: set FOOTNOTE_URL" in str(error)


def test_refusals_are_told_in_the_services_own_words() -> None:
    told = refusal(URL, Answered(404), '{"error": {"code": "not_found", "message": "No such."}}')
    other = refusal(URL, Answered(502), "<html>Bad Gateway</html>")

    assert (told.status, told.code, str(told)) == (404, "not_found", "No such.")
    assert "502" in str(other)


def test_a_page_of_something_else_is_no_answer() -> None:
    assert json_of(URL, "") is None
    assert json_of(URL, '{"a": 1}') == {"a": 1}
    with pytest.raises(RefusedError, match="is no Footnote"):
        json_of(URL, "<html>")
