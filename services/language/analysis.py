"""A passage as the keyword index stores it."""

from collections.abc import Sequence

from services.language.terms import terms


def analysed(title: str, headings: Sequence[str], text: str) -> tuple[str, str]:
    """Return the terms of a passage's title and headings, and those of its text, as words."""
    return " ".join(terms(" ".join((title, *headings)))), " ".join(terms(text))
