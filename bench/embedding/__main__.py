"""`python -m bench.embedding [SET…] [--rows N] [--json FILE]`: the bundled embedder on a CPU.

Passages a second of the first texts of a set, and how near their vectors are to float32: by
sentence-transformers at its defaults, by the same in our lanes, and by ONNX Runtime with each kind
of products, in one run, each twice in turn. Then recall@10 of the vectors alone on each set, in
float32 and as this machine runs.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from bench.quality.sets import EVAL, rows
from services.engine.catalogue import find_model, model_path
from services.engine.onnx_choice import Products, best_products
from services.engine.onnxruntime_embedder import OnnxruntimeEmbedder
from services.engine.opening import open_onnx
from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder
from services.engine.threads import FreeCores, wanted_threads
from services.settings import set_quiet_offline

Vectors: TypeAlias = NDArray[np.float32]
Embed: TypeAlias = Callable[[Sequence[str]], Vectors]

_SETS = ("scifact-en", "squad2-en", "hotpotqa-en", "clapnq-en", "pubmedqa-en")
_TIMED = "squad2-en"
_ROUNDS, _NEAREST, _MOST_QUERIES, _MOST_TEXTS = 2, 10, 1000, 3000
_SOURCE = find_model("all-minilm-l6-v2", "embedding")
_FOLDER = model_path(_SOURCE, Path())


def main() -> None:
    """Measure and tell."""
    set_quiet_offline()
    wanted = _arguments()
    if not EVAL.is_dir():
        sys.exit("The evaluation sets (../shared/eval) are not on this machine.")
    found: dict[str, Any] = {"products": best_products(), "speed": _speeds(wanted.rows)}
    found["recall"] = {name: _recall(name) for name in wanted.sets}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _speeds(count: int) -> dict[str, Any]:
    texts = [row["text"] for row in rows(_TIMED, "corpus")[:count]]
    ways = {
        "sentence-transformers, defaults": _by_defaults(),
        "sentence-transformers, lanes": _by(_torch()),
        **{f"ONNX Runtime, {one}": _by(_onnx(one)) for one in ("exact", "blocks", "fast")},
    }
    for embed in ways.values():
        embed(texts[:20])
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    vectors: dict[str, Vectors] = {}
    for _ in range(_ROUNDS):
        for name, embed in ways.items():
            began = time.perf_counter()
            vectors[name] = embed(texts)
            seconds[name].append(time.perf_counter() - began)
    exact = vectors["ONNX Runtime, exact"]
    slowest = median(seconds["sentence-transformers, defaults"])
    return {
        name: {
            "passages_per_second": len(texts) / median(seconds[name]),
            "ratio": slowest / median(seconds[name]),
            "cosine": float((vectors[name] * exact).sum(axis=1).mean()),
            "least_cosine": float((vectors[name] * exact).sum(axis=1).min()),
        }
        for name in ways
    }


def _recall(name: str) -> dict[str, Any]:
    queries = [row for row in rows(name, "queries") if row.get("relevant")][:_MOST_QUERIES]
    wanted = [_ids(row["relevant"]) for row in queries]
    needed = set[str]().union(*wanted)
    corpus = sorted(rows(name, "corpus"), key=lambda row: row["id"] not in needed)
    corpus = corpus[: max(_MOST_TEXTS, len(needed))]
    texts = [f"{row.get('title', '')}\n{row['text']}" for row in corpus]
    told: dict[str, Any] = {"texts": len(texts), "queries": len(queries)}
    for products in ("exact", best_products()):
        embed = _by(_onnx(products))
        likeness = embed([row["text"] for row in queries]) @ embed(texts).T
        nearest = np.argsort(-likeness, axis=1)[:, :_NEAREST]
        shares = [
            len({corpus[i]["id"] for i in row} & right) / min(len(right), _NEAREST)
            for row, right in zip(nearest, wanted, strict=True)
        ]
        told[products] = float(np.mean(shares))
    return told


def _ids(relevant: Any) -> set[str]:  # noqa: ANN401 - ids, rows with ids, or ids with grades
    return {one if isinstance(one, str) else one["id"] for one in relevant}


def _by_defaults() -> Embed:
    model = SentenceTransformer(str(_FOLDER), device="cpu")
    return lambda texts: model.encode(list(texts), normalize_embeddings=True)


def _torch() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(_FOLDER, _SOURCE.card, FreeCores(wanted_threads(0)))


def _onnx(products: Products) -> OnnxruntimeEmbedder:
    found = open_onnx(_FOLDER, _SOURCE.card, FreeCores(wanted_threads(0)), products)
    if found is None:
        sys.exit("The bundled embedder is no BERT that is known here.")
    return found


def _by(embedder: SentenceTransformersEmbedder | OnnxruntimeEmbedder) -> Embed:
    return lambda texts: np.stack([one.vector for one in embedder.embed_passages(texts)])


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(_SETS))
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
