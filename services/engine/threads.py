"""How many threads a model should take right now."""

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.engine.cgroups import cores_allowed

_STAT = Path("/proc/stat")
# Bytes that hold the totals of all cores, which are told first.
_FIRST_LINE = 256
# More than this many threads rarely help a small model and starve everything else.
MOST_THREADS = 4
# Shorter spans are too coarse: the kernel counts in hundredths of a second.
_SPAN_S = 0.25
# Others may use this much of a core before it counts as taken.
_TOLERANCE = 0.4


def wanted_threads(setting: int) -> int:
    """Return the threads of a model by its setting; 0 means one for each core that this process may
    use, four at most.
    """
    allowed = cores_allowed() or MOST_THREADS
    return setting or max(1, min(_cores(), math.floor(allowed), MOST_THREADS))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class FreeCores:
    """Shares the machine's cores between the models of this process and leaves others theirs.

    llama.cpp's threads wait for each other by spinning. With two of them on two cores that others
    keep busy, reading a prompt took five times as long as with one (measured): so look first.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._cores = os.cpu_count() or 1
        self._is_seen = _STAT.exists()
        self._lock = threading.Lock()
        self._seen = self._look()
        self._others = 0.0
        self._taken = 0

    @contextmanager
    def taken(self, wanted: int = 0) -> Iterator[int]:
        """Take between 1 and *wanted* cores for the time of the block; yields how many.

        0 wants `most`, which nobody gets more than.
        """
        with self._lock:
            if self._is_seen:
                self._watch_others()
            free = math.floor(self._cores - self._others + _TOLERANCE) - self._taken
            threads = max(1, min(wanted or self.most, self.most, free))
            self._taken += threads
        try:
            yield threads
        finally:
            with self._lock:
                self._taken -= threads

    @property
    def free(self) -> int:
        """How many cores a model would be given now; at least 1."""
        with self.taken() as threads:
            return threads

    @property
    def others(self) -> float:
        """How many cores other processes used at the last look."""
        return self._others

    def _watch_others(self) -> None:
        """Learn what other processes use, if the last look is long enough ago."""
        if time.monotonic() - self._seen[0] < _SPAN_S:
            return
        now = self._look()
        busy, own = now[1] - self._seen[1], now[2] - self._seen[2]
        self._others = max(0.0, (busy - own) / (now[0] - self._seen[0]))
        self._seen = now

    @staticmethod
    def _look() -> tuple[float, float, float]:
        """Return the time, the seconds that all cores were busy, and those for this process."""
        if not _STAT.exists():
            return 0.0, 0.0, 0.0
        with _STAT.open("rb", buffering=0) as told:
            totals = told.read(_FIRST_LINE).split(maxsplit=8)[1:8]
        user, nice, system, _idle, _wait, irq, softirq = map(int, totals)
        busy = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
        times = os.times()
        return time.monotonic(), busy, times.user + times.system
