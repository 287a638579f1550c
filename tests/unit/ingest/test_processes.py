"""Signals that end a process, wherever it stands when they come; what one tells another."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.processes import WORKERS_NICENESS, end, start
from services.self_pipe import SelfPipe, tell

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


_TELLS = "import sys; from services.self_pipe import tell; tell(int(sys.argv[1]))"


def test_a_process_is_told_by_another_that_it_started() -> None:
    told = SelfPipe()
    assert not told.wait(0.0)

    command = [sys.executable, "-c", _TELLS, str(told.descriptor)]
    subprocess.run(command, pass_fds=[told.descriptor], check=True, timeout=20)

    assert told.wait(0.0)


def test_who_cannot_hear_any_more_is_told_nothing() -> None:
    hears, tells = os.pipe()
    os.close(hears)

    tell(tells)

    with pytest.raises(BrokenPipeError):
        os.write(tells, b"!")
    os.close(tells)


def test_a_worker_is_nice_from_its_first_moment_and_no_nicer_later(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text(
        "import os\n"
        "from ingest.processes import WORKERS_NICENESS, be_nice\n"
        "before = os.nice(0)\n"
        "be_nice(WORKERS_NICENESS)\n"
        "print(before, os.nice(0), file=open('told', 'w'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    with contextlib.chdir(tmp_path):
        started = start("told", (), environment, (), WORKERS_NICENESS)
        started.wait(20)
    end(started)

    expected = max(WORKERS_NICENESS, os.nice(0))
    assert (tmp_path / "told").read_text().split() == [str(expected)] * 2
