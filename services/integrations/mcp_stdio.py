"""The same tools over standard input and output, for agents that start programs: a client of a
running service, with the key of the one who starts it.
"""

import logging
import signal
from typing import Any

import anyio.to_thread

from services.client.httpx_client import FootnoteClient
from services.integrations.mcp_tools import Told, mcp_server


class ClientDoor:
    """Goes to a service over HTTP."""

    def __init__(self, client: FootnoteClient) -> None:
        self._client = client

    async def search(
        self, _request: object, query: str, collections: list[str] | None, limit: int
    ) -> Told:
        """Return passages."""
        body = {"query": query, "collections": collections, "limit": limit}
        return {"passages": (await self._call("POST", "/v1/search", json=body))["passages"]}

    async def ask(self, _request: object, question: str, collections: list[str] | None) -> Told:
        """Return an answer."""
        body = {"question": question, "collections": collections}
        return shown_answer(await self._call("POST", "/v1/ask", json=body))

    async def documents(self, _request: object, collection: str | None, limit: int) -> Told:
        """Return a list of documents."""
        params = {"limit": limit} | ({"collection": collection} if collection else {})
        return {"documents": (await self._call("GET", "/v1/documents", params=params))["documents"]}

    async def text(self, _request: object, document_id: str) -> str:
        """Return a document's text."""
        return await anyio.to_thread.run_sync(self._client.text, document_id)

    async def _call(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401 - JSON
        return await anyio.to_thread.run_sync(lambda: self._client.call(method, path, **given))


def shown_answer(told: Told) -> Told:
    """Return of an Answer what an agent needs."""
    names = ("answered", "answer", "language", "citations", "trace_id")
    return {name: told[name] for name in names}


def serve_stdio(client: FootnoteClient, version: str) -> None:
    """Serve until standard input ends, or Ctrl-C: what waits for a line hears no other signal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    mcp_server(ClientDoor(client), version).run("stdio")
