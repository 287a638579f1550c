"""`make bench`: each leg of retrieval beside the whole of it, on the evaluation sets.

`python -m bench [SET…]`. A set is added through the real pipeline; its questions are asked with the
words alone, with meaning alone, and by Footnote. Prints nDCG@10 by document and the time a question
takes.
"""

import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.quality.collect import Bench
from bench.quality.ingest import add_sets
from bench.quality.sets import EVAL, rows
from services.domain.answers import Turn
from services.domain.passages import Hit
from services.retrieval import Query
from services.retrieval.legs import query_terms

DEFAULT = ("cmrc2018-zh", "squad2-en")
DEPTH = 30
QUESTIONS = 150

Search = Callable[[str, dict[str, Any]], list[str]]


def main() -> None:
    """Measure the named sets, or a Chinese and an English one."""
    if not EVAL.is_dir():
        sys.exit("The evaluation sets (../shared/eval) are not on this machine.")
    names = sys.argv[1:] or list(DEFAULT)
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
        seconds = add_sets(Path(folder), names)
        bench = Bench(Path(folder))
        print(f"{'set':16} {'words':>7} {'meaning':>8} {'footnote':>9} {'p50 ms':>7} {'docs/s':>7}")
        for name in names:
            figures = [_ndcg(name, search) for search in (_words(bench), _meaning(bench))]
            whole = _ndcg(name, _footnote(bench))
            rate = len(rows(name, "corpus")) / seconds[name]
            print(
                f"{name:16} {figures[0][0]:7.3f} {figures[1][0]:8.3f} {whole[0]:9.3f} "
                f"{whole[1] * 1000:7.1f} {rate:7.1f}",
                flush=True,
            )


def _ndcg(name: str, search: Search) -> tuple[float, float]:
    """Return the mean nDCG@10 and the median seconds of a set's questions."""
    asked = [row for row in rows(name, "queries") if row.get("relevant")][:QUESTIONS]
    scores, seconds = [], []
    for row in asked:
        began = time.perf_counter()
        found = search(name, row)
        seconds.append(time.perf_counter() - began)
        relevant = set(row["relevant"])
        gain = sum(1 / math.log2(i + 2) for i, one in enumerate(found[:10]) if one in relevant)
        best = sum(1 / math.log2(i + 2) for i in range(min(10, len(relevant))))
        scores.append(gain / best)
    return statistics.mean(scores), statistics.median(seconds)


def _footnote(bench: Bench) -> Search:
    def search(name: str, row: dict[str, Any]) -> list[str]:
        history = tuple(Turn(**turn) for turn in row.get("history") or [])
        query = Query(row["text"], history)
        found = bench.retriever.search(query, bench.scope(name), DEPTH).found
        return list(dict.fromkeys(one.passage.source_id for one in found))

    return search


def _words(bench: Bench) -> Search:
    def search(name: str, row: dict[str, Any]) -> list[str]:
        terms = list(query_terms(row["text"]).items())
        return _sources(bench, name, bench.words.search(terms, bench.scope(name), DEPTH))

    return search


def _meaning(bench: Bench) -> Search:
    def search(name: str, row: dict[str, Any]) -> list[str]:
        vector = bench.embedder.embed_question(row["text"]).vector
        return _sources(bench, name, bench.vectors.search(vector, bench.scope(name), DEPTH))

    return search


def _sources(bench: Bench, name: str, hits: Sequence[Hit]) -> list[str]:
    ids = [hit.passage_id for hit in hits]
    stored = bench.registry.passages.by_ids(bench.scope(name), ids)
    return list(dict.fromkeys(stored[number].source_id for number in ids))


if __name__ == "__main__":
    main()
