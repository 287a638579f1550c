"""Footnote in a company's chat: one file a platform, over one core.

A message is verified first, answered once, under the Scope of the person who wrote it; in a room,
under what that person and the room may both read. Everything goes the way of `/v1/ask`.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from services.domain.errors import HouseError

# An event of an answer as `/v1/ask` streams it, or the error that ended it.
Told: TypeAlias = tuple[str, Any] | HouseError


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote, as the platform vouches for it; *email* is empty where its directory has none."""

    platform: str
    id: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that somebody dropped into the chat; *handle* is what the platform fetches it by."""

    name: str
    handle: str
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A message to the bot. *room* is where it was written, *thread* what makes one conversation;
    what stands in a direct one is read by its writer alone, in a shared one by other companies,
    too.
    """

    event_id: str
    person: Person
    room: str
    thread: str
    is_direct: bool
    text: str
    files: tuple[Dropped, ...] = ()
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A thumb for an answer."""

    event_id: str
    person: Person
    answer_id: str
    is_good: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote as a card shows it: the only thing in a reply that may be a link."""

    number: int
    title: str
    quote: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said in the end. *text* holds nothing that a client would turn into a link, and marks
    like [1] for *notes*. *answer_id* is what thumbs are for.
    """

    text: str
    language: str
    notes: tuple[Note, ...] = ()
    answer_id: str | None = None


class Talk(Protocol):
    """One reply on a platform, shown at once and edited as it grows."""

    @property
    def interval_s(self) -> float:
        """Return how long to wait between two edits, at least."""
        ...

    async def show(self, text: str) -> None:
        """Show *text*, in place of what was shown before."""
        ...

    async def end(self, reply: Reply) -> None:
        """Show the reply, in place of what was shown before."""
        ...

    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Return the bytes of a dropped file; TooLargeError beyond *most_bytes*."""
        ...


class Desk(Protocol):
    """What the service does for bots."""

    async def is_new(self, event: str) -> bool:
        """Say whether this event was not taken up before, by any process; now it is."""
        ...

    def ask(self, heard: Heard) -> AsyncGenerator[Told]:
        """Answer a message in its conversation; the last that is told is the answer or an error."""
        ...

    async def judge(self, judged: Judged) -> None:
        """Keep a thumb; HouseError if the answer is not this person's."""
        ...

    async def collections(self, heard: Heard) -> Sequence[str]:
        """Return the collections that the writer may add documents to; in a room, those of which
        the room may know.
        """
        ...

    async def add(self, heard: Heard, collection: str, name: str, data: bytes) -> None:
        """Take a file to be ingested; HouseError if it is refused."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a platform delivered over HTTP: headers by lower-case name, all values of each, and the
    raw bytes that signatures are over.
    """

    headers: Mapping[str, Sequence[str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the one value of a header; empty where it is absent or given twice."""
        values = self.headers.get(name, ())
        return values[0] if len(values) == 1 else ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the platform is told at once; a body that is a str is plain text."""

    status: int = 200
    body: Mapping[str, object] | str = field(default_factory=dict)


class Bot(Protocol):
    """A bot of one platform."""

    name: str

    async def run(self) -> None:
        """Hold the connection to the platform until cancelled; return at once where there is none
        to hold.
        """
        ...

    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Verify a delivery and take it up; UnauthenticatedError if it is not the platform's."""
        ...

    async def close(self) -> None:
        """Give the connections of its calls back."""
        ...
