"""`/mcp`: its library, a quarter of what a service would load, is loaded at the first call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import structlog
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.errors import error_body, error_response
from services.api.state import Service
from services.domain.errors import NotReadyError

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


_FAILED = "The tools for agents could not be loaded, the log says why: restart the service."

log = structlog.get_logger("api")


class McpHost:
    """Answers `/mcp` in *app*, as long as `running` is open; a call waits until all is loaded."""

    def __init__(self, app: FastAPI, service: Service, version: str) -> None:
        self._service = service
        self._version = version
        self._wanted = anyio.Event()
        self._loaded = anyio.Event()
        self._inner: ASGIApp = app
        app.router.routes.append(Route("/mcp", endpoint=self))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the end of the context, from the first call on."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve)
            yield
            tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call. Nothing is ever told between calls: a stream of news is refused."""
        if scope["method"] == "GET":
            told = error_body("method_not_allowed", "Only POST says anything here.")
            refused = JSONResponse(told, 405, {"Allow": "POST, DELETE"})
            await refused(scope, receive, send)
            return
        self._wanted.set()
        await self._loaded.wait()
        await self._inner(scope, receive, send)

    async def _serve(self) -> None:
        await self._wanted.wait()
        try:
            self._inner, manager = await anyio.to_thread.run_sync(self._built)
        except Exception as error:
            # The service goes on without.
            log.exception("/mcp cannot be loaded", reason=str(error), exc_info=error)
            self._inner = error_response(NotReadyError(_FAILED))
            self._loaded.set()
            return
        async with manager.run():
            self._loaded.set()
            await anyio.sleep_forever()

    def _built(self) -> "tuple[ASGIApp, StreamableHTTPSessionManager]":
        from services.api.mcp_door import mcp_app  # noqa: PLC0415 - the point of this file

        return mcp_app(self._service, self._version)
