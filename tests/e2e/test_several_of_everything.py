"""Two services and two engines behind one address, three workers: one of each is killed under load.

Each has a network of its own, and nothing but Postgres, Redis and a bucket in common.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_one_of_each_is_killed_and_nothing_is_missed(tmp_path: Path) -> None:
    own_user = [] if os.getuid() == 0 else ["--map-current-user", "--keep-caps"]
    inside = [sys.executable, "-m", "tests.e2e.several_machines", str(tmp_path)]

    done = subprocess.run(
        ["unshare", *own_user, "--mount", "--net", *inside],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    told = json.loads(done.stdout)
    assert told["failed"] == []
    assert told["questions"] >= 10
    assert told["written_by_engines"] >= 5
    assert told["engine_failures_seen"] >= 1
    assert told["documents"] == told["ready"] >= 20
    assert told["unfound"] == []
    assert told["left_in_the_bucket"] == 0
