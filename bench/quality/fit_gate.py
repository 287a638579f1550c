"""Fit the gate that refuses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.quality.cases import Case
from bench.quality.fit_choice import WITNESSES
from services.answering import gate
from services.answering.composing import ranked
from services.answering.linear import Linear

_WORDS = (
    "best", "gap", "mass", "window", "passage", "words_window", "words_passage", "run",
    "numbers_missing", "names_sentence", "names_passage",
)  # fmt: skip
USED = {
    "en": _WORDS,
    # With the best sentence's score and the likeness of its passage instead (`best` and what was
    # `late_passage`) more near-misses are refused at 0.10 wrongly refused (clapnq-en 0.72, not
    # 0.63), but so are questions in other words than the text's (docs/quality.md).
    "en/all-minilm-l6-v2": (
        "late_window_low", "late_best", "gap", "run", "window", "names_sentence",
    ),
    # Without `mass` one threshold does not suit all sets: xquad is wrongly refused 0.16, not 0.10.
    "zh": ("mass", "gap", "words_near", "characters_passage", "names_sentence"),
}  # fmt: skip
PENALTY = 1.0
# Wrongly refused answerable questions that a gate is set to, at most in each set.
WRONG = {"en": 0.05, "zh": 0.0225}
CURVE = (0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Row:
    """What the gate sees of a question, and whether it should answer."""

    values: NDArray[np.float64]
    answerable: bool
    is_bare: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a set's answerable questions, of its unanswerable ones, and of those whose
    relevant documents were taken away.
    """

    good: NDArray[np.float64]
    bad: NDArray[np.float64]
    bare: NDArray[np.float64]


def fit_gate(
    cases: Mapping[str, Sequence[Case]],
    key: str,
    choice: Linear,
    say: Callable[[str], None],
) -> Linear:
    """Return the gate for *key*; tell each set's figures, and those with the set left out."""
    used = [gate.FEATURES.index(name) for name in USED[key]]
    rows = {name: [_row(case, choice) for case in own] for name, own in cases.items()}
    fitted_on = {name: own for name, own in rows.items() if name not in WITNESSES}
    weights, bias = _logistic([row for own in fitted_on.values() for row in own], used)
    scores = {name: _scores(own, weights, bias) for name, own in rows.items()}
    wrong = WRONG[key.split("/", maxsplit=1)[0]]
    threshold = _threshold({name: scores[name] for name in fitted_on}, wrong)
    for name, own in rows.items():
        others = [row for other, theirs in fitted_on.items() if other != name for row in theirs]
        left = _scores(own, *_logistic(others, used))
        say(f"{key} {name:14} gate        {_figures(scores[name], threshold)}")
        say(f"{key} {name:14} left out    {_figures(left, threshold)}")
    return Linear(gate.FEATURES, weights, bias, {"threshold": round(threshold, 4)})


def _row(case: Case, choice: Linear) -> Row:
    best = ranked(case.evidence, choice)
    return Row(gate.measured(case.retrieval, best), case.answerable, case.is_bare)


def _scores(rows: Sequence[Row], weights: NDArray[np.float64], bias: float) -> Scores:
    kinds: dict[str, list[float]] = {"good": [], "bad": [], "bare": []}
    for row in rows:
        kind = "good" if row.answerable else "bare" if row.is_bare else "bad"
        kinds[kind].append(float(row.values @ weights + bias))
    return Scores(**{kind: np.array(own) for kind, own in kinds.items()})


def _threshold(scores: Mapping[str, Scores], wrong: float) -> float:
    """Return the threshold that wrongly refuses *wrong* of the answerable questions of the sets
    that have unanswerable ones, each set counting alike.
    """
    both = [own.good for own in scores.values() if len(own.bad)]
    weighted = sorted((float(score), 1 / len(good)) for good in both for score in good)
    passed = 0.0
    for score, share in weighted:
        passed += share / len(both)
        if passed > wrong:
            return score
    return weighted[-1][0]


def _logistic(rows: Sequence[Row], used: Sequence[int]) -> tuple[NDArray[np.float64], float]:
    features = np.array([row.values[used] for row in rows])
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    features = (features - mean) / deviation
    wanted = np.array([1.0 if row.answerable else -1.0 for row in rows])
    # Both kinds count alike, however many there are of each in the sets.
    share = np.where(wanted > 0, 0.5 / (wanted > 0).mean(), 0.5 / max((wanted < 0).mean(), 1e-9))

    def loss(packed: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = wanted * (features @ packed[:-1] + packed[-1])
        total = float(
            (share * np.logaddexp(0, -margin)).sum() + PENALTY * (packed[:-1] ** 2).sum() / 2
        )
        slope = -share * wanted / (1 + np.exp(np.clip(margin, -50, 50)))
        gradient = np.append(features.T @ slope + PENALTY * packed[:-1], slope.sum())
        return total, gradient

    fitted = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B").x
    weights = np.zeros(len(gate.FEATURES))
    weights[used] = fitted[:-1] / deviation
    return weights, float(fitted[-1] - (fitted[:-1] / deviation) @ mean)


def _figures(scores: Scores, threshold: float) -> str:
    told = f"wrong {np.mean(scores.good < threshold):.3f}"
    for kind, own in (("refused", scores.bad), ("bare", scores.bare)):
        if len(own):
            curve = (np.mean(own < np.quantile(scores.good, at)) for at in CURVE)
            at_each = " ".join(f"{at:.2f}:{one:.2f}" for at, one in zip(CURVE, curve, strict=True))
            told += f" {kind} {np.mean(own < threshold):.3f} ({at_each})"
    return told
