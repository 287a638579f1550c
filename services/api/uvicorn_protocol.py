"""HTTP with clients that are too slow: a connection that hardly moves is ended.

Headers must be there in time, a body must come at a least rate, and what is sent must be read.
"""

import asyncio
from asyncio import TimerHandle
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_S = 12.0
_BODY_WINDOW_S = 12.0
# A kilobyte a second: less than any line that one would upload over.
_LEAST_IN_WINDOW = 12_000
_UNREAD_S = 10.0


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with three clocks: for the headers, for the body, for the reader."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as uvicorn's own
        super().__init__(*given, **named)
        self._head: TimerHandle | None = None
        self._body: TimerHandle | None = None
        self._unread: TimerHandle | None = None
        self._arrived = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head = self.loop.call_later(_HEAD_S, self._end)

    @override
    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        # The first byte after an answer: the next request has begun.
        if self._head is None and self.cycle.response_complete:
            self._head = self.loop.call_later(_HEAD_S, self._end)
        super().data_received(data)

    @override
    def on_headers_complete(self) -> None:
        _stop(self._head)
        self._head = None
        super().on_headers_complete()
        _stop(self._body)
        self._body = None
        self._watch_body()

    @override
    def on_message_complete(self) -> None:
        _stop(self._body)
        self._body = None
        super().on_message_complete()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        _stop(self._unread)
        self._unread = self.loop.call_later(_UNREAD_S, self._end)

    @override
    def resume_writing(self) -> None:
        _stop(self._unread)
        self._unread = None
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for clock in (self._head, self._body, self._unread):
            _stop(clock)
        super().connection_lost(exc)

    def _watch_body(self) -> None:
        self._arrived = 0
        self._body = self.loop.call_later(_BODY_WINDOW_S, self._judge_body)

    def _judge_body(self) -> None:
        # While the service itself has no room for more, the sender is not to blame.
        if self._arrived < _LEAST_IN_WINDOW and not self.flow.read_paused:
            self._end()
        else:
            self._watch_body()

    def _end(self) -> None:
        """End it at once: closing would wait until what was sent has been read."""
        self.transport.abort()


def _stop(clock: TimerHandle | None) -> None:
    if clock is not None:
        clock.cancel()
