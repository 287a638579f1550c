"""Processes that end with whoever started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType

from services.self_pipe import SelfPipe

# Where cores are scarce, whoever asks or starts goes first.
WORKERS_NICENESS = 10
_GRACE_S = 20.0
_PR_SET_PDEATHSIG = 1


@contextmanager
def process(
    module: str,
    descriptors: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m module` as long as this is open; see `start`."""
    started = start(module, descriptors, environment, arguments)
    try:
        yield started
    finally:
        end(started)


def start(
    module: str,
    descriptors: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    niceness: int = 0,
) -> "subprocess.Popen[bytes]":
    """Start `python -m module` with this process's *descriptors*, in *environment* or its own, as
    nice as this at least.
    """
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        env=environment,
        pass_fds=tuple(descriptors),
        preexec_fn=partial(_begin, niceness),  # noqa: PLW1509
    )


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to stop, and end it if it does not within the grace."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class StopSignals:
    """SIGTERM and SIGINT, which are caught from the making of this on."""

    def __init__(self) -> None:
        self._pipe = SelfPipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)

    def came(self) -> bool:
        """Say whether one has come."""
        return self.wait(0.0)

    def wait(self, timeout_s: float) -> bool:
        """Wait so long for one, no longer once one has come; return whether one has."""
        return self._pipe.wait(timeout_s)

    def _tell(self, _number: int, _frame: FrameType | None) -> None:
        self._pipe.tell()


def be_nice(niceness: int) -> None:
    """Let others go first on scarce cores, by a niceness of so much at least."""
    os.setpriority(os.PRIO_PROCESS, 0, max(niceness, os.getpriority(os.PRIO_PROCESS, 0)))


def _begin(niceness: int) -> None:
    """Let the kernel end this process when its supervisor is gone, however that ended."""
    if niceness:
        be_nice(niceness)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
