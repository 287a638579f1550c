"""Nothing leaves the machine: the whole demo without a network, every connection watched."""

import os
import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


# Notes whatever is unpickled, in every process of the run (bar S1).
HOOK = """
import os, sys
NOTES = os.open({notes!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
def note(event, given):
    if event == "pickle.find_class":
        os.write(NOTES, f"{{os.getpid()}} {{sys.argv[:2]}} {{given}}\\n".encode())
sys.addaudithook(note)
os.write(NOTES, b"hooked\\n")
"""


def test_start_ingest_and_ask_connect_to_this_machine_alone_and_unpickle_nothing(
    tmp_path: Path,
) -> None:
    trace, notes, hook = (tmp_path / name for name in ("connects", "unpickled", "hook"))
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK.format(notes=str(notes)), encoding="utf-8")
    inside = (
        "ip link set lo up && exec strace -f -qq --seccomp-bpf -e trace=connect "
        f"-o {trace} {sys.executable} {DEMO}"
    )
    own_user = [] if os.getuid() == 0 else ["--map-root-user"]

    done = subprocess.run(
        ["unshare", *own_user, "--net", "sh", "-c", inside],
        env=os.environ | {"PYTHONPATH": str(hook)},
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
