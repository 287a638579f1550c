"""What both clients share: forms, events, and refusals as errors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

from services.domain.errors import HouseError, InvalidRequestError, NotReadyError

UNREACHABLE = "No service answers at {url}: start it with `footnote serve`, or set FOOTNOTE_URL."
_ELSEWHERE, _REFUSED = 300, 400
_COME_AGAIN = (429, 503)
# An event of an answer: its name and its value.
Event: TypeAlias = tuple[str, dict[str, Any]]


class Answered(Protocol):
    """What is known of an answer before its text."""

    @property
    def status_code(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""


class RefusedError(HouseError):
    """The service said no; the message is its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class UnreachableError(NotReadyError):
    """Nobody answers at *url*."""

    def __init__(self, url: str) -> None:
        super().__init__(UNREACHABLE.format(url=url))
        self.url = url


def is_away(error: Exception) -> bool:
    """Say whether the service is away, starting, or busy: it may be there in a moment."""
    status = error.status if isinstance(error, RefusedError) else 0
    return isinstance(error, UnreachableError) or status in _COME_AGAIN


class EventReader:
    """Reads server-sent events line by line."""

    def __init__(self) -> None:
        self._name = ""

    def read(self, line: str) -> Event | None:
        """Return the event that *line* completes, if it does; RefusedError for an `error`."""
        if line.startswith("event: "):
            self._name = line.removeprefix("event: ")
        if not line.startswith("data: "):
            return None
        value = json.loads(line.removeprefix("data: "))
        if self._name == "error":
            raise RefusedError(0, value["error"]["code"], value["error"]["message"])
        return self._name, value


def fields_of(
    collection: str,
    source_id: str | None,
    readers: Sequence[str],
    metadata: Mapping[str, object] | None,
) -> dict[str, str]:
    """Return the fields of an upload's form, beside its file."""
    fields = {"collection": collection}
    if readers:
        fields["readers"] = json.dumps(list(readers))
    if source_id is not None:
        fields["source_id"] = source_id
    if metadata:
        fields["metadata"] = json.dumps(dict(metadata))
    return fields


def segment(name: str) -> str:
    """Return *name* as one part of a path; InvalidRequestError where it is none."""
    if not name.strip("."):
        message = f"{name!r} is no name of anything here."
        raise InvalidRequestError(message)
    return quote(name, safe="")


def json_of(url: str, text: str) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of an answer, None for none; RefusedError where something else answers."""
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise no_answer(url) from error


def no_answer(url: str) -> RefusedError:
    """Return the error for what answers, but not as the service does."""
    return RefusedError(0, "elsewhere", f"What answers at {url} is no Footnote: set FOOTNOTE_URL.")


def is_refused(status: int) -> bool:
    """Say whether an answer is none: a refusal, or a way to somewhere else."""
    return status >= _ELSEWHERE


def refusal(url: str, response: "Answered", text: str) -> RefusedError:
    """Return the error that an answer of the service, or of what stands before it, tells."""
    status = response.status_code
    if status < _REFUSED:
        where = response.headers.get("location", "another address")
        message = f"{url} answers {status} and points to {where}: set FOOTNOTE_URL to that."
        return RefusedError(status, "elsewhere", message)
    try:
        told = json.loads(text)["error"]
        return RefusedError(status, str(told["code"]), str(told["message"]))
    except (ValueError, KeyError, TypeError):
        return RefusedError(status, "failed", f"The service answered {status}: {text[:200]}")
