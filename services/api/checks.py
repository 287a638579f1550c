"""Checks that several routes make before any work."""

import json

from services.domain.errors import InvalidRequestError, TooLargeError
from services.language.normalize import remove_invisible

_DEEPEST = 32


def check_storable(value: object, field: str) -> None:
    """Raise unless *value* can be stored and shown again: no NaN, no half of a character, no more
    than 32 lists and objects within each other.
    """
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError:
        too_deep = True
    except (ValueError, TypeError) as error:
        message = f"{field}: it holds what JSON in UTF-8 cannot ({error})."
        raise InvalidRequestError(message) from error
    else:
        too_deep = _is_deeper(value, _DEEPEST)
    if too_deep:
        message = f"{field}: at most {_DEEPEST} lists and objects may stand within each other."
        raise InvalidRequestError(message)


def _is_deeper(value: object, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    within = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_is_deeper(one, left - 1) for one in within)


def plain_text(given: str, most_bytes: int, field: str) -> str:
    """Return what is asked without what cannot be seen; raise unless it says something within
    *most_bytes* bytes of UTF-8.
    """
    text, _ = remove_invisible(given)
    if not text.strip():
        message = f"{field}: it is empty."
        raise InvalidRequestError(message)
    if len(text.encode("utf-8", "surrogatepass")) > most_bytes:
        message = f"{field}: it is longer than {most_bytes:,} bytes."
        raise TooLargeError(message)
    return text
