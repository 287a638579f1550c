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
}
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
    template = _WORDS.get(kind)
    return template.format(**known) if template else str(error["msg"])
