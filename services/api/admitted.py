"""Work that holds a place: told step by step, ended when its asker leaves or its time is over."""

import functools
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import TypeAlias

import anyio
import structlog
from fastapi import Request

from services.api import metrics
from services.api.key_watch import ended_key
from services.api.state import Service
from services.api.streaming import CancelFlag, stepped
from services.api.visitor_tokens import sharer
from services.domain.errors import CancelledError, DeadlineError, HouseError, NotReadyError
from services.domain.scope import Scope

log = structlog.get_logger("ask")

# What work yields on its way: events by name, or the error that ended it.
Told: TypeAlias = tuple[str, object] | HouseError
# Given the seconds that it waited and what says whether to stop: the work, in a thread.
Steps: TypeAlias = Callable[[float, Callable[[], bool]], Iterator[Told]]
_LOOK_S = 0.25


class Admitted:
    """One piece of work of one asker. Either `told` or `last` is used, once."""

    def __init__(self, service: Service, scope: Scope, deadline_s: float, steps: Steps) -> None:
        self._service = service
        self._scope = scope
        self._deadline_s = deadline_s
        self._steps = steps
        self._began = time.monotonic()
        self._left = CancelFlag()

    async def last(self, request: Request) -> Told:
        """Return the last of what is told; a client that leaves ends the work."""
        last: Told = CancelledError("The client has left.")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, request, tasks.cancel_scope)
            async for told in self.told():
                last = told
            tasks.cancel_scope.cancel()
        return last

    async def told(self) -> AsyncGenerator[Told]:
        """Yield what the work yields; the last is its result or an error."""
        with self._service.key_watch.watched(self._scope.principal):
            async with aclosing(self._in_turn()) as steps:
                async for told in steps:
                    yield told

    async def _in_turn(self) -> AsyncGenerator[Told]:
        principal = self._scope.principal
        check = functools.partial(self._service.key_watch.refuse_if_over, principal)
        try:
            async with self._service.admission.place(sharer(principal)) as place:
                async for ahead in place.turn(self._deadline_s, check):
                    yield "queued", {"ahead": ahead}
                with metrics.answering():
                    async for told in stepped(self._guarded, self._left):
                        yield told
        except HouseError as error:
            yield error

    def _guarded(self) -> Iterator[Told]:
        """Run in a thread, when one is free: the work, its errors told as what they mean."""
        try:
            yield from self._steps(time.monotonic() - self._began, self._ended)
        except CancelledError as error:
            yield self._why(error)
        except HouseError as error:
            yield error
        except Exception as error:
            log.exception("question failed", exc_info=error)
            yield HouseError("Something unexpected went wrong here; the log has the details.")

    def _ended(self) -> bool:
        is_over = self._service.over.is_set() or self._has_no_key()
        return is_over or self._left() or time.monotonic() - self._began > self._deadline_s

    def _has_no_key(self) -> bool:
        return self._service.key_watch.is_over(self._scope.principal)

    def _why(self, error: CancelledError) -> HouseError:
        if self._left():
            return error
        if self._has_no_key():
            return ended_key()
        if self._service.over.is_set():
            return NotReadyError("The service is shutting down: ask again when it is back.")
        return DeadlineError(f"No answer within {self._deadline_s:g} seconds.")

    async def _watch(self, request: Request, work: anyio.CancelScope) -> None:
        """Leave as soon as the client has, also while waiting for one's turn."""
        while not await request.is_disconnected():  # noqa: ASYNC110 - the server tells no event
            await anyio.sleep(_LOOK_S)
        self._left.leave()
        work.cancel()
