"""Server-sent events, and the bridge from a blocking generator to the event loop."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi.responses import StreamingResponse

T = TypeVar("T")
# A reader that stalls must not hold up the one context that all answers are written in. The
# longest answer has a few thousand steps.
_BUFFERED = 100_000


class EventStream(StreamingResponse):
    """A stream of server-sent events: no cache keeps it, no proxy holds it back."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], status_code: int = 200) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(events, status_code, headers)


def event(name: str, value: object) -> bytes:
    """Return one server-sent event."""
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


class CancelFlag:
    """Set when nobody waits any more, or when the time is over; asked before every step."""

    def __init__(self) -> None:
        self._left = threading.Event()

    def leave(self) -> None:
        """Say that nobody waits any more."""
        self._left.set()

    def __call__(self) -> bool:
        """Say whether to stop."""
        return self._left.is_set()


async def stepped(begin: Callable[[], Iterator[T]], cancelled: CancelFlag) -> AsyncIterator[T]:
    """Run a blocking generator in a thread and yield what it yields.

    Whoever stops iterating sets *cancelled*, and the generator ends at its next step.
    """
    sender, receiver = anyio.create_memory_object_stream[T](_BUFFERED)
    loop = asyncio.get_running_loop()

    def put(step: T) -> None:
        try:
            sender.send_nowait(step)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.WouldBlock):
            cancelled.leave()

    def work() -> None:
        # Told without waiting for the loop: a thread that waits for it at each token would hold up
        # the engine that all answers are written in.
        try:
            for step in begin():
                loop.call_soon_threadsafe(put, step)
        finally:
            loop.call_soon_threadsafe(sender.close)

    # Closed here too: who leaves before a thread is free for the work ends it unbegun.
    with sender:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, work)
            try:
                async with receiver:
                    async for step in receiver:
                        yield step
            finally:
                cancelled.leave()
