"""Very many passages to search by words: sentences of real ones, mixed."""

from collections.abc import Iterator

import numpy as np

from bench.quality.sets import rows
from services.domain.passages import IndexedPassage
from services.language.sentences import sentences
from services.language.terms import terms
from services.retrieval.legs import query_terms

SETS = ("squad2-en", "hotpotqa-en", "scifact-en", "cmrc2018-zh")
_REAL, _AT_ONCE, _A_DOCUMENT = 6000, 5000, 10


class MixedTexts:
    """*count* passages: two neighbouring sentences of a real passage and one of another."""

    def __init__(self, count: int) -> None:
        self.count = count
        texts = [row["text"] for name in SETS for row in rows(name, "corpus")[: _REAL // len(SETS)]]
        cut = [[" ".join(terms(text[s.start : s.end])) for s in sentences(text)] for text in texts]
        self._real = [own for own in cut if len(own) > 1]

    def batches(self) -> Iterator[list[IndexedPassage]]:
        """Yield the passages, some thousand at a time."""
        for start in range(0, self.count, _AT_ONCE):
            yield self.some(start, min(_AT_ONCE, self.count - start))

    def some(self, start: int, count: int) -> list[IndexedPassage]:
        """Return passages from number *start* on; the same for the same numbers."""
        random = np.random.default_rng([17, start])
        chosen = random.integers(0, len(self._real), (count, 2)).tolist()
        made = []
        for number, (near, far) in enumerate(chosen, start):
            own = self._real[near]
            first = int(random.integers(0, len(own) - 1))
            words = " ".join((*own[first : first + 2], self._real[far][-1]))
            made.append(IndexedPassage(number, f"d{number // _A_DOCUMENT}", "c", b"", "", words))
        return made


def questions(each: int) -> list[dict[str, float]]:
    """Return the weighted terms of real questions, *each* of every set, one set after another."""
    asked = zip(*(rows(name, "queries")[:each] for name in SETS), strict=False)
    return [query_terms(row["text"]) for some in asked for row in some]
