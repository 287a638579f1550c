"""Budgets: how many questions, tokens and uploads one may have in a span of time."""

import math
import time
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from limits.util import WindowStats

from services.breaker import Breaker
from services.domain.errors import BusyError

log = structlog.get_logger("budgets")
# Questions are counted where nobody may wait long: a Redis that takes longer is left alone.
_REDIS_S = 0.05
_LEFT_ALONE_S = 5.0


@dataclass(frozen=True, slots=True)
class Spans:
    """What is allowed, as in `60/minute` or `100000/day`; empty: as much as one likes."""

    questions: str = ""
    tokens: str = ""
    uploads: str = ""


class Budgets:
    """Counts for each principal, in this process or in Redis. Threads may share it.

    Without an answer from Redis it counts in this process alone: nobody is kept out by that.
    """

    def __init__(self, spans: Spans, redis_url: str | None = None) -> None:
        self._items = {
            name: parse(getattr(spans, name))
            for name in ("questions", "tokens", "uploads")
            if getattr(spans, name)
        }
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._breaker = Breaker(_LEFT_ALONE_S)

    @property
    def are_shared(self) -> bool:
        """Say whether anything is counted in Redis."""
        return self._shared is not None and bool(self._items)

    @property
    def is_redis_left_alone(self) -> bool:
        """Say whether Redis has failed, and what is used counts in this process for a while."""
        return self._breaker.is_open

    def spend(self, what: str, principal: str, amount: int = 1) -> None:
        """Take *amount* of a budget; BusyError, with when to come back, if there is not enough."""
        item = self._items.get(what)
        if item is not None and not self._hit(item, what, principal, amount):
            raise self._refusal(item, what, principal)

    def check(self, what: str, principal: str) -> None:
        """Raise BusyError if nothing of a budget is left."""
        item = self._items.get(what)
        if item is not None and not self._own_or_shared("test", item, what, principal):
            raise self._refusal(item, what, principal)

    def note(self, what: str, principal: str, amount: int) -> None:
        """Count what has been used already: of a budget that has not so much left, all."""
        item = self._items.get(what)
        if item is None or amount <= 0:
            return
        if self._hit(item, what, principal, min(amount, item.amount)):
            return
        # Another process may take of it at the same time: then less is left.
        while (left := int(self._window(item, what, principal).remaining)) > 0:
            if self._hit(item, what, principal, left):
                return

    def _hit(self, item: RateLimitItem, what: str, principal: str, amount: int) -> bool:
        return self._own_or_shared("hit", item, what, principal, amount)

    def _window(self, item: RateLimitItem, what: str, principal: str) -> WindowStats:
        """Return what is left, and when there is more, where it is counted."""
        if self._shared is not None and not self._breaker.is_open:
            try:
                return self._shared.get_window_stats(item, what, principal)
            except StorageError:
                self._breaker.failed()
        return self._own.get_window_stats(item, what, principal)

    def _own_or_shared(
        self, call: str, item: RateLimitItem, what: str, principal: str, amount: int = 1
    ) -> bool:
        if self._shared is not None and not self._breaker.is_open:
            try:
                return bool(getattr(self._shared, call)(item, what, principal, cost=amount))
            except StorageError:
                self._breaker.failed()
                log.warning("Redis does not answer: budgets count in this process for now")
        return bool(getattr(self._own, call)(item, what, principal, cost=amount))

    def _refusal(self, item: RateLimitItem, what: str, principal: str) -> BusyError:
        window = self._window(item, what, principal)
        error = BusyError(f"Your budget of {item.amount} {what} a {_span(item)} is used up.")
        error.retry_after_s = max(1, math.ceil(window.reset_time - time.time()))
        return error


def _span(item: RateLimitItem) -> str:
    return (
        f"{item.multiples} {item.GRANULARITY.name}s"
        if item.multiples > 1
        else item.GRANULARITY.name
    )


def _redis(url: str) -> Storage:
    return storage_from_string(  # type: ignore[return-value]
        url, wrap_exceptions=True, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S
    )
