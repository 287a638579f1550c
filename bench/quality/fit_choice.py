"""Fit the choice of answering sentences: their weights, and how many of them make an answer."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.quality.cases import Case
from services.answering.composing import composed, length_of, ranked
from services.answering.linear import Linear
from services.answering.measures import FEATURES
from services.evaluation.measures import holds

# Fewer features carry over better to a set that was left out; tried and dropped: rank, dense.
USED = {
    "en": (
        "cov", "cov_prev", "cov_rest", "passage_cov", "relative", "run", "log_length", "type_new",
    ),
    "en/all-minilm-l6-v2": (
        "late", "late_window", "late_passage", "passage_cov", "when_new", "likeness",
    ),
    "zh": (
        "cov", "cov_prev", "cov_next", "cov_title", "cov_rest", "passage_cov", "relative", "rank",
        "log_length", "type_new", "single", "run", "characters", "characters_near",
    ),
}  # fmt: skip
PENALTY = 3.0
# How much "its document is relevant" counts beside "it answers".
DOCUMENT = 0.3
# Goals of the shared quality page: citation precision, citation recall, holds; and the longest
# replies on average (words, characters).
GOALS = (0.9, 0.95, 0.92)
# Measured, not fitted on: their reports answer everything in one place, and teach little.
WITNESSES = {"dragonball-en", "dragonball-zh"}
# Reference answers of these sets are texts that no reply holds word for word.
LONG_ANSWERS = {"clapnq-en", "dragonball-en", "dragonball-zh"}
LONGEST = {"en": 53.0, "zh": 90.0}
GRID = {
    "temperature": (0.7, 1.0, 1.4, 2.0),
    "trust": (0.05, 0.1, 0.15, 0.25, 0.4),
    "most": (3, 4),
}
PRICES = {"en": (0.0002, 0.0005, 0.001, 0.002), "zh": (0.0003, 0.0006, 0.001, 0.0015)}
LENGTH = {"en": 110, "zh": 220}


@dataclass(frozen=True, slots=True)
class Figures:
    """What a choice is worth on one set, before the gate."""

    holds: float
    length: float
    precision: float
    recall: float

    def worth(self, *, in_words: bool) -> float:
        """Return how much of the goals is met; where answers are long texts, without `holds`."""
        reached = (self.precision, self.recall, *((self.holds,) if in_words else ()))
        met = [min(1.0, one / goal) for one, goal in zip(reached, GOALS, strict=False)]
        return float(np.mean(met))

    def __str__(self) -> str:
        return (
            f"holds {self.holds:.3f} length {self.length:.0f} "
            f"precision {self.precision:.3f} recall {self.recall:.3f}"
        )


def fit_choice(cases: Mapping[str, Sequence[Case]], key: str, say: Callable[[str], None]) -> Linear:
    """Return the weights for *key*, fitted on all sets; tell each set's figures, and those with
    weights fitted on the others.
    """
    language = key.split("/", maxsplit=1)[0]
    fitted_on = {name: own for name, own in cases.items() if name not in WITNESSES}
    weights = _weights([case for own in fitted_on.values() for case in own], USED[key])
    settings = _settings(fitted_on, weights, language)
    fitted = Linear(FEATURES, weights, 0.0, settings)
    for name, own in cases.items():
        others = [case for other, theirs in fitted_on.items() if other != name for case in theirs]
        left = Linear(FEATURES, _weights(others, USED[key]), 0.0, settings)
        say(f"{key} {name:14} choice      {figures(own, fitted, language)}")
        say(f"{key} {name:14} left out    {figures(own, left, language)}")
    return fitted


def figures(cases: Sequence[Case], fitted: Linear, language: str) -> Figures:
    """Return what *fitted* is worth on the answerable ones of *cases*."""
    held, lengths, right, cited = [], [], [], []
    for case in cases:
        if not case.answerable or not case.row.get("answers"):
            continue
        chosen = composed(ranked(case.evidence, fitted), fitted.settings, language)
        reply = " ".join(one.text for one in chosen)
        held.append(holds(reply, case.row["answers"]))
        lengths.append(length_of(reply, language))
        sources = [one.found.passage.source_id in case.row["relevant"] for one in chosen]
        right += sources
        cited.append(any(sources))
    return Figures(*(float(np.mean(one)) for one in (held, lengths, right, cited)))


def _settings(
    cases: Mapping[str, Sequence[Case]], weights: NDArray[np.float64], language: str
) -> dict[str, float]:
    """Return the settings of composition that meet most of the goals on average over the sets."""
    best: dict[str, float] = {}
    most = -1.0
    for price, *values in itertools.product(PRICES[language], *GRID.values()):
        settings = {
            "price": price,
            "length": LENGTH[language],
            **dict(zip(GRID, values, strict=True)),
        }
        fitted = Linear(FEATURES, weights, 0.0, settings)
        tried = {name: figures(own, fitted, language) for name, own in cases.items()}
        worth = float(
            np.mean([one.worth(in_words=name not in LONG_ANSWERS) for name, one in tried.items()])
        )
        longest = np.mean([one.length for name, one in tried.items() if name not in LONG_ANSWERS])
        if worth > most and longest <= LONGEST[language]:
            best, most = settings, worth
    return best


def _weights(cases: Sequence[Case], used: Sequence[str]) -> NDArray[np.float64]:
    """Maximise the probability that a softmax over a question's sentences gives to those that
    answer, and to those of relevant documents. Weights of unused features are 0.
    """
    columns = [FEATURES.index(name) for name in used]
    usable = [case for case in cases if case.answerable and case.good.any()]
    deviation = np.vstack([case.features[:, columns] for case in usable]).std(axis=0) + 1e-9
    rows = [case.features[:, columns] / deviation for case in usable]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, gradient = PENALTY * float(weights @ weights) / 2, PENALTY * weights
        for own, case in zip(rows, usable, strict=True):
            scores = own @ weights
            scores -= scores.max()
            share = np.exp(scores) / np.exp(scores).sum()
            for wanted, factor in ((case.good, 1.0), (case.relevant, DOCUMENT)):
                good = share * wanted
                total -= factor * float(np.log(good.sum() + 1e-12))
                gradient = gradient + factor * own.T @ (share - good / (good.sum() + 1e-12))
        return total, gradient

    fitted = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B").x
    weights = np.zeros(len(FEATURES))
    weights[columns] = fitted / deviation
    return weights
