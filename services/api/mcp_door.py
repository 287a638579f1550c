"""The tools of the Model Context Protocol over HTTP, under the key of whoever calls."""

from typing import Any

import anyio.to_thread
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from services.api.ask import admitted
from services.api.checks import plain_text
from services.api.schemas import document_out, passage_out, question_body
from services.api.state import Service
from services.domain.documents import DocumentFilter
from services.domain.errors import HouseError
from services.domain.scope import Scope
from services.integrations.mcp_stdio import shown_answer
from services.integrations.mcp_tools import Told, mcp_server
from services.retrieval import Query


class ServiceDoor:
    """Goes through this process, with the Scope that was resolved at the door."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def search(
        self, request: object, query: str, collections: list[str] | None, limit: int
    ) -> Told:
        """Return passages."""
        query = plain_text(query, self._service.settings.question_bytes, "query")
        scope = _scope(request).narrowed(collections)
        house = self._service.house
        found = await anyio.to_thread.run_sync(
            lambda: house.retriever.search(Query(query, ()), scope, limit)
        )
        return {"passages": [passage_out(one) for one in found.found]}

    async def ask(self, request: object, question: str, collections: list[str] | None) -> Told:
        """Return an answer, admitted as any other."""
        body = question_body(question=question, collections=collections)
        service, scope = self._service, _scope(request)
        asked = await service.counted(lambda: admitted(service, scope, body))
        told: Any = await asked.last(request)  # type: ignore[arg-type]
        if isinstance(told, HouseError):
            raise told
        return shown_answer(told[1])

    async def documents(self, request: object, collection: str | None, limit: int) -> Told:
        """Return a list of documents."""
        scope, wanted = _scope(request), DocumentFilter(collection)
        listed, _ = await anyio.to_thread.run_sync(
            lambda: self._service.house.registry.documents.listed(scope, wanted, 0, limit)
        )
        return {"documents": [document_out(document) for document in listed]}

    async def text(self, request: object, document_id: str) -> str:
        """Return a document's text."""
        scope, documents = _scope(request), self._service.house.registry.documents
        return await anyio.to_thread.run_sync(lambda: documents.text(scope, document_id))


def _scope(request: object) -> Scope:
    """Return the Scope that the access check left with a request."""
    scope: Scope = request.state.scope  # type: ignore[attr-defined]
    return scope


def mcp_app(service: Service, version: str) -> tuple[ASGIApp, StreamableHTTPSessionManager]:
    """Return what answers `/mcp`, as long as the caller runs the manager of its sessions."""
    server = mcp_server(ServiceDoor(service), version)
    inner = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        # Names of hosts say nothing here: every request needs a key.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return inner, server.session_manager
