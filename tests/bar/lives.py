"""Short lives of a service over fakes, to be ended without warning: `python -m tests.bar.lives`.

Everything is imported once; each life is a fork, so that a start costs a fraction of a second.
Reads commands, one JSON object a line: `{"folder", "port", "key", "fault"?}` starts a life and
prints its pid. A life ends with the process that it was forked from. `fault` is {"at": N, "how":
"die" or "raise"}: what happens at the N-th operation that matters to durability (sync, rename,
removal, commit).
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from services.domain.errors import HouseError
from services.settings import set_quiet_offline
from tests.bar.conftest import Running

_PR_SET_PDEATHSIG = 1


class Faults:
    """Counts operations that matter, and fails the one that it is told to."""

    def __init__(self, at: int, how: str) -> None:
        self._at = at
        self._how = how
        self.count = 0
        self._lock = threading.Lock()

    def point(self) -> None:
        """Be at one of them: die, raise, or go on."""
        with self._lock:
            self.count += 1
            here = self.count
        if here != self._at:
            return
        if self._how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.EIO, "Input/output error (made by a test)")

    def install(self) -> None:
        """Put a point in front of every sync, rename and removal, and of every commit."""
        for name in ("fsync", "replace", "rename", "unlink"):
            setattr(os, name, self._before(getattr(os, name)))
        sa.event.listen(sa.Engine, "commit", lambda _connection: self.point())

    def _before(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def pointed(*given: Any, **named: Any) -> Any:
            self.point()
            return real(*given, **named)

        return pointed


def _live(command: dict[str, Any]) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    running = Running(Path(command["folder"]), port=command["port"], owner_key=command["key"])
    faults = Faults(**command["fault"]) if "fault" in command else None
    if faults is not None:
        faults.install()
    with contextlib.suppress(AssertionError):
        running.start()
    while True:
        with contextlib.suppress(HouseError, OSError, sa.exc.SQLAlchemyError):
            running.ingest()
            if command.get("clean"):
                running.house.follower.publish()
        if faults is not None:
            Path(command["folder"], "faults").write_text(str(faults.count), encoding="ascii")
        time.sleep(0.02)


def main() -> None:
    """Serve commands until the end of input."""
    set_quiet_offline()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # The log goes elsewhere: what is said here are pids.
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(command)
            os._exit(0)
        os.write(out, f"{child}\n".encode())


if __name__ == "__main__":
    main()
