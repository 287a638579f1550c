"""Who holds the data folder."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.data_folder import held
from services.domain.errors import DataInUseError

# Holds the folder and is gone at once; a child that has inherited the lock lives on for a moment.
KILLED = """
import os, subprocess, sys
from pathlib import Path
from services.data_folder import held
holding = held(Path(sys.argv[1]))
lock = holding.__enter__()
subprocess.Popen(["sleep", "1"], pass_fds=[lock])
os._exit(0)
"""


def test_the_last_children_of_a_killed_service_are_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=True)

    with held(tmp_path):
        assert time.monotonic() - began >= 1

    with held(tmp_path):
        assert (tmp_path / "lock").read_text(encoding="ascii").isdigit()


def test_a_holder_that_runs_is_named_at_once(tmp_path: Path) -> None:
    with held(tmp_path):
        began = time.monotonic()
        with pytest.raises(DataInUseError, match="in use by process"), held(tmp_path):
            pass
        assert time.monotonic() - began < 5
