"""The application: middleware, routes, and the house that is built behind them."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio.to_thread
import structlog
from fastapi import FastAPI

from services.api import (
    ask,
    audit,
    collections,
    documents,
    health,
    keys,
    pages,
    records,
    search,
    visitors,
    webhooks,
)
from services.api.access import PUBLIC_PATHS, AccessMiddleware, is_public
from services.api.auditing import AuditMiddleware
from services.api.body_limit import BodyLimitMiddleware
from services.api.bot_host import BotHost
from services.api.errors import add_error_handlers
from services.api.mcp_host import McpHost
from services.api.openai import chat, embeddings, models, responses
from services.api.openapi import serve_openapi
from services.api.state import Service
from services.api.visitors import WidgetCors
from services.domain.errors import HouseError
from services.settings import Settings
from services.wiring import House

log = structlog.get_logger("api")
_THREADS = 64
_PARTS = (
    documents,
    search,
    ask,
    records,
    collections,
    keys,
    audit,
    chat,
    models,
    embeddings,
    responses,
    visitors,
    webhooks,
    health,
    pages,
)
_OPEN_ROUTES = PUBLIC_PATHS | {"/assets/{name}", "/webhooks/{platform}"}


def create_app(
    settings: Settings, build: Callable[[Settings], House], fail: Callable[[], None]
) -> FastAPI:
    """Return the application. *build* makes the house while the service already listens; *fail* is
    called if it cannot.
    """
    service = Service(settings)
    bots = BotHost(service)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        builder = threading.Thread(target=_open, args=(service, build, fail), daemon=True)
        builder.start()
        async with mcp.running(), service.key_watch.running(), bots.running():
            yield
        service.draining = True
        await anyio.to_thread.run_sync(builder.join)
        await anyio.to_thread.run_sync(service.close)

    app = FastAPI(
        title="Footnote",
        summary="Answers from your own documents, each statement with a footnote.",
        version=_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.service = service
    for part in _PARTS:
        app.include_router(part.router)
    mcp = McpHost(app, service, _version())
    serve_openapi(app)
    add_error_handlers(app)
    refuse_open_routes(app)
    app.add_middleware(BodyLimitMiddleware, upload_bytes=settings.upload_bytes)
    app.add_middleware(AccessMiddleware, service=service)
    app.add_middleware(AuditMiddleware, service=service)
    app.add_middleware(WidgetCors, settings=settings)
    return app


def refuse_open_routes(app: FastAPI) -> None:
    """Stop the start if a route is public that is not on the list."""
    for route in app.routes:
        path = getattr(route, "path", "")
        if is_public(path) and path not in _OPEN_ROUTES:
            message = f"Route {path} is public but not on the list of public routes."
            raise AssertionError(message)


def _open(service: Service, build: Callable[[Settings], House], fail: Callable[[], None]) -> None:
    try:
        house = build(service.settings)
        house.follower.open()
        house.follower.start(
            service.settings.poll_seconds,
            lambda error: log.error("index follower failed", exc_info=error),
        )
        settings = service.settings
        log.info(
            "ready",
            passages=house.follower.passages(),
            rebuilt=house.follower.rebuilt,
            page=f"http://{settings.host}:{settings.port}",
            **({} if settings.owner_key else {"key_in": str(settings.data_dir / "owner.key")}),
        )
        service.open(house)
    except Exception as error:
        # What says all by itself needs no stack; what stands for another error does.
        says_all = isinstance(error, HouseError) and error.__cause__ is None
        log.exception("cannot start", reason=str(error), exc_info=None if says_all else error)
        service.fault = error
        fail()


def _version() -> str:
    return version("footnote")
