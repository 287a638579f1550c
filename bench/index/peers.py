"""FAISS as people use it: one flat index, a lock around each call."""

import os
import threading
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from bench.index.rows import Rows

_FAISS_DEFAULT = faiss.cvar.distance_compute_blas_threshold


class FlatPeer:
    """`IndexFlatIP` in float32, on the CPU with all cores or on the GPU."""

    def __init__(self, rows: Rows, *, on_gpu: bool) -> None:
        self._lock = threading.Lock()
        self._threads = os.cpu_count() or 1
        self.index: Any = faiss.IndexFlatIP(rows.dimension)
        if on_gpu:
            self._resources = faiss.StandardGpuResources()
            self.index = faiss.GpuIndexFlatIP(self._resources, rows.dimension)
        for _, part in rows.parts():
            self.index.add(part)

    def search(self, queries: NDArray[np.float32], limit: int) -> Any:  # noqa: ANN401 - FAISS's own
        """Search once, alone; return scores and numbers (n, limit)."""
        faiss.omp_set_num_threads(self._threads)
        faiss.cvar.distance_compute_blas_threshold = _FAISS_DEFAULT
        with self._lock:
            return self.index.search(queries, limit)
