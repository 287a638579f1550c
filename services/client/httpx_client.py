"""The client, over httpx2."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2 as httpx

from services.client.wire import (
    Event,
    EventReader,
    RefusedError,
    UnreachableError,
    fields_of,
    is_refused,
    json_of,
    no_answer,
    refusal,
    segment,
)

_TIMEOUT = httpx.Timeout(30.0, read=600.0, write=600.0)


class FootnoteClient:
    """Talks to one service with one key. Close it, or use it in a `with`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of one call; RefusedError if the service says no."""
        return json_of(self._url, self._sent(method, path, **given).text)

    def upload(  # noqa: PLR0913, PLR0917 - the fields of the form
        self,
        path: Path,
        name: str,
        collection: str,
        source_id: str | None,
        readers: Sequence[str] = (),
        metadata: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """Upload a file, for *readers* alone if there are any; returns its Document, or the batch
        that a `.jsonl` file became.
        """
        fields = fields_of(collection, source_id, readers, metadata)
        with path.open("rb") as file:
            told: dict[str, Any] = self.call(
                "POST", "/v1/documents", data=fields, files={"file": (name, file)}
            )
        return told

    def documents(self, **filters: str | int | None) -> Iterator[dict[str, Any]]:
        """Yield documents, page after page."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        while True:
            page = self.call("GET", "/v1/documents", params={"limit": 200, **wanted})
            yield from page["documents"]
            if "cursor" not in page:
                return
            wanted["cursor"] = page["cursor"]

    def counts(self, **filters: str | None) -> dict[str, int]:
        """Return how many documents stand in each status."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        counts: dict[str, int] = self.call("GET", "/v1/documents", params={"limit": 1, **wanted})[
            "counts"
        ]
        return counts

    def document(self, document_id: str) -> dict[str, Any]:
        """Return one document."""
        told: dict[str, Any] = self.call("GET", f"/v1/documents/{segment(document_id)}")
        return told

    def text(self, document_id: str) -> str:
        """Return a document's canonical text."""
        return self._sent("GET", f"/v1/documents/{segment(document_id)}/text").text

    def metrics(self) -> dict[str, float]:
        """Return the service's plain gauges and counters by name."""
        lines = self._sent("GET", "/metrics").text.splitlines()
        plain = (line.rsplit(" ", 1) for line in lines if line[:1] not in {"#", ""})
        try:
            return {name: float(value) for name, value in plain}
        except ValueError as error:
            raise no_answer(self._url) from error

    def remove(self, document_id: str) -> dict[str, Any]:
        """Delete a document; returns the receipt."""
        told: dict[str, Any] = self.call("DELETE", f"/v1/documents/{segment(document_id)}")
        return told

    def read_again(self, document_id: str) -> dict[str, Any]:
        """Have a document read again; returns the Document that takes its place when ready."""
        told: dict[str, Any] = self.call("POST", f"/v1/documents/{segment(document_id)}/reread")
        return told

    def ask(self, asked: Mapping[str, object]) -> Iterator[Event]:
        """Yield the events of an answer as they come: name and value."""
        reader, last = EventReader(), ""
        for line in self._lines("/v1/ask", {**asked, "stream": True}):
            told = reader.read(line)
            if told is not None:
                last = told[0]
                yield told
        if last != "answer":
            raise no_answer(self._url)

    def chunks(self, path: str, body: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Yield the chunks of a streamed completion; RefusedError for an error among them."""
        for line in self._lines(path, body):
            data = line.removeprefix("data: ")
            if data in {line, "[DONE]"}:
                continue
            told = json.loads(data)
            if "error" in told:
                raise RefusedError(0, str(told["error"]["code"]), str(told["error"]["message"]))
            yield told

    def _lines(self, path: str, body: Mapping[str, object]) -> Iterator[str]:
        try:
            with self._http.stream("POST", path, json=body) as response:
                if is_refused(response.status_code):
                    raise refusal(self._url, response, response.read().decode())
                yield from response.iter_lines()
        except httpx.TransportError as error:
            raise UnreachableError(self._url) from error

    def _sent(self, method: str, path: str, **given: Any) -> httpx.Response:  # noqa: ANN401
        try:
            response = self._http.request(method, path, **given)
        except httpx.TransportError as error:
            raise UnreachableError(self._url) from error
        if is_refused(response.status_code):
            raise refusal(self._url, response, response.text)
        return response
