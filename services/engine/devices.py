"""How much memory is free on this machine, or in this container, and on the GPU."""

import os
from importlib.metadata import version
from pathlib import Path

import llama_cpp

from services.engine.cgroups import memory_left
from services.engine.gpus import has_gpu
from services.engine.ledger import Memory
from services.engine.llama_cpp_context import supports_gpu

_CPUINFO = Path("/proc/cpuinfo")
_MEMINFO = Path("/proc/meminfo")
_KIB = 1024


def free_memory() -> Memory:
    """Return free bytes of the host, and of the GPU if this build of llama.cpp can use one."""
    gpu = 0
    if supports_gpu() and has_gpu():
        import torch

        gpu = int(torch.cuda.mem_get_info()[0])
    left = memory_left()
    return Memory(_host() if left is None else min(left, _host()), gpu)


def machine_key() -> str:
    """Return what measurements of this machine depend on: processor, GPU, llama.cpp's version
    and what it was built for.
    """
    processor = ""
    if _CPUINFO.exists():
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        processor = next((line for line in lines if line.startswith("model name")), "")
    gpu = ""
    if supports_gpu() and has_gpu():
        import torch

        gpu = torch.cuda.get_device_name(0)
    built = llama_cpp.llama_print_system_info().decode()
    return f"{processor}|{os.cpu_count()}|{gpu}|{version('llama-cpp-python')}|{built}"


def _host() -> int:
    """Return what the kernel could give without swapping; caches of files count as free."""
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * _KIB
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
