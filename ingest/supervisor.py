"""`footnote serve`: holds the data folder, runs the API and the worker as processes, ends both."""

import contextlib
import subprocess
import time
from contextlib import AbstractContextManager
from typing import Self

from ingest.preview import remove_left_over
from ingest.processes import WORKERS_NICENESS, StopSignals, end, process, start
from services.data_folder import held
from services.listening import refuse_taken_port, refuse_unsafe_address
from services.self_pipe import SelfPipe
from services.settings import Settings

_LOOK_S = 0.2
# A worker that dies at once, again and again, must not keep a core busy.
_RESTART_S = 1.0


def supervise(settings: Settings) -> int:
    """Run until SIGTERM, SIGINT or the end of the API; return the status to exit with.

    A worker that dies is started again. The API's end is the service's end.
    """
    refuse_unsafe_address(settings)
    stopping, stands = StopSignals(), SelfPipe()
    with held(settings.data_dir) as lock:
        refuse_taken_port(settings)
        remove_left_over(settings)
        # The folder stays held until the last of us has ended.
        with _api(lock, stands) as api, _Worker(lock) as worker:
            while not stopping.wait(_LOOK_S) and api.poll() is None:
                # Before that there is nothing for it to do, and cores are scarce.
                if stands.wait(0.0):
                    worker.keep_alive()
            worker.end()
            end(api)
    return 0 if stopping.came() else 1


def _api(lock: int, stands: SelfPipe) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """Return the API, which prepares the data, and tells when it answers."""
    descriptors, holder = [lock, stands.descriptor], ["--holder", str(stands.descriptor)]
    return process("services.api", descriptors, arguments=holder)


class _Worker:
    """The worker process, started again when it dies."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            end(self._process)

    def keep_alive(self) -> None:
        """Start the worker, also again if it has died."""
        is_there = self._process is not None and self._process.poll() is None
        if not is_there and time.monotonic() - self._started_at > _RESTART_S:
            self._process = start("ingest.worker", [self._lock], niceness=WORKERS_NICENESS)
            self._started_at = time.monotonic()

    def end(self) -> None:
        """Ask the worker to stop."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
