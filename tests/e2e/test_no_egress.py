"""Nothing leaves the machine: the whole demo without a network, every connection watched."""

import os
import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def test_start_ingest_and_ask_connect_to_this_machine_alone(tmp_path: Path) -> None:
    trace = tmp_path / "connects"
    inside = (
        "ip link set lo up && exec strace -f -qq --seccomp-bpf -e trace=connect "
        f"-o {trace} {sys.executable} {DEMO}"
    )
    own_user = [] if os.getuid() == 0 else ["--map-root-user"]

    done = subprocess.run(
        ["unshare", *own_user, "--net", "sh", "-c", inside],
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
