"""Fit the gate that refuses."""

from collections.abc import Callable, Mapping, Sequence

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
    # With `dense` for `best` and `mass` more near-misses are refused (squad2-en 0.30 for 0.22), and
    # short questions in other words than the text's with them (xquad 0.12 for 0.07).
    "en/all-minilm-l6-v2": ("late_window_low", "best", "mass", "names_sentence", "names_passage"),
    # Fewer carry over better: left out, cmrc2018-zh is refused 0.82 with these, 0.77 with all.
    "zh": ("best", "mass", "words_window", "words_passage"),
}  # fmt: skip
PENALTY = 1.0
# Wrongly refused answerable questions that a gate is set to, at most in each set.
WRONG = {"en": 0.05, "zh": 0.042}
CURVE = (0.02, 0.05, 0.1)

_Row = tuple[NDArray[np.float64], bool]


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


def _row(case: Case, choice: Linear) -> _Row:
    best = ranked(case.evidence, choice)
    return gate.measured(case.retrieval, best), case.answerable


def _scores(
    rows: Sequence[_Row], weights: NDArray[np.float64], bias: float
) -> list[tuple[float, bool]]:
    return [(float(row @ weights + bias), good) for row, good in rows]


def _threshold(scores: Mapping[str, Sequence[tuple[float, bool]]], wrong: float) -> float:
    """Return the threshold that wrongly refuses *wrong* of the answerable questions of the sets
    that have unanswerable ones, each set counting alike.
    """
    both = [own for own in scores.values() if not all(good for _, good in own)]
    weighted = sorted(
        (score, 1 / sum(good for _, good in own)) for own in both for score, good in own if good
    )
    passed = 0.0
    for score, share in weighted:
        passed += share / len(both)
        if passed > wrong:
            return score
    return weighted[-1][0]


def _logistic(rows: Sequence[_Row], used: Sequence[int]) -> tuple[NDArray[np.float64], float]:
    features = np.array([row[used] for row, _ in rows])
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    features = (features - mean) / deviation
    wanted = np.array([1.0 if good else -1.0 for _, good in rows])
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


def _figures(scores: Sequence[tuple[float, bool]], threshold: float) -> str:
    good = np.array([score for score, answerable in scores if answerable])
    bad = np.array([score for score, answerable in scores if not answerable])
    if not len(bad):
        return f"wrong {np.mean(good < threshold):.3f}"
    curve = " ".join(f"{at:.2f}:{np.mean(bad < np.quantile(good, at)):.2f}" for at in CURVE)
    refused, wrong = np.mean(bad < threshold), np.mean(good < threshold)
    return f"refused {refused:.3f} wrong {wrong:.3f} curve {curve}"
