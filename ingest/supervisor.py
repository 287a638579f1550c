"""`footnote serve`: holds the data folder, runs the API and the worker as processes, ends both."""

import contextlib
import time
from typing import Self

from ingest.preview import remove_left_over
from ingest.processes import StopSignals, end, process, start
from services.data_folder import held
from services.settings import Settings, refuse_unsafe_address
from services.wiring import prepare_data

_LOOK_S = 0.2
# A worker that dies at once, again and again, must not keep a core busy.
_RESTART_S = 1.0


def supervise(settings: Settings) -> int:
    """Run until SIGTERM, SIGINT or the end of the API; return the status to exit with.

    A worker that dies is started again. The API's end is the service's end.
    """
    refuse_unsafe_address(settings)
    stopping = StopSignals()
    with held(settings.data_dir) as lock:
        prepare_data(settings)
        remove_left_over(settings)
        # The folder stays held until the last of us has ended.
        with process("services.api", [lock]) as api, _Worker(lock) as worker:
            while not stopping.wait(_LOOK_S) and api.poll() is None:
                worker.keep_alive()
            worker.end()
            end(api)
        return 0 if stopping.came() else (api.returncode or 1)


class _Worker:
    """The worker process, started again when it dies."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._process = start("ingest.worker", [lock])
        self._started_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        end(self._process)

    def keep_alive(self) -> None:
        """Start the worker again if it has died."""
        if self._process.poll() is not None and time.monotonic() - self._started_at > _RESTART_S:
            self._process = start("ingest.worker", [self._lock])
            self._started_at = time.monotonic()

    def end(self) -> None:
        """Ask the worker to stop."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
