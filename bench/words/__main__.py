"""`python -m bench.words [--rows N] [--json FILE]`: search by words, beside bm25s.

Both get the same passages, cut into the same terms, and the same questions, one after the other
from one thread: once with all their terms, once with those that tell passages apart, which is how
the service asks. Footnote's index is asked while another thread adds and removes a document of ten
passages, again and again; bm25s, which can only be built anew, stays as it is.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

import bm25s

from bench.index.timing import rate
from bench.quality.sets import EVAL
from bench.words.texts import MixedTexts, questions
from services.domain.scope import CollectionRole, Role, Scope
from services.index.tantivy_words import TantivyWordIndex
from services.retrieval.bm25 import idf
from services.retrieval.legs import telling

_LIMIT, _EACH, _ROUNDS = 10, 250, 3
_LIVE, _PAUSE_S = 10, 0.5
_SCOPE = Scope("bench", (CollectionRole("c", "c", Role.ASK),))


def main() -> None:
    """Measure and tell."""
    wanted = _arguments()
    if not EVAL.is_dir():
        sys.exit("The evaluation sets (../shared/eval) are not on this machine.")
    texts = MixedTexts(wanted.rows)
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
        figures = _measured(texts, Path(folder), wanted.seconds)
    print(json.dumps(figures, indent=1))
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _measured(texts: MixedTexts, folder: Path, seconds: float) -> dict[str, Any]:
    asked = questions(_EACH)
    index = TantivyWordIndex(folder / "words")
    began = time.perf_counter()
    for batch in texts.batches():
        index.add(batch)
    built = time.perf_counter()
    peer = bm25s.BM25()
    peer.index(
        [one.body_terms.split() for some in texts.batches() for one in some], show_progress=False
    )
    figures: dict[str, Any] = {
        "passages": texts.count,
        "build_s": {"footnote": built - began, "bm25s": time.perf_counter() - built},
    }
    few = [_telling(index, one) for one in asked]
    for name, some in (("all_terms", asked), ("telling_terms", few)):
        figures[name] = [_round(index, peer, texts, some, seconds) for _ in range(_ROUNDS)]
    return figures


def _telling(index: TantivyWordIndex, asked: dict[str, float]) -> dict[str, float]:
    known = index.statistics(asked, _SCOPE, "body")["c"]
    rare = {term: idf(known.passages, count) for term, count in known.often.items()}
    return dict(telling(list(asked.items()), rare))


def _round(
    index: TantivyWordIndex,
    peer: bm25s.BM25,
    texts: MixedTexts,
    asked: list[dict[str, float]],
    seconds: float,
) -> dict[str, Any]:
    def ours(number: int) -> Any:  # noqa: ANN401
        return index.search(list(asked[number % len(asked)].items()), _SCOPE, _LIMIT)

    def theirs(number: int) -> Any:  # noqa: ANN401
        words = [list(asked[number % len(asked)])]
        return peer.retrieve(words, k=_LIMIT, show_progress=False)

    with _Updates(index, texts) as updates:
        own = rate(ours, seconds)
    own |= {"updates": updates.done, "seen_ms_most": round(1000 * updates.longest_s, 1)}
    other = rate(theirs, seconds)
    return {"footnote": own, "bm25s": other, "ratio": round(own["per_s"] / other["per_s"], 2)}


class _Updates:
    """Adds and removes documents while it is entered, and looks whether that is seen."""

    def __init__(self, index: TantivyWordIndex, texts: MixedTexts) -> None:
        self._index, self._texts = index, texts
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.done, self.longest_s = 0, 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        documents = sorted({one.document_id for one in self._texts.some(self._texts.count, _LIVE)})
        while not self._over.wait(_PAUSE_S):
            began = time.perf_counter()
            before = self._index.count()
            self._index.add(self._texts.some(self._texts.count, _LIVE))
            came = self._index.count() - before
            self._index.remove([(document, "c") for document in documents])
            if (came, self._index.count()) != (_LIVE, before):
                raise RuntimeError("Passages were not seen when they came, or when they had gone.")
            self.longest_s = max(self.longest_s, time.perf_counter() - began)
            self.done += 1


def _arguments() -> Any:  # noqa: ANN401 - argparse's own namespace
    parser = argparse.ArgumentParser(prog="python -m bench.words", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
