"""Nothing leaves the machine: the whole demo without a network, every connection watched, and where
root runs the tests as nobody on a read-only disk: S1, S2, S7 of the bar.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


# Notes whatever is unpickled, in every process of the run, and what is read by `marshal` by others
# than the interpreter's imports (bar S1).
HOOK = """
import os, sys
NOTES = os.open({notes!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
def note(event, given):
    unmarshals = event.startswith("marshal.load")
    importing = unmarshals and sys._getframe(1).f_code.co_filename.startswith("<frozen ")
    if event == "pickle.find_class" or (unmarshals and not importing):
        os.write(NOTES, f"{{os.getpid()}} {{sys.argv[:2]}} {{given}}\\n".encode())
sys.addaudithook(note)
os.write(NOTES, b"hooked\\n")
"""


# As the container does it: a read-only disk but for one folder, nobody, no capability (bar S7).
POSTURE = """
mount --make-rprivate /
mount --bind {folder} {folder}
mount -o remount,bind,ro / 2>/dev/null || exit 1
exec setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --no-new-privs """


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user may write to."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_start_ingest_and_ask_connect_to_this_machine_alone_and_unpickle_nothing(
    open_folder: Path,
) -> None:
    trace, notes, hook = (open_folder / name for name in ("connects", "unpickled", "hook"))
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK.format(notes=str(notes)), encoding="utf-8")
    nobody = _as_nobody(open_folder)
    inside = (
        f"ip link set lo up && {nobody or 'exec '}strace -f -qq --seccomp-bpf -e trace=connect "
        f"-o {trace} {sys.executable} {DEMO}"
    )
    own_user = [] if os.getuid() == 0 else ["--map-root-user"]

    done = subprocess.run(
        ["unshare", *own_user, "--mount", "--net", "sh", "-c", inside],
        env=os.environ | {"PYTHONPATH": str(hook), "TMPDIR": str(open_folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "The documents do not answer this question." in done.stdout
    connects = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    foreign = [line for line in connects if not re.search(r'"127\.0\.0\.1"|"::1"', line)]
    assert connects
    assert foreign == []
    noted = notes.read_text().splitlines()
    assert noted.count("hooked") >= 4
    assert [line for line in noted if line != "hooked"] == []


def _as_nobody(folder: Path) -> str:
    """Return what comes before a command to run it without rights; empty where root alone could,
    or where nobody may read this Python.
    """
    posture = POSTURE.format(folder=folder)
    tried = subprocess.run(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f"{posture}sh -c '! touch {DEMO} && {sys.executable} -V'",
        ],
        capture_output=True,
        check=False,
    )
    return posture if tried.returncode == 0 else ""
