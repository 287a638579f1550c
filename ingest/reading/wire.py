"""What goes between the worker and its reading children: a request, then lines of JSON."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.domain.documents import HeadingMark, Reading, Span


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read (its descriptor travels beside it) and the limits of the child."""

    name: str
    format: str
    most_pages: int
    most_characters: int
    memory_mb: int
    cpu_seconds: int

    def encoded(self) -> bytes:
        """Return the request as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"


def own_folder(child: int, base: Path | None = None) -> Path:
    """Return the one folder that the child with this number may write to, beneath *base* (the
    folder for temporary files if None).
    """
    return (base or Path(tempfile.gettempdir())) / str(child)


def reading_as_json(reading: Reading) -> dict[str, Any]:
    """Return a Reading as plain JSON."""
    return asdict(reading)


def reading_of_json(value: Mapping[str, Any]) -> Reading:
    """Return the Reading that a child sent; whatever has another shape raises."""
    text = str(value["text"])
    return Reading(
        text=text,
        title=str(value["title"]),
        pages=tuple(_span(one, text) for one in value["pages"]),
        headings=tuple(_mark(one, text) for one in value["headings"]),
        tables=tuple(_span(one, text) for one in value["tables"]),
        named=tuple(_mark(one, text) for one in value["named"]),
        grade=dict(value["grade"]),
    )


def _mark(value: Mapping[str, Any], text: str) -> HeadingMark:
    return HeadingMark(*_ends(value, text), level=int(value["level"]), title=str(value["title"]))


def _span(value: Mapping[str, Any], text: str) -> Span:
    return Span(*_ends(value, text))


def _ends(value: Mapping[str, Any], text: str) -> tuple[int, int]:
    start, end = int(value["start"]), int(value["end"])
    if not 0 <= start <= end <= len(text):
        message = "A child sent a span outside of its text."
        raise ValueError(message)
    return start, end
