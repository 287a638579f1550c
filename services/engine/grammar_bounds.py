"""How large a grammar may be: llama.cpp writes repetitions out and walks rules by recursion, so
that one of many thousand steps ends the process.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from services.domain.errors import InvalidRequestError

_DEEPEST, _MOST_PARTS = 32, 2000
# A string of up to so many letters becomes as many groups within each other: llama.cpp takes 1,000,
# refuses 5,000 and dies of 20,000.
_MOST_TIMES, _MOST_TIMES_IN_ALL = 1000, 5000
_DEEPEST_GROUP, _LARGEST_RULE = 1100, 8000
# Parts of an object that may be left out: each doubles what may follow.
_MOST_OPTIONAL = 200
# In so many ways a pattern's repetitions may lie in each other, an endless one counting twice:
# llama.cpp follows all of them at once.
_MOST_WAYS, _LONGEST_PATTERN = 300, 2000
_PATTERN_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\}|"
    r"(?P<open>\()|(?P<close>\))|(?P<mark>[*+?])|.",
    re.DOTALL,
)
_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
_PIECE = re.compile(
    r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\}|'
    r"(?P<paren>[()])|(?P<end>\n)|[\w.-]+"
)


def check_schema(schema: Mapping[str, object]) -> None:
    """Refuse a JSON schema that is too deep, too large, or counts too far. InvalidRequestError."""
    counted = 0.0
    for number, (depth, name, value) in enumerate(_parts(schema)):
        if depth > _DEEPEST or number > _MOST_PARTS:
            message = f"at most {_MOST_PARTS} parts, {_DEEPEST} within each other"
            raise InvalidRequestError(f"response_format: this JSON schema is too large: {message}.")
        if isinstance(value, str) and "\0" in value:
            raise InvalidRequestError("response_format: a schema holds no character zero.")
        if name == "pattern" and isinstance(value, str):
            _check_pattern(value)
        if isinstance(value, Mapping) and _optional(value) > _MOST_OPTIONAL:
            message = f"at most {_MOST_OPTIONAL} properties of an object may be left out"
            raise InvalidRequestError(f"response_format: {message}: name more as required.")
        if name not in _COUNTS or not isinstance(value, int | float):
            continue
        is_within = 0 <= value <= _MOST_TIMES
        counted += value if is_within else 0
        if not is_within or counted > _MOST_TIMES_IN_ALL:
            message = f"{_MOST_TIMES}, and {_MOST_TIMES_IN_ALL} in all"
            raise InvalidRequestError(f"response_format: {name} in a schema goes up to {message}.")


def _optional(schema: Mapping[str, object]) -> int:
    properties, required = schema.get("properties"), schema.get("required")
    held = len(properties) if isinstance(properties, Mapping) else 0
    return held - (len(required) if isinstance(required, Sequence) else 0)


def _check_pattern(pattern: str) -> None:
    """Refuse a pattern that is too long, or whose repetitions lie in each other in too many ways.

    A repetition counts as often as it may come, times what repeats within it.
    """
    ways, most, last = [1], 1, 1
    for piece in _PATTERN_PIECE.finditer(pattern):
        if piece["open"]:
            ways.append(1)
            continue
        if piece["close"]:
            last = ways.pop() if len(ways) > 1 else 1
        elif piece["mark"] or piece["comma"] is not None:
            is_nested = last > 1
            last *= max(2, _times(piece["least"] or ""), _times(piece["most"] or ""))
            most = max(most, last if is_nested else 1)
        else:
            last = 1
        ways[-1] = max(ways[-1], last)
    if most > _MOST_WAYS or len(pattern) > _LONGEST_PATTERN:
        message = "this pattern repeats repetitions too often: ask for less at once"
        raise InvalidRequestError(f"response_format: {message}.")


def check_grammar(text: str) -> None:
    """Refuse a GBNF of which a rule, its repetitions written out, is too long or too deep.
    InvalidRequestError.

    A group counts as often as it may be repeated, and all within it.
    """
    sizes, last = [0], 0
    for piece in _PIECE.finditer(text):
        if piece["end"]:
            sizes, last = [0], 0
        elif piece["paren"] == "(":
            sizes.append(0)
        elif piece["paren"] == ")":
            last = sizes.pop() if len(sizes) > 1 else 0
            sizes[-1] += last
        elif piece["comma"] is not None:
            sizes[-1] += last * max(_times(piece["least"]), _times(piece["most"]))
        else:
            last = 1
            sizes[-1] += last
        if len(sizes) > _DEEPEST_GROUP or sizes[-1] > _LARGEST_RULE:
            message = "this JSON schema repeats too much: ask for less at once"
            raise InvalidRequestError(f"response_format: {message}.")


def _times(digits: str) -> int:
    """Return a count, or one that is too large: Python reads no number of many thousand digits."""
    return int(digits[: len(str(_LARGEST_RULE)) + 1] or 0)


def _parts(value: object, depth: int = 0, name: str = "") -> Iterator[tuple[int, str, object]]:
    """Yield each part of a JSON value with its depth and name, the whole first."""
    yield depth, name, value
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _parts(one, depth + 1, str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            yield from _parts(one, depth + 1)
