"""Whether there is a GPU at all: without llama.cpp, and without torch where there is no driver."""

from pathlib import Path

# What the drivers of NVIDIA, of AMD and of Windows' Linux put there.
_DRIVERS = [Path("/dev/nvidiactl"), Path("/dev/kfd"), Path("/dev/dxg")]


def has_gpu() -> bool:
    """Say whether torch can use a GPU. Without a driver it is not imported, which takes seconds."""
    if not any(driver.exists() for driver in _DRIVERS):
        return False
    import torch

    return bool(torch.cuda.is_available())
