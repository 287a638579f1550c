"""The numbers of a text, in one form."""

import re

from services.language.normalize import folded

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


def numbers(text: str) -> frozenset[str]:
    """Return the numbers in *text*, thousands' commas gone, as written otherwise."""
    plain = _THOUSANDS.sub("", folded(text))
    return frozenset(number.rstrip(".,:") for number in _NUMBER.findall(plain))
