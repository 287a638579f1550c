"""Raised digits set apart from what they stand behind: 28 with a raised 1 is not 281."""

import re

_DIGITS = re.compile(r"[+\-−–]?\d{1,3}")
# Marks of notes, perhaps several: 1), 1,2.
_MARKS = re.compile(r"\d{1,3}(?:\s?[,，]\s?\d{1,3})*[)）*]?")
# Units of length and time, of which squares and cubes are written.
_UNIT = re.compile(r"(?:^|[^A-Za-z])(?:[cdkmµ]?m|ft|in|yd|km|s|h|min)$")
_POWERS = {"2": "²", "3": "³"}


def raised(before: str, text: str, *, is_link: bool = False) -> str:
    """Return raised *text* as it stands behind *before*: a power of a number as 10^6, of a unit as
    m², a note's mark as [1]; what has no digits (1st) as it is.
    """
    shown = text.strip()
    if not _DIGITS.fullmatch(shown):
        return f"[{shown.rstrip(')）*')}]" if _MARKS.fullmatch(shown) else text
    if _UNIT.search(before) and shown in _POWERS:
        return _POWERS[shown]
    if before[-1:].isdigit() and not is_link:
        return f"^{shown}"
    return f"[{shown}]"
