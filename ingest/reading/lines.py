"""The lines of a `.jsonl` batch: each is a document that needs no file reader."""

import json
import re

from services.domain.documents import HeadingMark, Reading
from services.domain.errors import UnreadableError
from services.language.normalize import canonical

_HEADING = re.compile(r"^(#{1,6}) +(.+?)#*$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TITLE_LENGTH = 200


def read_line(data: bytes, most_characters: int) -> Reading:
    """Return the Reading of one line `{"id", "title", "text"}`; Markdown headings in the text
    structure it.
    """
    value = json.loads(data)
    text, removed = canonical(str(value.get("text") or ""))
    title, _ = canonical(str(value.get("title") or ""))
    if not text:
        raise UnreadableError("empty", "Its `text` is empty.")
    if len(text) > most_characters:
        message = f"It holds more than {most_characters:,} characters of text: split it."
        raise UnreadableError("too_large", message)
    grade: dict[str, object] = {"grade": "good", "text_coverage": 1.0, "garbled_share": 0.0}
    return Reading(
        text=text,
        title=" ".join(title.split())[:_TITLE_LENGTH],
        headings=_headings(text),
        grade=grade | {"invisible_removed": removed},
    )


def _headings(text: str) -> tuple[HeadingMark, ...]:
    code = [match.span() for match in _FENCE.finditer(text)]
    return tuple(
        HeadingMark(match.start(), match.end(), len(match[1]), match[2].strip()[:_TITLE_LENGTH])
        for match in _HEADING.finditer(text)
        if not any(start <= match.start() < end for start, end in code)
    )
