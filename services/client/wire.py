"""What both clients share: forms, events, and refusals as errors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from services.domain.errors import HouseError, NotReadyError

UNREACHABLE = "No service answers at {url}: start it with `footnote serve`, or set FOOTNOTE_URL."
# An event of an answer: its name and its value.
Event: TypeAlias = tuple[str, dict[str, Any]]


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


def refusal(status: int, text: str) -> RefusedError:
    """Return the error that an answer of the service tells."""
    try:
        told = json.loads(text)["error"]
        return RefusedError(status, str(told["code"]), str(told["message"]))
    except (ValueError, KeyError, TypeError):
        return RefusedError(status, "failed", f"The service answered {status}: {text[:200]}")
