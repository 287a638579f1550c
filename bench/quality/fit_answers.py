"""Fit the weights that choose answering sentences, and the gate that refuses.

`python -m bench.quality.fit_answers DATA_DIR` where the sets of SETS are collections of DATA_DIR.
Prints figures of each set with the weights fitted on all sets and on all others (leave one out),
and writes `services/answering/models/*.json` with where the constants come from.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.quality.collect import Asked, Bench, features, holds
from services.answering import gate
from services.answering.composing import Ranked, composed, length_of, ranked_by
from services.answering.evidence import FEATURES, Evidence
from services.answering.linear import Linear
from services.retrieval import Retrieval

SETS = {
    "en": ("squad2-en", "clapnq-en", "xquad-xling", "dragonball-en"),
    "zh": ("cmrc2018-zh", "drcd-zh-hant", "xquad-xling", "dragonball-zh"),
}
MODELS = Path(__file__).parents[2] / "services" / "answering" / "models"
PENALTY = 1.0
# Wrongly refused answerable questions that a gate is set to.
WRONG = {"en": 0.045, "zh": 0.08}


@dataclass(frozen=True, slots=True)
class Case:
    """One question: the rows of its sentences, which of them answer, and what is accepted."""

    asked: Asked
    rows: NDArray[np.float64]
    good: NDArray[np.bool_]

    @property
    def answerable(self) -> bool:
        """Whether the set says that it can be answered."""
        return bool(self.asked.row.get("answerable"))


def main() -> None:
    """Fit both models for both languages and write them."""
    bench = Bench(Path(sys.argv[1]))
    evidence: dict[str, object] = {}
    gates: dict[str, object] = {}
    for language, names in SETS.items():
        cases = {name: _cases(bench, name, language) for name in names}
        weights = _fit_all(cases, _fit_choice)
        settings = json.loads((MODELS / "evidence.json").read_text())["languages"][language][
            "settings"
        ]
        model = _linear(FEATURES, weights, 0.0, settings)
        evidence[language] = _entry(FEATURES, weights, 0.0, settings)
        for name in names:
            others = {one: c for one, c in cases.items() if one != name}
            left_out = _linear(FEATURES, _fit_all(others, _fit_choice), 0.0, settings)
            for label, one in (("all", model), ("left out", left_out)):
                figures = _choice_figures(cases[name], one, language)
                print(f"{language} {name:14} choice, {label:8} {figures}", flush=True)
        gates[language] = _fit_gate(cases, model, language)
    _write("evidence", evidence, "conditional logit over the sentences of the first 6 passages")
    _write("gate", gates, "logistic regression on what the best sentences show")


def _cases(bench: Bench, name: str, language: str) -> list[Case]:
    found = []
    for asked in bench.asked(name):
        if asked.retrieval.language != language or not asked.evidence:
            continue
        good = np.array([_answers(one, asked) for one in asked.evidence])
        found.append(Case(asked, features(asked.evidence), good))
    return found


def _answers(evidence: Evidence, asked: Asked) -> bool:
    relevant = evidence.found.passage.source_id in (asked.row.get("relevant") or [])
    golden = asked.row.get("evidence") or asked.row.get("sentences") or []
    texts = [one if isinstance(one, str) else str(one.get("text", "")) for one in golden]
    flat = "".join(evidence.quote.split())
    quoted = any(
        flat and (flat in "".join(t.split()) or "".join(t.split()) in flat) for t in texts if t
    )
    return relevant and (holds(evidence.quote, asked.row.get("answers") or []) or quoted)


Fit = Callable[[Sequence[Case]], NDArray[np.float64]]


def _fit_all(cases: dict[str, list[Case]], fit: Fit) -> NDArray[np.float64]:
    return fit([case for one in cases.values() for case in one])


def _fit_choice(cases: Sequence[Case]) -> NDArray[np.float64]:
    """Maximise the probability that a softmax over a question's sentences gives to good ones."""
    usable = [case for case in cases if case.answerable and case.good.any()]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, gradient = PENALTY * float(weights @ weights) / 2, PENALTY * weights
        for case in usable:
            scores = case.rows @ weights
            scores -= scores.max()
            share = np.exp(scores) / np.exp(scores).sum()
            good = share * case.good
            total -= float(np.log(good.sum() + 1e-12))
            gradient = gradient + case.rows.T @ (share - good / (good.sum() + 1e-12))
        return total, gradient

    return np.asarray(minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x)


