"""What is wrong with a request, in words."""

import pytest
from pydantic import BaseModel, ValidationError

from services.api.schemas import AskBody, CollectionBody, GrantBody, KeyBody, SearchBody
from services.api.wording import fault


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (AskBody, {"question": ""}, "question: it is empty."),
        (AskBody, {}, "question: it is missing."),
        (AskBody, {"question": "x", "colour": 1}, "colour: there is no such field."),
        (AskBody, {"question": "x", "conversation": "a b"}, "letters, digits, - and _"),
        (CollectionBody, {"name": "a/b"}, "name: letters, digits, spaces, dots, - and _"),
        (
            CollectionBody,
            {"name": "x", "defaults": {"trust": ["low"]}},
            "defaults.trust: 'high' or 'low' is expected.",
        ),
        (
            CollectionBody,
            {"name": "x", "defaults": {"bogus": 1}},
            "defaults.bogus: there is no such",
        ),
        (GrantBody, {"principal": "bob", "role": "ask"}, "key:ID, user:ID or group:NAME"),
        (KeyBody, {"name": "k" * 201}, "name: it is longer than 200 characters."),
        (KeyBody, {"name": "w", "groups": ["\ud800"]}, "groups.0: it holds half of a character."),
        (KeyBody, {"name": "w\nroot"}, "name: it holds a character that cannot be seen, or a line"),
        (KeyBody, {"name": "w\u202ex"}, "name: it holds a character that cannot be seen"),
        (KeyBody, {"name": "w", "expires_at": "2026-13-45T99:99:99Z"}, "a time with its zone"),
        (SearchBody, {"query": ""}, "query: it is empty."),
        (SearchBody, {"query": "x", "limit": 0}, "limit: 1 or more is expected."),
        (SearchBody, {"query": 5}, "query: a text is expected."),
        (AskBody, {"question": "x", "max_tokens": 1.5}, "max_tokens: a whole number is expected."),
        (AskBody, {"question": "x", "stream": "so"}, "stream: true or false is expected."),
        (KeyBody, {"name": "w", "scopes": ["all"]}, "scopes.0: 'ask', 'read', 'write' or 'admin'"),
        (KeyBody, {"name": "w", "expires_at": "9999-12-31T23:59:59-01:00"}, "too far away"),
        (KeyBody, {"name": "w", "expires_at": "2020-01-01T00:00:00Z"}, "it is over already"),
    ],
)
def test_faults_name_the_mend(kind: type[BaseModel], given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(given)

    assert words in fault(caught.value.errors())


def test_a_time_of_any_zone_is_kept_in_utc() -> None:
    assert KeyBody(name="w", expires_at="2999-01-01T08:00:00+08:00").expires_at == (
        "2999-01-01T00:00:00.000Z"
    )
