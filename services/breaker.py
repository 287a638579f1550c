"""What has failed is left alone for a while: a circuit breaker."""

import threading
import time


class Breaker:
    """Opens after *failures* in a row, for *rest_s* seconds; then one more is tried. Threads may
    share it.
    """

    def __init__(self, rest_s: float, failures: int = 1) -> None:
        self._rest_s = rest_s
        self._needed = failures
        self._in_a_row = 0
        self._open_until = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Say whether nobody should ask now."""
        return time.monotonic() < self._open_until

    def failed(self) -> None:
        """Count a failure."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= self._needed:
                self._open_until = time.monotonic() + self._rest_s
                # It takes one more to open it again: nothing has worked since.
                self._in_a_row = self._needed - 1

    def worked(self) -> None:
        """Forget the failures before."""
        with self._lock:
            self._in_a_row = 0
