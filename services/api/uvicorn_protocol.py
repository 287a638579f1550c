"""HTTP with clients that are too slow: a connection that hardly moves is ended.

Headers must be there in time, a body must come at a least rate, and what is sent must be read.
"""

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_S = 12.0
_BODY_WINDOW_S = 12.0
# A kilobyte a second: less than any line that one would upload over.
_LEAST_IN_WINDOW = 12_000
_UNREAD_S = 10.0


class _Clock:
    """Calls *then* once when it has run out; started again, it begins anew."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, then: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._then = then
        self._handle: TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        return self._handle is not None

    def start(self) -> None:
        self.stop()
        self._handle = self._loop.call_later(self._seconds, self._then)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with three clocks: for the headers, for the body, for the reader."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as uvicorn's own
        super().__init__(*given, **named)
        self._head = _Clock(self.loop, _HEAD_S, self._end)
        self._body = _Clock(self.loop, _BODY_WINDOW_S, self._judge_body)
        self._unread = _Clock(self.loop, _UNREAD_S, self._end)
        self._arrived = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head.start()

    @override
    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        # The first byte after an answer: the next request has begun.
        if not self._head.is_running and self.cycle.response_complete:
            self._head.start()
        super().data_received(data)

    @override
    def on_headers_complete(self) -> None:
        self._head.stop()
        super().on_headers_complete()
        self._watch_body()

    @override
    def on_message_complete(self) -> None:
        self._body.stop()
        super().on_message_complete()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.start()

    @override
    def resume_writing(self) -> None:
        self._unread.stop()
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for clock in (self._head, self._body, self._unread):
            clock.stop()
        super().connection_lost(exc)

    def _watch_body(self) -> None:
        self._arrived = 0
        self._body.start()

    def _judge_body(self) -> None:
        # While the service itself has no room for more, the sender is not to blame.
        if self._arrived < _LEAST_IN_WINDOW and not self.flow.read_paused:
            self._end()
        else:
            self._watch_body()

    def _end(self) -> None:
        """End it at once: closing would wait until what was sent has been read."""
        self.transport.abort()
