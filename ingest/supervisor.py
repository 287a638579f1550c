"""`footnote serve`: holds the data folder, runs the API and the worker as processes, ends both."""

import contextlib
import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Self

from services.settings import Settings, refuse_unsafe_address
from services.wiring import held_data_folder, prepare_data

_GRACE_S = 20.0
_LOOK_S = 0.2
# A worker that dies at once, again and again, must not keep a core busy.
_RESTART_S = 1.0
_PR_SET_PDEATHSIG = 1


def supervise(settings: Settings) -> int:
    """Run until SIGTERM, SIGINT or the end of the API; return the status to exit with.

    A worker that dies is started again. The API's end is the service's end.
    """
    refuse_unsafe_address(settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _setter(stopping))
    with held_data_folder(settings) as lock:
        prepare_data(settings)
        with _process("services.api", lock) as api, _Worker(lock) as worker:
            while not stopping.wait(_LOOK_S) and api.poll() is None:
                worker.keep_alive()
            worker.end()
            _end(api)
        return 0 if stopping.is_set() else (api.returncode or 1)


class _Worker:
    """The worker process, started again when it dies."""

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._process = _start("ingest.worker", lock)
        self._started_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        _end(self._process)

    def keep_alive(self) -> None:
        """Start the worker again if it has died."""
        if self._process.poll() is not None and time.monotonic() - self._started_at > _RESTART_S:
            self._process = _start("ingest.worker", self._lock)
            self._started_at = time.monotonic()

    def end(self) -> None:
        """Ask the worker to stop."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()


@contextlib.contextmanager
def _process(module: str, lock: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = _start(module, lock)
    try:
        yield process
    finally:
        _end(process)


def _start(module: str, lock: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module],
        stdin=subprocess.DEVNULL,
        # The folder stays held until the last of us has ended.
        pass_fds=(lock,),
        preexec_fn=_die_with_parent,  # noqa: PLW1509
    )


def _die_with_parent() -> None:
    """Let the kernel end this process when its supervisor is gone, however that ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to stop, and end it if it does not within the grace."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _setter(event: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handler(_number: int, _frame: FrameType | None) -> None:
        event.set()

    return handler
