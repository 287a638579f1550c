"""The client for programs with an event loop, over httpx2."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2 as httpx

from services.client.wire import (
    Event,
    EventReader,
    UnreachableError,
    fields_of,
    is_refused,
    json_of,
    refusal,
    segment,
)

_TIMEOUT = httpx.Timeout(30.0, read=600.0, write=600.0)


class AsyncFootnoteClient:
    """Talks to one service with one key. Close it, or use it in an `async with`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of one call; RefusedError if the service says no."""
        return json_of(self._url, (await self._sent(method, path, **given)).text)

    async def upload(  # noqa: PLR0913, PLR0917 - the fields of the form
        self,
        path: Path,
        name: str,
        collection: str,
        source_id: str | None = None,
        readers: Sequence[str] = (),
        metadata: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """Upload a file; returns its Document, or the batch that a `.jsonl` file became."""
        fields = fields_of(collection, source_id, readers, metadata)
        file = {"file": (name, await asyncio.to_thread(path.read_bytes))}
        told: dict[str, Any] = await self.call("POST", "/v1/documents", data=fields, files=file)
        return told

    async def documents(self, **filters: str | int | None) -> AsyncIterator[dict[str, Any]]:
        """Yield documents, page after page."""
        wanted = {name: value for name, value in filters.items() if value is not None}
        while True:
            page = await self.call("GET", "/v1/documents", params={"limit": 200, **wanted})
            for document in page["documents"]:
                yield document
            if "cursor" not in page:
                return
            wanted["cursor"] = page["cursor"]

    async def document(self, document_id: str) -> dict[str, Any]:
        """Return one document."""
        told: dict[str, Any] = await self.call("GET", f"/v1/documents/{segment(document_id)}")
        return told

    async def text(self, document_id: str) -> str:
        """Return a document's canonical text."""
        return (await self._sent("GET", f"/v1/documents/{segment(document_id)}/text")).text

    async def remove(self, document_id: str) -> dict[str, Any]:
        """Delete a document; returns the receipt."""
        told: dict[str, Any] = await self.call("DELETE", f"/v1/documents/{segment(document_id)}")
        return told

    async def search(self, query: str, **given: object) -> list[dict[str, Any]]:
        """Return the passages that match; *given* are further fields of `/v1/search`."""
        told = await self.call("POST", "/v1/search", json={"query": query, **given})
        return list(told["passages"])

    async def answer(self, question: str, **given: object) -> dict[str, Any]:
        """Return the Answer; *given* are further fields of `/v1/ask`."""
        told: dict[str, Any] = await self.call(
            "POST", "/v1/ask", json={"question": question, **given}
        )
        return told

    async def ask(self, asked: Mapping[str, object]) -> AsyncIterator[Event]:
        """Yield the events of an answer as they come; who stops iterating frees its place."""
        reader, body = EventReader(), {**asked, "stream": True}
        try:
            async with self._http.stream("POST", "/v1/ask", json=body) as response:
                if is_refused(response.status_code):
                    raise refusal(self._url, response, (await response.aread()).decode())
                async for line in response.aiter_lines():
                    told = reader.read(line)
                    if told is not None:
                        yield told
        except httpx.TransportError as error:
            raise UnreachableError(self._url) from error

    async def _sent(self, method: str, path: str, **given: Any) -> httpx.Response:  # noqa: ANN401
        try:
            response = await self._http.request(method, path, **given)
        except httpx.TransportError as error:
            raise UnreachableError(self._url) from error
        if is_refused(response.status_code):
            raise refusal(self._url, response, response.text)
        return response
