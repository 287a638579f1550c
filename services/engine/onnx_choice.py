"""Which products suit this machine's processor."""

from pathlib import Path
from typing import Literal

# exact: float32. blocks: both sides in eight bits by blocks of a row. fast: what is given by the
# least and greatest of its numbers, weights by column.
Products = Literal["exact", "blocks", "fast"]

_CPUINFO = Path("/proc/cpuinfo")
# Instructions that add products of eight bits into 32 without a stop at 16.
_ADDS_TO_32 = {"avx512_vnni", "avx_vnni", "asimddp"}


def best_products() -> Products:
    """Return what suits this machine's processor."""
    if not _CPUINFO.exists():
        return "blocks"
    for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("flags", "Features")):
            return "fast" if _ADDS_TO_32 & set(line.split()) else "blocks"
    return "blocks"
