"""What readers write aside goes with who made it."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ingest.reading.scratch import Scratch, remove_left_over

LONG_AGO = time.time() - 3600


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def aged(folder: Path) -> Path:
    (folder / "part.txt").write_text("A secret.")
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


def test_a_folder_goes_with_its_owner(tmp_path: Path) -> None:
    scratch = Scratch()
    aged(scratch.folder)

    remove_left_over()
    assert (scratch.folder / "part.txt").exists()

    scratch.remove()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    program = (
        "import os, signal\n"
        "from ingest.reading.scratch import Scratch\n"
        "Scratch()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run(
        [sys.executable, "-c", program], env={"TMPDIR": str(tmp_path)}, check=False, timeout=60
    )
    (left,) = tmp_path.iterdir()

    remove_left_over()
    assert left.exists()
    aged(left)
    remove_left_over()

    assert not left.exists()


def test_what_others_name_so_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "documents"
    elsewhere.mkdir()
    aged(elsewhere)
    link, file = tmp_path / "footnote-reading-link", tmp_path / "footnote-reading-file"
    link.symlink_to(elsewhere)
    file.write_text("mine")
    for one in (link, file):
        os.utime(one, (LONG_AGO, LONG_AGO), follow_symlinks=False)

    remove_left_over()

    assert (elsewhere / "part.txt").exists()
    assert file.exists()
