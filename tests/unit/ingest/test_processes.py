"""Signals that end a process, wherever it stands when they come; the word that lets one begin."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.processes import end, start
from services.self_pipe import GoAhead
from services.settings import environment_with

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


_WAITS = "import sys; from services.self_pipe import went_ahead; sys.exit(not went_ahead({}))"


@pytest.mark.parametrize(("is_given", "status"), [(True, 0), (False, 1)])
def test_a_process_begins_when_it_is_told_and_never_if_that_does_not_come(
    is_given: bool, status: int
) -> None:
    go = GoAhead()
    waiting = subprocess.Popen(
        [sys.executable, "-c", _WAITS.format(go.descriptor)], pass_fds=[go.descriptor]
    )
    if is_given:
        go.give()
    go.close()

    assert waiting.wait(20) == status


def test_an_api_that_is_never_told_to_begin_ends_and_opens_nothing(tmp_path: Path) -> None:
    go = GoAhead()
    environment = environment_with(data_dir=str(tmp_path / "data"), port="0")
    word = ["--after", str(go.descriptor)]
    api = start("services.api", [go.descriptor], environment, word)
    try:
        go.close()

        assert api.wait(60) == 1
        assert not (tmp_path / "data").exists()
    finally:
        end(api)
