"""`python -m bench.index [--rows N] [--dimension N] [--device cpu|gpu] [--json FILE]`.

Footnote's vector index beside FAISS's flat index in float32, on the same rows, in one run: single
questions, batches of 64, 32 callers at once (beside a lock around each call), recall@10 against
exact float32, and how soon a passage that is added or removed is seen.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.index.peers import FlatPeer
from bench.index.rows import Rows, passages
from bench.index.timing import rate, recall, resident
from services.domain.scope import CollectionRole, Role, Scope
from services.index.faiss_vectors import FaissVectorIndex
from services.index.opening import open_vectors

_LIMIT = 10
_BATCH = 64
_CALLERS = 32
_QUESTIONS = 1024
_JUDGED = 256
_SCOPE = Scope("bench", (CollectionRole("c", "c", Role.ASK),))


def main() -> None:
    """Measure and tell."""
    wanted = _arguments()
    rows = Rows(wanted.rows, wanted.dimension)
    asked = rows.questions(_QUESTIONS)
    before = resident()
    with tempfile.TemporaryDirectory() as folder:
        index = open_vectors(wanted.device, rows.dimension, Path(folder))
        figures = _measured(wanted, index, rows, asked, before)
    print(json.dumps(figures, indent=1))
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _measured(
    wanted: Any,  # noqa: ANN401
    index: FaissVectorIndex,
    rows: Rows,
    asked: Any,  # noqa: ANN401
    before: dict[str, int],
) -> dict[str, Any]:
    began = time.perf_counter()
    for start, part in rows.parts():
        index.add(passages(start, part, "c"))
    figures: dict[str, Any] = {
        "rows": rows.count,
        "dimension": rows.dimension,
        "device": _device(wanted.device),
        "add_s": round(time.perf_counter() - began, 1),
    }
    if not index.settle(wanted.patience):
        raise RuntimeError("The index was not ready in time: give it more with --patience.")
    figures["ready_s"] = round(time.perf_counter() - began, 1)
    figures["memory_mb"] = {kind: mb - before[kind] for kind, mb in resident().items()}
    figures["flat_memory_mb"] = 4 * rows.count * rows.dimension >> 20
    flat = FlatPeer(rows, on_gpu=False)
    figures["recall_at_10"] = _recall(index, flat, asked)
    figures["visible_ms"] = _visible(index, rows)
    figures |= _searches(index, flat, asked, wanted.seconds)
    if wanted.device == "gpu":
        figures["flat_gpu"] = _peer(FlatPeer(rows, on_gpu=True), asked, wanted.seconds)
    return figures


def _searches(index: FaissVectorIndex, flat: FlatPeer, asked: Any, seconds: float) -> Any:  # noqa: ANN401
    def alone(number: int) -> Any:  # noqa: ANN401
        return index.search(asked[number % len(asked)], _SCOPE, _LIMIT)

    def together(_: int) -> Any:  # noqa: ANN401
        return index.search_all([(one, _SCOPE, _LIMIT) for one in asked[:_BATCH]])

    return {
        "footnote": {
            "single": rate(alone, seconds),
            f"batch_{_BATCH}": rate(together, seconds),
            f"callers_{_CALLERS}": rate(alone, seconds, _CALLERS),
        },
        "flat_cpu": _peer(flat, asked, seconds),
    }


def _peer(flat: FlatPeer, asked: Any, seconds: float) -> Any:  # noqa: ANN401
    def alone(number: int) -> Any:  # noqa: ANN401
        at = number % len(asked)
        return flat.search(asked[at : at + 1], _LIMIT)

    return {
        "single": rate(alone, seconds),
        f"batch_{_BATCH}": rate(lambda _: flat.search(asked[:_BATCH], _LIMIT), seconds),
        f"callers_{_CALLERS}": rate(alone, seconds, _CALLERS),
    }


def _recall(index: FaissVectorIndex, flat: FlatPeer, asked: Any) -> float:  # noqa: ANN401
    _, right = flat.search(asked[:_JUDGED], _LIMIT)
    found = [
        [hit.passage_id for hit in index.search(one, _SCOPE, _LIMIT)] for one in asked[:_JUDGED]
    ]
    return recall(found, right.tolist())


def _visible(index: FaissVectorIndex, rows: Rows) -> float:
    """Return the milliseconds until a new passage is found, and then no longer."""
    vector = np.eye(1, rows.dimension, dtype=np.float32)
    began = time.perf_counter()
    index.add(passages(rows.count, vector, "c"))
    first = index.search(vector[0], _SCOPE, 1)[0].passage_id
    index.remove([(f"d{rows.count // 10}", "c")])
    then = index.search(vector[0], _SCOPE, 1)[0].passage_id
    if not first == rows.count != then:
        raise RuntimeError("A passage was not seen when it came, or was when it had gone.")
    return round(1000 * (time.perf_counter() - began), 2)


def _device(device: str) -> str:
    if device == "cpu":
        return f"CPU, {os.cpu_count()} cores"
    import torch  # noqa: PLC0415

    return f"{torch.cuda.get_device_name(0)}; CPU with {os.cpu_count()} cores"


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.index", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--patience", type=float, default=600.0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
