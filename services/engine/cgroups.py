"""What a container lets its processes have, by control groups of both versions.

https://docs.kernel.org/admin-guide/cgroup-v2.html and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

from collections.abc import Iterator
from pathlib import Path

_OWN = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")
# Version 1 says so, or a little less, where there is no limit.
_UNLIMITED = 1 << 60


def memory_left() -> int | None:
    """Return the bytes that the tightest limit leaves, None without one; files that nobody has read
    lately count as left, as Kubernetes counts them.
    """
    lefts = [left for group in _groups("memory") if (left := _left(group)) is not None]
    return min(lefts, default=None)


def cores_allowed() -> float | None:
    """Return how many cores' time the tightest quota allows, None without one."""
    quotas = [quota for group in _groups("cpu") if (quota := _quota(group)) is not None]
    return min(quotas, default=None)


def _left(group: Path) -> int | None:
    limit = _numbers(group / "memory.max") or _numbers(group / "memory.limit_in_bytes")
    if not limit or limit[0] >= _UNLIMITED:
        return None
    used = _numbers(group / "memory.current") or _numbers(group / "memory.usage_in_bytes")
    idle = _stat(group, "total_inactive_file") or _stat(group, "inactive_file")
    return max(0, limit[0] - sum(used) + idle)


def _quota(group: Path) -> float | None:
    told = _numbers(group / "cpu.max")
    if not told:
        told = _numbers(group / "cpu.cfs_quota_us") + _numbers(group / "cpu.cfs_period_us")
    if len(told) != len(("quota", "period")) or min(told) <= 0:
        return None
    return told[0] / told[1]


def _groups(controller: str) -> Iterator[Path]:
    """Yield the folders of this process's group and of all around it."""
    if not _OWN.exists():
        return
    for line in _OWN.read_text(encoding="utf-8").splitlines():
        number, controllers, path = line.split(":", maxsplit=2)
        is_second = number == "0" and not controllers
        if not is_second and controller not in controllers.split(","):
            continue
        base = _MOUNT if is_second else _MOUNT / controller
        group = base / path.lstrip("/")
        # In a container its own group is the root, whatever it is called outside.
        group = group if group.is_dir() else base
        yield from (group, *(one for one in group.parents if one.is_relative_to(base)))


def _numbers(file: Path) -> list[int]:
    """Return the numbers in *file*; none where it is absent, or says `max`."""
    try:
        return [int(word) for word in file.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []


def _stat(group: Path, name: str) -> int:
    try:
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)
