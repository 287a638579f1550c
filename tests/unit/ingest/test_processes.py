"""Signals that end a process, wherever it stands when they come."""

import subprocess
import sys

# Many signals, so that some come while the wait begins or ends.
_BOMBARDED = """
import os, signal, threading, time
from ingest.processes import StopSignals

stopping = StopSignals()
assert not stopping.came()
until = time.monotonic() + 1

def bombard():
    while time.monotonic() < until:
        os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=bombard).start()
while time.monotonic() < until:
    stopping.wait(0.00001)
assert stopping.came()
"""


def test_signals_that_come_amid_a_wait_do_not_hold_it_up() -> None:
    ended = subprocess.run([sys.executable, "-c", _BOMBARDED], check=False, timeout=20)

    assert ended.returncode == 0
