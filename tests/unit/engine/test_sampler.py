"""Tokens are chosen from the best candidates as they would be from the whole vocabulary."""

import numpy as np
import pytest

from services.domain.answers import Sampling
from services.engine import llama_cpp_sampler
from services.engine.llama_cpp_sampler import LlamaSampler

SIZE = 20_000


def chosen(sampling: Sampling) -> list[int]:
    chance = np.random.default_rng(3)
    sampler = LlamaSampler(None, SIZE, sampling)
    tokens = []
    for step in range(60):
        # As a model's: a few stand out, sometimes very few.
        logits = chance.normal(0, 2.5 if step % 2 else 6, SIZE).astype(np.float32)
        tokens.append(sampler.pick(logits))
    sampler.close()
    return tokens


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0.8, seed=1),
        Sampling(temperature=1.5, seed=2, top_k=400, min_p=0.0),
        Sampling(temperature=0.7, seed=3, top_k=20, top_p=0.9),
        Sampling(temperature=0.9, seed=4, repeat_penalty=1.3, frequency_penalty=0.5),
        Sampling(temperature=0.9, seed=5, top_k=0, top_p=0.5),
        Sampling(temperature=0.9, seed=6, logit_bias=((7, 40.0),)),
        Sampling(temperature=0.9, seed=7, presence_penalty=-1.0),
        Sampling(repeat_penalty=1.5),
    ],
    ids=str,
)
def test_the_best_candidates_give_the_same_tokens_as_all(
    sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = chosen(sampling)
    monkeypatch.setattr(llama_cpp_sampler, "_wanted", lambda _: 0)

    assert few == chosen(sampling)
    assert len(set(few)) > 1 or sampling.logit_bias