def _choice_figures(cases: Sequence[Case], model: Linear, language: str) -> str:
    held, lengths, right, cited = [], [], [], []
    for case in cases:
        if not case.answerable or not case.asked.row.get("answers"):
            continue
        chosen = composed(ranked_by(case.asked.evidence, model), model.settings, language)
        reply = " ".join(one.text for one in chosen)
        held.append(holds(reply, case.asked.row["answers"]))
        lengths.append(length_of(reply, language))
        sources = [one.found.passage.source_id in case.asked.row["relevant"] for one in chosen]
        right += sources
        cited.append(any(sources))
    return (
        f"holds {np.mean(held):.3f} length {np.mean(lengths):.0f} "
        f"precision {np.mean(right):.3f} recall {np.mean(cited):.3f} n {len(held)}"
    )


def _fit_gate(cases: dict[str, list[Case]], model: Linear, language: str) -> dict[str, object]:
    rows = {
        name: [(_gate_row(case, model), case.answerable) for case in one]
        for name, one in cases.items()
    }
    weights, bias = _logistic([row for one in rows.values() for row in one])
    scores = {
        name: [(float(row @ weights + bias), good) for row, good in one]
        for name, one in rows.items()
    }
    answerable = sorted(s for one in scores.values() for s, good in one if good)
    threshold = answerable[int(WRONG[language] * len(answerable))]
    for name, own in rows.items():
        others = [row for other, one in rows.items() if other != name for row in one]
        left, left_bias = _logistic(others)
        loose = [(float(row @ left + left_bias), good) for row, good in own]
        print(f"{language} {name:14} gate all  {_gate_figures(scores[name], threshold)}")
        print(f"{language} {name:14} gate left {_gate_figures(loose, threshold)}")
    return _entry(gate.FEATURES, weights, bias, {"threshold": round(threshold, 4)})


def _gate_row(case: Case, model: Linear) -> NDArray[np.float64]:
    best: list[Ranked] = ranked_by(case.asked.evidence, model)
    retrieval: Retrieval = case.asked.retrieval
    return gate.measured(retrieval, best)


def _logistic(
    rows: Sequence[tuple[NDArray[np.float64], bool]],
) -> tuple[NDArray[np.float64], float]:
    features_of = np.array([row for row, _ in rows])
    wanted = np.array([1.0 if good else -1.0 for _, good in rows])
    # Both kinds count alike, however many there are of each in the sets.
    share = np.where(wanted > 0, 0.5 / (wanted > 0).mean(), 0.5 / max((wanted < 0).mean(), 1e-9))

    def loss(packed: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = wanted * (features_of @ packed[:-1] + packed[-1])
        total = float(
            (share * np.logaddexp(0, -margin)).sum() + PENALTY * (packed[:-1] ** 2).sum() / 2
        )
        slope = -share * wanted / (1 + np.exp(np.clip(margin, -50, 50)))
        gradient = np.append(features_of.T @ slope + PENALTY * packed[:-1], slope.sum())
        return total, gradient

    fitted = minimize(loss, np.zeros(features_of.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return np.asarray(fitted[:-1]), float(fitted[-1])


def _gate_figures(scores: Sequence[tuple[float, bool]], threshold: float) -> str:
    good = np.array([s for s, answerable in scores if answerable])
    bad = np.array([s for s, answerable in scores if not answerable])
    if not len(bad):
        return f"wrong {np.mean(good < threshold):.3f}"
    curve = " ".join(
        f"{wrong:.2f}:{np.mean(bad < np.quantile(good, wrong)):.2f}" for wrong in (0.02, 0.05, 0.1)
    )
    refused, wrong = np.mean(bad < threshold), np.mean(good < threshold)
    return f"refused {refused:.3f} wrong {wrong:.3f} curve {curve}"


def _linear(
    names: Sequence[str], weights: NDArray[np.float64], bias: float, settings: dict[str, float]
) -> Linear:
    return Linear(tuple(names), weights, bias, settings)


def _entry(
    names: Sequence[str], weights: NDArray[np.float64], bias: float, settings: dict[str, float]
) -> dict[str, object]:
    rounded = {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
    return {"bias": round(bias, 4), "weights": rounded, "settings": settings}


def _write(name: str, languages: dict[str, object], how: str) -> None:
    stored = {
        "about": how,
        "fitted_by": "python -m bench.quality.fit_answers",
        "fitted_on": {language: list(names) for language, names in SETS.items()},
        "languages": languages,
    }
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    (MODELS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
