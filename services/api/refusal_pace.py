"""Who asks again at once when told to wait, waits for the next refusal: a flood slows itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.domain.recent import Recent

# Refusals that one may have without a pause: a burst of a whole company, then a few a second.
_AT_ONCE = 400
_PER_SECOND = 20
# As long as `Retry-After` says at the least.
_PAUSE_S = 1.0
_MOST_KNOWN = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class RefusalPace:
    """A token bucket of refusals for each principal."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = Recent[_Bucket](_MOST_KNOWN)

    def pause_s(self, principal: str) -> float:
        """Count a refusal; return for how many seconds it is to be held back."""
        now = self._clock()
        bucket = self._buckets.get(principal) or _Bucket(_AT_ONCE, now)
        refilled = bucket.left + (now - bucket.filled_at) * _PER_SECOND
        bucket.left, bucket.filled_at = min(_AT_ONCE, refilled), now
        self._buckets.put(principal, bucket)
        if bucket.left < 1:
            return _PAUSE_S
        bucket.left -= 1
        return 0.0
