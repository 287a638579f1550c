"""From a file to one canonical text with pages and headings, in a child that is thrown away.

A reader turns a file of its format into blocks; `assemble` makes the canonical text of them. A
reader runs with limits on memory, time and processes, without network and without secrets. What
cannot be read raises UnreadableError with a code and a sentence: `empty`, `encrypted`, `corrupt`,
`too_large`, `no_text`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

# Told after each page or part: how many are done, and of how many.
Tell: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document: `kind` is `heading`, `text`, `item` or `table` (rows as lines); with
    `names`, rows of a table that goes on under the names of its columns on a page before.
    """

    kind: str
    text: str
    level: int = 0
    page: int | None = None
    names: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a reader found: blocks in reading order, and what it noticed on the way."""

    blocks: list[Block]
    title: str = ""
    pages: int = 0
    notes: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read: where it lies, what it is called, and the limits on what comes out."""

    path: Path
    name: str
    format: str
    most_pages: int
    most_characters: int
