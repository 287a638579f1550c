"""A follow-up made into a question that stands alone."""

from collections.abc import Sequence

from services.domain.answers import Turn


def standalone(text: str, history: Sequence[Turn]) -> str:
    """Return *text* with what it leans on: here the last thing that was asked before it."""
    asked = [turn.content for turn in history if turn.role == "user"]
    return f"{asked[-1]} {text}" if asked else text
