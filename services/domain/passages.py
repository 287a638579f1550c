"""Passages: the slices of documents that are found, read and cited."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage in the making: an exact slice of the canonical text, under its headings."""

    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stored passage; `text` is exactly `start..end` of its document's canonical text, `above`
    what stands right before it from the names of its table's columns on, if it was asked for.
    """

    id: int
    document_id: str
    document_name: str
    document_title: str
    source_id: str
    collection_id: str
    collection: str
    ordinal: int
    text: str
    start: int
    end: int
    headings: tuple[str, ...] = ()
    page: int | None = None
    above: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage id with the score that one index gave it (higher is better)."""

    passage_id: int
    score: float


@dataclass(frozen=True, slots=True)
class AnalysedPassage:
    """A stored passage with the terms of its title and headings, and of its text."""

    passage: Passage
    title_terms: str
    body_terms: str


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with its final score and what each leg said of it.

    `also_in` are passages of the same words, which are not shown again. An *unverified* one comes
    from a collection of low trust.
    """

    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    also_in: tuple[Passage, ...] = ()
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """What the derived indexes need of a passage: its analysed words, and its vector (empty where
    the embedder does not read its language). `is_glossed`: it was made of what the words mean in
    another language.
    """

    passage_id: int
    document_id: str
    collection_id: str
    vector: bytes
    title_terms: str
    body_terms: str
    is_glossed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log that the indexes follow: passages came (`add`) or left (`remove`), or
    vectors of *embedder* came to passages that were there (`embed`).
    """

    seq: int
    kind: str
    document_id: str
    collection_id: str
    embedder: str = ""


@dataclass(frozen=True, slots=True)
class PreparedPassage:
    """A chunk with everything the registry stores of it.

    `vector` is little-endian float32, empty where the embedder does not read the text; `tokens`
    are rows of `width` numbers of four bits, empty if none are kept.
    """

    chunk: Chunk
    vector: bytes
    tokens: bytes
    width: int
    title_terms: str
    body_terms: str


# About forty tokens: a long title must not push the passage out of the embedder's window.
_CONTEXT_LENGTH = 160


def embedded_text(title: str, headings: tuple[str, ...], text: str) -> str:
    """Return what is embedded of a passage: its text behind its document's title and headings."""
    above = [part for part in (title, *headings) if part]
    context = " > ".join(dict.fromkeys(above))[:_CONTEXT_LENGTH]
    return f"{context}\n{text}" if context else text
