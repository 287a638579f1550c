"""How much memory is free on this machine and on its GPU."""

import os
from pathlib import Path

import torch

from services.engine.ledger import Memory
from services.engine.llama_cpp_context import supports_gpu

_MEMINFO = Path("/proc/meminfo")
_KIB = 1024


def free_memory() -> Memory:
    """Return free bytes of the host, and of the GPU if this build of llama.cpp can use one."""
    gpu = 0
    if supports_gpu() and torch.cuda.is_available():
        gpu = int(torch.cuda.mem_get_info()[0])
    return Memory(_host(), gpu)


def _host() -> int:
    """Return what the kernel could give without swapping; caches of files count as free."""
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * _KIB
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
