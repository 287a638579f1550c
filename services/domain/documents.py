"""A document and the states that it goes through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """Where a document stands; `ready` and `failed` are where it rests."""

    QUEUED = "queued"
    READING = "reading"
    EMBEDDING = "embedding"
    READY = "ready"
    FAILED = "failed"
    DELETING = "deleting"


UNFINISHED = (Status.QUEUED, Status.READING, Status.EMBEDDING)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the present stage is: *done* of *total* (passages while embedding)."""

    stage: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document failed: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Blob:
    """Where the original bytes lie in the spool: a slice of a content-addressed file."""

    sha256: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents with its own instructions and grants.

    `defaults` may hold `trust`: `low` where anybody may write, or nobody has looked.
    """

    id: str
    name: str
    instructions: str = ""
    defaults: Mapping[str, object] = field(default_factory=dict)
    created_at: str = ""


def is_low_trust(defaults: Mapping[str, object]) -> bool:
    """Say whether a collection with these defaults is one of low trust: told with a mark."""
    return defaults.get("trust") == "low"


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document."""

    id: str
    collection_id: str
    collection: str
    name: str
    source_id: str
    media_type: str
    bytes: int
    sha256: str
    blob: Blob
    status: Status
    progress: Progress
    created_at: str
    title: str = ""
    error: Failure | None = None
    pages: int = 0
    characters: int = 0
    passages: int = 0
    grade: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    batch: str | None = None
    ready_at: str | None = None
    segment_id: str = ""
    readers: tuple[str, ...] | None = None
    # The versions of its place, by id, that go when it is ready.
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the documents are that somebody may ask: whether there is a collection for them at
    all, whether it holds any that can be asked, and how many are still being read.
    """

    may_ask: bool
    has_ready: bool
    unread: int


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What the door knows of an upload before anybody has read it.

    `readers` are the principals that may read it, None: all who may read the collection.
    """

    name: str
    source_id: str
    media_type: str
    sha256: str
    blob: Blob
    title: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    batch: str | None = None
    readers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A range of characters, end exclusive, in a document's canonical text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class HeadingMark:
    """A heading: where its line stands in the canonical text and how deep it is (1 = top)."""

    start: int
    end: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file gave: one canonical text and the spans that structure it.

    `pages[i]` is the span of page i + 1 (empty for formats without pages); `tables` are spans
    that must not be cut between a row and its header, `named` rows whose columns are named on a
    page before, with that row as title.
    """

    text: str
    title: str = ""
    pages: tuple[Span, ...] = ()
    headings: tuple[HeadingMark, ...] = ()
    tables: tuple[Span, ...] = ()
    named: tuple[HeadingMark, ...] = ()
    grade: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a deletion removed, place by place."""

    document_id: str
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents of one's Scope to list, and in which order; None leaves a condition out."""

    collection: str | None = None
    status: str | None = None
    source_id: str | None = None
    batch: str | None = None
    sha256: str | None = None
    newest_first: bool = False
