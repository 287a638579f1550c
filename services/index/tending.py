"""One thread that keeps matrices fast while others use them."""

import contextlib
import ctypes
import threading

import structlog

from services.index.matrices import Matrix

log = structlog.get_logger("index")


class Tending:
    """Tends matrices that are due, one after the other; the thread ends when none is.

    *lock* is what users of the matrices hold.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._due: list[Matrix] = []
        self._failed: list[Matrix] = []
        self._coming = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    def look(self, matrix: Matrix) -> None:
        """Tend *matrix* soon if it is due. Costs next to nothing if it is not."""
        if not matrix.is_due():
            return
        with self._coming:
            if matrix in self._failed:
                return
            if matrix not in self._due:
                self._due.append(matrix)
            if self._idle.is_set():
                self._idle.clear()
                threading.Thread(target=self._work, name="index-tending", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is due; say whether that came about in time."""
        return self._idle.wait(timeout_s)

    def _work(self) -> None:
        while (matrix := self._first()) is not None:
            try:
                matrix.tend(self._lock)
            except Exception as error:  # noqa: BLE001 - searches go on, slower, without it
                log.warning("index not tended any more", reason=str(error))
                self._failed.append(matrix)
            _give_back()
            with self._coming:
                # What came meanwhile was not put on the list again.
                if matrix in self._failed or not matrix.is_due():
                    self._due.remove(matrix)

    def _first(self) -> Matrix | None:
        with self._coming:
            if not self._due:
                self._idle.set()
            return self._due[0] if self._due else None


def _give_back() -> None:
    """Give freed memory back: training and growing leave holes, of 200 MB at 300,000 rows."""
    with contextlib.suppress(AttributeError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)
