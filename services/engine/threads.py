"""How many threads a model should take right now."""

import os
from pathlib import Path

_LOAD = Path("/proc/loadavg")
# More than this many threads rarely help a small model and starve everything else.
MOST_THREADS = 4


def wanted_threads(setting: int) -> int:
    """Return the threads of a model by its setting; 0 means one a core, four at most."""
    return setting or min(os.cpu_count() or 1, MOST_THREADS)


def free_threads(most: int) -> int:
    """Return between 1 and *most* threads: a core for each that nobody else is using.

    llama.cpp's threads wait for each other by spinning. With two of them on two cores that others
    keep busy, reading a prompt took five times as long as with one (measured); so look first.
    """
    if most == 1 or not _LOAD.exists():
        return most
    running = int(_LOAD.read_text(encoding="ascii").split()[3].split("/")[0])
    others = max(0, running - 1)
    return max(1, min(most, (os.cpu_count() or 1) - others))
