"""Late interaction: each of the question's tokens meets its best token of every passage."""

import numpy as np

from services.engine.token_vectors import packed, unpacked
from services.retrieval.scoring import best_likenesses


def test_many_passages_at_once_are_as_one_by_one() -> None:
    random = np.random.default_rng(2)
    asked = random.integers(-127, 128, (5, 8), np.int8)
    passages = [random.integers(-127, 128, (count, 8), np.int8) for count in (1, 7, 3)]

    best = best_likenesses(asked, [(packed(one), 8) for one in passages])

    kept = [unpacked(packed(one), 8).astype(np.float64) for one in passages]
    one_by_one = [(asked.astype(np.float64) @ one.T).max(axis=1) / 127 for one in kept]
    assert np.allclose(best, np.stack(one_by_one, axis=1), rtol=1e-5)
