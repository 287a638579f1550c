"""A bound on how much a request may send, counted before any parser sees it."""

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.errors import error_reply
from services.domain.errors import TooLargeError

# Room for the other fields and the marks of a multipart body.
_AROUND_UPLOAD = 256 * 1024
_PLAIN_BODY = 4 * 1024 * 1024
_UPLOAD_PATH = "/v1/documents"


class _PastLimitError(Exception):
    """The body is longer than allowed; never leaves this file."""


class BodyLimitMiddleware:
    """Answers 413 as soon as a body is, or says that it will be, too long."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes, whatever the request says of its length."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = _PLAIN_BODY
        if scope["path"] == _UPLOAD_PATH:
            limit = self._upload_bytes + _AROUND_UPLOAD
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            await _refused(scope["path"], limit)(scope, receive, send)
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        taken = 0
        past = False

        async def counting() -> Message:
            nonlocal taken, past
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                past = True
                raise _PastLimitError
            return message

        async def sending(message: Message) -> None:
            # What the application made of the broken body is nothing to show.
            if not past:
                await send(message)

        try:
            await self._app(scope, counting, sending)
        except _PastLimitError:
            past = True
        if past:
            await _refused(scope["path"], limit)(scope, receive, send)


def _refused(path: str, limit: int) -> JSONResponse:
    return error_reply(path, TooLargeError(f"The request is longer than {limit:,} bytes."))
