"""A container's limits count, whichever version tells them."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.engine import cgroups, devices, threads

GIB = 1 << 30


def made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: Mapping[str, str]
) -> None:
    """Pretend that this process is in the groups *own*, told by *files*."""
    (tmp_path / "own").write_text(own)
    for name, told in files.items():
        file = tmp_path / "mount" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(told)
    monkeypatch.setattr(cgroups, "_OWN", tmp_path / "own")
    monkeypatch.setattr(cgroups, "_MOUNT", tmp_path / "mount")


SECOND = {
    "memory.max": f"{8 * GIB}\n",
    "memory.current": f"{3 * GIB}\n",
    "memory.stat": f"anon {2 * GIB}\ninactive_file {GIB}\nactive_file 5\n",
    "cpu.max": "150000 100000\n",
}
FIRST = {
    "memory/memory.limit_in_bytes": f"{8 * GIB}\n",
    "memory/memory.usage_in_bytes": f"{3 * GIB}\n",
    "memory/memory.stat": f"inactive_file 7\ntotal_inactive_file {GIB}\n",
    "cpu/cpu.cfs_quota_us": "150000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
}


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("0::/\n", SECOND),
        ("0::/kubepods/pod1\n", SECOND),
        ("4:memory:/\n3:cpu,cpuacct:/\n0::/\n", FIRST),
        ("4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n", FIRST),
    ],
)
def test_both_versions_are_read_also_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: Mapping[str, str]
) -> None:
    made(tmp_path, monkeypatch, own, files)

    assert cgroups.memory_left() == 6 * GIB
    assert cgroups.cores_allowed() == 1.5
    assert devices.free_memory().host <= 6 * GIB
    assert threads.wanted_threads(0) == 1
    assert threads.wanted_threads(3) == 3


def test_the_tightest_group_around_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "memory.max": "max\n",
        "slice/memory.max": f"{4 * GIB}\n",
        "slice/memory.current": f"{GIB}\n",
        "slice/pod/memory.max": f"{8 * GIB}\n",
        "slice/pod/memory.current": "0\n",
        "slice/pod/cpu.max": "max 100000\n",
    }
    made(tmp_path, monkeypatch, "0::/slice/pod\n", files)

    assert cgroups.memory_left() == 3 * GIB
    assert cgroups.cores_allowed() is None


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("", {}),
        ("0::/\n", {"memory.max": "max\n", "cpu.max": "max 100000\n"}),
        (
            "4:memory:/\n3:cpu:/\n",
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "cpu/cpu.cfs_quota_us": "-1\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
        ),
    ],
)
def test_without_limits_the_machine_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: Mapping[str, str]
) -> None:
    made(tmp_path, monkeypatch, own, files)

    assert cgroups.memory_left() is None
    assert cgroups.cores_allowed() is None
    assert devices.free_memory().host > 0
    assert threads.wanted_threads(0) == min(len(os.sched_getaffinity(0)), threads.MOST_THREADS)


@pytest.fixture
def group() -> Iterator[Path]:
    """Return a real group of this machine with 2 GiB."""
    group = Path(f"/sys/fs/cgroup/memory/footnote-test-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(2 * GIB))
    except OSError as error:
        pytest.skip(f"This machine lets nobody make a control group of version 1: {error}.")
    yield group
    group.rmdir()


def test_a_real_group_bounds_what_is_free(group: Path) -> None:
    program = (
        "import os, pathlib\n"
        f"pathlib.Path({str(group / 'cgroup.procs')!r}).write_text(str(os.getpid()))\n"
        "from services.engine.devices import free_memory\n"
        "print(free_memory().host)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert 1.5 * GIB < int(done.stdout) < 2 * GIB
