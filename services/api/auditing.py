"""What goes into the audit log: every change and question, what was refused, originals read.

An entry holds who, which route, and the outcome; never a question's words or a document's text.
"""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.access import is_public
from services.api.state import Service
from services.domain.audit import AuditEntry

log = structlog.get_logger("audit")

_LONGEST_TARGET = 300
# Refusals without a key are counted, not listed, beyond so many a minute: nobody without one may
# fill the disk.
_UNKNOWN_A_MINUTE = 60
_MINUTE_S = 60.0
_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_DENIED = frozenset({_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND})
# No operation took place: the service was busy, starting or draining.
_NOT_NOW = frozenset({429, 503})
# Reading a list is not worth an entry; reading content is.
_READS = ("/file", "/text", "/grants")
_PAGES = "/pages/"
_DELIVERIES = "/webhooks/"
_UNKNOWN = "unknown"


class AuditMiddleware:
    """Notes each operation before its answer leaves."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._unknown: tuple[float, int] = (0.0, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; its entry is durable before the answer begins."""
        if scope["type"] != "http" or (is_public(scope["path"]) and not _is_delivery(scope)):
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, int(message["status"]))
            await send(message)

        await self._app(scope, receive, noting)

    async def _note(self, scope: Scope, status: int) -> None:
        trail = self._service.trail
        if trail is None or status in _NOT_NOW or not _is_operation(scope, status):
            return
        held = scope.get("state", {}).get("scope")
        if held is None and self._too_many_unknown():
            return
        client = scope.get("client")
        entry = AuditEntry(
            principal=_UNKNOWN if held is None else held.principal,
            action=scope["method"],
            target=_plain(scope["path"]),
            status=status,
            client=client[0] if client else "",
        )
        await trail.note(entry)

    def _too_many_unknown(self) -> bool:
        began, count = self._unknown
        if time.monotonic() - began > _MINUTE_S:
            began, count = time.monotonic(), 0
        self._unknown = (began, count + 1)
        if count == _UNKNOWN_A_MINUTE:
            log.warning("more refusals without a key than are listed", a_minute=_UNKNOWN_A_MINUTE)
        return count >= _UNKNOWN_A_MINUTE


def _is_operation(scope: Scope, status: int) -> bool:
    path = scope["path"]
    if _is_delivery(scope):
        # What is taken up is noted with who wrote it.
        return status in _DENIED
    reads = path.endswith(_READS) or _PAGES in path
    return scope["method"] != "GET" or status in _DENIED or reads


def _is_delivery(scope: Scope) -> bool:
    """Say whether a chat platform delivers something."""
    return str(scope["path"]).startswith(_DELIVERIES)


def _plain(path: str) -> str:
    """Return a path as it may be stored and shown: short, and nothing but printable ASCII."""
    return path.encode("ascii", "backslashreplace").decode()[:_LONGEST_TARGET]
