"""Ends without warning: D1 to D4 of the bar."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from ingest.cli.verification import verify_data
from tests.bar.conftest import Caller, Figure, Running
from tests.ports import free_port

SCALE = int(os.environ.get("BAR_SCALE", "1"))
KEY = "fn-bar-owner-key-of-many-lives"
ROOT = Path(__file__).parents[2]


@dataclass
class Lives(Caller):
    """Starts lives on one folder, one after another, and ends them by SIGKILL."""

    folder: Path
    nursery: "subprocess.Popen[str]"
    port: int = 0
    key: str = KEY
    pid: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)

    def start(self, **command: Any) -> None:
        """Begin a life, after the end of the one before."""
        self.kill()
        self.port = free_port()
        told = {"folder": str(self.folder), "port": self.port, "key": self.key, **command}
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(json.dumps(told) + "\n")
        self.nursery.stdin.flush()
        self.pid = int(self.nursery.stdout.readline())

    def is_up(self, seconds: float = 4) -> bool:
        """Wait until the life answers; False if it has died before that."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and Path(f"/proc/{self.pid}").exists():
            with contextlib.suppress(OSError, HTTPException):
                if self.call("GET", "/health/ready")[0] == 200:
                    return True
            time.sleep(0.01)
        return False

    def kill(self) -> None:
        """End the life."""
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.killpg(self.pid, signal.SIGKILL)
        while self.pid and Path(f"/proc/{self.pid}").exists():
            time.sleep(0.005)

    def add(self, name: str, text: str) -> bool:
        """Upload; remember what was acknowledged; say whether the life still answers."""
        try:
            status, _ = self.upload(f"{name}.txt", text.encode(), source_id=name)
        except (OSError, HTTPException):
            return False
        if status in {200, 202}:
            self.acknowledged[name] = text
        return True


