"""Rows on a GPU, in half precision, searched exactly by FAISS.

Blocks of our own and `faiss.knn_gpu`, since no index of FAISS on a GPU can remove, and a selector
of ids is ignored there without cuVS (`tests/gpu/test_gpu_index.py` shows it).
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import faiss
import faiss.contrib.torch_utils  # lets knn_gpu take tensors
import numpy as np
import torch
from numpy.typing import NDArray

from services.index.matrices import DeviceError, append_rows, write_rows

_FIRST_CAPACITY = 4096
# A full block is never copied again: 0.8 GB at dimension 384.
_BLOCK_ROWS = 1 << 20
# FAISS's scratch room; its own default is 1.5 GB.
_SCRATCH_BYTES = 256 << 20
# What FAISS can return for a query on a GPU.
MOST_RESULTS = 2048


class GpuResources:
    """FAISS's streams and scratch memory on one GPU; all matrices there share them.

    They are for one thread at a time (FAISS issue 4525), hence the lock.
    """

    def __init__(self, device: int = 0) -> None:
        self.device = device
        self.lock = threading.Lock()
        self.faiss = faiss.StandardGpuResources()
        self.faiss.setTempMemory(_SCRATCH_BYTES)


def open_gpu() -> GpuResources:
    """Return the resources of the first GPU; DeviceError says why there are none."""
    if not hasattr(faiss, "StandardGpuResources"):
        raise DeviceError("this build of FAISS knows no GPU: install faiss-gpu")
    if faiss.get_num_gpus() == 0 or not torch.cuda.is_available():
        raise DeviceError("FAISS or torch sees no GPU: look at `nvidia-smi`")
    with _told_as_device_error():
        return GpuResources()


class GpuMatrix:
    """Rows of *dimension* float16 numbers on a GPU: scores differ from float32 in the fourth
    decimal.
    """

    def __init__(self, dimension: int, resources: GpuResources) -> None:
        self._dimension = dimension
        self._resources = resources
        self._device = torch.device("cuda", resources.device)
        self._blocks: list[torch.Tensor] = []
        self._count = 0

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows at the end; they are copied to the GPU in one piece a block."""
        with self._used():
            self._reserve(self._count + len(rows))
            done = 0
            while done < len(rows):
                block, at = divmod(self._count, _BLOCK_ROWS)
                part = rows[done : done + _BLOCK_ROWS - at]
                self._blocks[block][at : at + len(part)] = torch.from_numpy(
                    np.ascontiguousarray(part, np.float32)
                ).to(self._device)
                done += len(part)
                self._count += len(part)

    def put(self, row: int, vector: NDArray[np.float32]) -> None:
        """Write over a row."""
        with self._used():
            self._row(row).copy_(torch.from_numpy(np.array(vector, np.float32)))

    def fill(self, hole: int) -> None:
        """Move the last row into the hole; a block without rows is given back."""
        with self._used():
            last = self._count - 1
            self._row(hole).copy_(self._row(last))
            # A deleted vector does not linger: text can be guessed from one.
            self._row(last).zero_()
            self._count = last
            if last % _BLOCK_ROWS == 0:
                self._blocks.pop()

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return copies of rows, on the host."""
        found = np.empty((len(numbers), self._dimension), np.float32)
        with self._used():
            for number, block in enumerate(self._blocks):
                here = np.flatnonzero(numbers // _BLOCK_ROWS == number)
                if len(here):
                    at = torch.from_numpy(numbers[here] % _BLOCK_ROWS).to(self._device)
                    found[here] = block[at].float().cpu().numpy()
        return found

    def nearest(
        self, queries: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return scores and numbers of the nearest rows; *limit* is at most 2,048."""
        limit = min(limit, self._count, MOST_RESULTS)
        with self._used():
            asked = torch.from_numpy(np.ascontiguousarray(queries)).to(self._device).half()
            found = [self._searched(asked, number, limit) for number in range(len(self._blocks))]
            scores = torch.cat([score for score, _ in found], dim=1)
            numbers = torch.cat([number for _, number in found], dim=1)
            if len(found) > 1:
                scores, order = scores.topk(limit, dim=1)
                numbers = numbers.gather(1, order)
            return scores.cpu().numpy(), numbers.cpu().numpy()

    def _searched(
        self, asked: torch.Tensor, number: int, limit: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        start = number * _BLOCK_ROWS
        filled = min(self._count - start, _BLOCK_ROWS)
        scores, rows = faiss.knn_gpu(
            self._resources.faiss,
            asked,
            self._blocks[number][:filled],
            min(limit, filled),
            metric=faiss.METRIC_INNER_PRODUCT,
            device=self._resources.device,
        )
        return scores, rows + start

    def _row(self, row: int) -> torch.Tensor:
        block, at = divmod(row, _BLOCK_ROWS)
        return self._blocks[block][at]

    def save(self, stem: Path, lock: AbstractContextManager[object]) -> None:  # noqa: ARG002
        """Write the rows."""
        write_rows(self, stem)

    def load(self, stem: Path, count: int) -> None:
        """Start, empty, from what `save` wrote."""
        append_rows(self, stem, count)

    @property
    def is_saved(self) -> bool:
        """Say yes: there is no such work."""
        return True

    def is_due(self) -> bool:
        """Say no: all rows are compared, and that is fast."""
        return False

    def tend(self, lock: AbstractContextManager[object]) -> None:
        """Do nothing."""

    def _reserve(self, rows: int) -> None:
        """Make room for *rows* rows: the last block doubles until it is full, then a new one."""
        while rows > self._capacity():
            last = self._blocks[-1] if self._blocks else None
            if last is None or len(last) == _BLOCK_ROWS:
                missing = rows - self._capacity()
                self._blocks.append(self._block(max(_FIRST_CAPACITY, missing)))
            else:
                held = (len(self._blocks) - 1) * _BLOCK_ROWS
                grown = self._block(max(2 * len(last), rows - held))
                grown[: len(last)] = last
                self._blocks[-1] = grown

    def _block(self, rows: int) -> torch.Tensor:
        shape = (min(rows, _BLOCK_ROWS), self._dimension)
        return torch.zeros(shape, dtype=torch.float16, device=self._device)

    def _capacity(self) -> int:
        return sum(len(block) for block in self._blocks)

    @contextmanager
    def _used(self) -> Iterator[None]:
        with (
            self._resources.lock,
            torch.cuda.device(self._device),
            torch.inference_mode(),
            _told_as_device_error(),
        ):
            yield


@contextmanager
def _told_as_device_error() -> Iterator[None]:
    """Tell errors of CUDA and of FAISS, which are all RuntimeError, as ours."""
    try:
        yield
    except RuntimeError as error:
        raise DeviceError(str(error).splitlines()[0][:200]) from error
