"""What is wrong with a request, in words that name the mend: its parser speaks of patterns."""

from collections.abc import Mapping, Sequence
from typing import Any

CURSOR_PATTERN = r"^\d{1,18}$"
CONVERSATION_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
PRINCIPAL_PATTERN = r"^(key|user|group):.+$"
NAME_PATTERN = r"^\w[\w .\-]*$"

_PATTERNS = {
    CURSOR_PATTERN: "send the cursor that the page before gave",
    CONVERSATION_PATTERN: "up to 64 letters, digits, - and _ are expected",
    PRINCIPAL_PATTERN: "key:ID, user:ID or group:NAME is expected",
    NAME_PATTERN: "letters, digits, spaces, dots, - and _ are expected, a letter or digit first",
}
_WORDS = {
    "value_error": "{error}",
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "string_too_short": "it is empty",
    "string_too_long": "it is longer than {max_length:,} characters",
    "too_long": "more than {max_length:,} are too many",
    "too_short": "at least {min_length} must be given",
    "greater_than_equal": "{ge} or more is expected",
    "greater_than": "more than {gt} is expected",
    "less_than_equal": "{le} or less is expected",
    "less_than": "less than {lt} is expected",
    "literal_error": "{expected} is expected",
    "enum": "{expected} is expected",
    "string_type": "a text is expected",
    "list_type": "a list is expected",
}
# By how the rest begins: of another type, or with what cannot be read as it.
_KINDS = {
    "int": "a whole number is expected",
    "float": "a number is expected",
    "finite_number": "a number is expected",
    "bool": "true or false is expected",
}
_UNREADABLE_BODY = "The body cannot be read: send it as JSON in UTF-8."
_NO_OBJECT = {"model_attributes_type", "model_type", "dict_type"}
# Where a parameter stands, before its name.
_WHERE = {"query", "path", "header"}
_WHOLE = "The body"


def fault(errors: Sequence[Any]) -> str:
    """Return the first of pydantic's *errors* as a sentence."""
    first: Mapping[str, Any] = errors[0]
    parts = [str(part) for part in first["loc"]]
    if parts[:1] == ["body"] or (len(parts) > 1 and parts[0] in _WHERE):
        del parts[0]
    if first["type"] == "json_invalid":
        return f"{_WHOLE} is no JSON: {first['ctx']['error']} at character {parts[-1]}."
    if not parts and first["type"] in _NO_OBJECT:
        return f"{_WHOLE}: send a JSON object, with `Content-Type: application/json`."
    return f"{'.'.join(parts) or _WHOLE}: {_reason(first)}."


def _reason(error: Mapping[str, Any]) -> str:
    known, kind = error.get("ctx", {}), error["type"]
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(known["pattern"], str(error["msg"]))
    if (template := _WORDS.get(kind)) is not None:
        return template.format(**known)
    words = (words for begins, words in _KINDS.items() if kind.startswith(begins))
    return next(words, str(error["msg"]))


def told_plainly(detail: str) -> str:
    """Return what the framework says of a body that it could not even decode in words of ours."""
    return _UNREADABLE_BODY if detail == "There was an error parsing the body" else detail
