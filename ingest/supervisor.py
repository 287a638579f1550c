"""`footnote serve`: holds the data folder, runs the API and the worker as processes, ends both."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from ingest.preview import remove_left_over
from ingest.processes import StopSignals, end, process, start
from services.data_folder import held
from services.self_pipe import GoAhead
from services.settings import Settings, refuse_unsafe_address

_LOOK_S = 0.2
# A worker that dies at once, again and again, must not keep a core busy.
_RESTART_S = 1.0


def supervise(settings: Settings) -> int:
    """Run until SIGTERM, SIGINT or the end of the API; return the status to exit with.

    A worker that dies is started again. The API's end is the service's end.
    """
    refuse_unsafe_address(settings)
    stopping = StopSignals()
    # The folder stays held until the last of us has ended.
    with held(settings.data_dir) as lock, _api(lock, settings) as api, _Worker(lock) as worker:
        while not stopping.wait(_LOOK_S) and api.poll() is None:
            worker.keep_alive()
        worker.end()
        end(api)
    return 0 if stopping.came() else (api.returncode or 1)


@contextmanager
def _api(lock: int, settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the API and prepare the data meanwhile: it loads its libraries, and touches nothing
    before it is told.
    """
    with ExitStack() as ended:
        go = GoAhead()
        try:
            descriptors, word = [lock, go.descriptor], ["--after", str(go.descriptor)]
            api = ended.enter_context(process("services.api", descriptors, arguments=word))
            # Here, not above: the API has begun to load its own meanwhile.
            from services.wiring import prepare_data  # noqa: PLC0415

            prepare_data(settings)
            remove_left_over(settings)
            go.give()
        finally:
            go.close()
        yield api


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