@contextlib.contextmanager
def living(folder: Path, *command: str) -> Iterator[Lives]:
    """Run a nursery of lives, by *command* in front of it."""
    nursery = subprocess.Popen(
        [*command, sys.executable, "-m", "tests.bar.lives"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    made = Lives(folder, nursery)
    try:
        yield made
    finally:
        made.kill()
        with nursery:
            nursery.kill()


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    with living(tmp_path / "data") as made:
        yield made


def settled(running: Running, acknowledged: dict[str, str]) -> dict[str, int]:
    """Let a last service finish the work; count what was lost, doubled, partial or not found."""
    running.house.registry.work.free_all()
    running.ingest()
    documents = []
    cursor = ""
    while True:
        _, page = running.call("GET", f"/v1/documents?limit=200{cursor}")
        documents += page["documents"]
        if "cursor" not in page:
            break
        cursor = f"&cursor={page['cursor']}"
    times = Counter(document["source_id"] for document in documents)
    faults = verify_data(running.settings)["faults"]
    unfound = 0
    for name in random.Random(1).sample(sorted(acknowledged), min(40, len(acknowledged))):
        _, told = running.call("POST", "/v1/search", {"query": acknowledged[name], "limit": 3})
        unfound += name not in {one["source_id"] for one in told["passages"]}
    return {
        "lost": sum(name not in times for name in acknowledged),
        "twice": sum(count > 1 for count in times.values()),
        "unready": sum(one["status"] != "ready" for one in documents),
        "faults": len(faults),
        "unfound": unfound,
    }


NOTHING = {"lost": 0, "twice": 0, "unready": 0, "faults": 0, "unfound": 0}


def test_d1_kills_lose_nothing(lives: Lives, figure: Figure) -> None:
    draw = random.Random(3)
    kills = 10 * SCALE
    number = 0
    for _ in range(kills):
        lives.start()
        assert lives.is_up(60)
        until = time.monotonic() + draw.uniform(0.04, 0.3)
        while time.monotonic() < until:
            number += 1
            lives.add(f"d{number}", f"marker zq{number:05d}x of room {number}")
        lives.kill()
    running = Running(lives.folder, owner_key=KEY).start()
    found = settled(running, lives.acknowledged)
    running.stop()
    assert found == NOTHING
    assert len(lives.acknowledged) > kills
    figure("D1", f"{kills} kills, {len(lives.acknowledged)} acknowledged documents: {found}")


def _scenario(lives: Lives) -> None:
    """Add, replace, delete: whatever of it a life lives to see."""
    for number in range(3):
        if not lives.add(f"s{number}", f"first text of marker zq{number}s and more"):
            return
    time.sleep(0.4)
    for number in range(2):
        if not lives.add(f"s{number}", f"second text of marker zq{number}t and more"):
            return
    time.sleep(0.3)
    with contextlib.suppress(OSError, HTTPException, KeyError, IndexError):
        _, listed = lives.call("GET", "/v1/documents?source_id=s2")
        document = listed["documents"][0]["id"]
        lives.acknowledged.pop("s2")
        lives.call("DELETE", f"/v1/documents/{document}")


def _counted(lives: Lives) -> int:
    """The operations that mattered in a scenario, once the life has done all of its work."""
    until = time.monotonic() + 60
    while any(
        document["status"] != "ready"
        for document in lives.call("GET", "/v1/documents")[1]["documents"]
    ):
        assert time.monotonic() < until, "the life did not become ready"
        time.sleep(0.05)
    # The life writes the count after each round, and for a moment the file is empty: what is read
    # here is of a round that began later.
    counts = lives.folder / "faults"
    told = ""
    for _ in range(2):
        before, told = counts.stat().st_mtime_ns, ""
        while counts.stat().st_mtime_ns == before or not told:
            assert time.monotonic() < until, "the life stopped counting"
            time.sleep(0.01)
            told = counts.read_text(encoding="ascii")
    return int(told)


@pytest.mark.parametrize("how", ["die", "raise"])
def test_d2_d3_every_step_may_fail(lives: Lives, tmp_path: Path, figure: Figure, how: str) -> None:
    lives.start(fault={"at": 10**9, "how": how}, clean=True)
    assert lives.is_up(60)
    _scenario(lives)
    total = _counted(lives)
    step = max(1, total // (6 * SCALE))
    violations: list[tuple[int, dict[str, int]]] = []
    points = range(1, total + 1, step)
    for at in points:
        lives.folder = tmp_path / f"data-{how}-{at}"
        lives.acknowledged.clear()
        lives.start(fault={"at": at, "how": how}, clean=True)
        if lives.is_up():
            _scenario(lives)
        lives.kill()
        running = Running(lives.folder, owner_key=KEY).start()
        found = settled(running, lives.acknowledged)
        running.stop()
        if found != NOTHING:
            violations.append((at, found))
    assert violations == []
    assert total > 30
    figure(
        "D2" if how == "die" else "D3",
        f"{len(points)} of {total} syncs, renames, removals and commits "
        f"{'killed' if how == 'die' else 'failed with EIO'}: 0 violations",
    )


def test_d4_a_full_disk_stops_writes_alone(tmp_path: Path, figure: Figure) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    own_user = [] if os.getuid() == 0 else ["--map-root-user"]
    mounted = f'mount -t tmpfs -o size=32m tmpfs {disk} && exec "$@"'
    with living(disk / "data", "unshare", *own_user, "--mount", "sh", "-c", mounted, "-") as lives:
        lives.start()
        assert lives.is_up(60)
        lives.add("first", "the first marker is zq0first and it stays")
        _wait_until_found(lives, "zq0first", "first")
        inside = Path(f"/proc/{lives.pid}/root") / str(disk).lstrip("/")
        ballast = inside / "ballast"
        ballast.write_bytes(b"x" * (8 << 20))
        statuses: list[int] = []
        told: Any = None
        for number in range(60):
            # Files that no reader can read: they fill the disk, and fail by themselves.
            data = b"%PDF-1.7\n" + os.urandom(1 << 20)
            status, told = lives.upload(f"big{number}.pdf", data)
            statuses.append(status)
            if status == 507:
                break
        asked = [lives.call("POST", "/v1/search", {"query": "zq0first"})[0] for _ in range(20)]
        asked += [lives.call("POST", "/v1/ask", {"question": "zq0first?"})[0] for _ in range(5)]
        assert (statuses[-1], told["error"]["code"]) == (507, "storage_full")
        assert set(asked) == {200}
        assert list((inside / "data" / "spool").rglob("*.part")) == []
        # Space again, without a restart.
        ballast.unlink()
        lives.add("second", "the second marker is zq0second and it came later")
        _wait_until_found(lives, "zq0second", "second")
    figure(
        "D4",
        f"32 MB disk: 507 after {len(statuses)} files, 25 of 25 questions answered, "
        "recovered without a restart",
    )


def _wait_until_found(lives: Lives, query: str, name: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        _, told = lives.call("POST", "/v1/search", {"query": query, "limit": 3})
        if name in {one["source_id"] for one in told["passages"]}:
            return
        time.sleep(0.1)
    pytest.fail(f"{name} is not found")
