"""Fit the weights of retrieval's features.

`python -m bench.quality.fit_scoring DATA_DIR…` where the sets of SETS are collections of one of
the folders; those of files (`eval-…`) as `footnote eval run … --files` left them.
Maximises the mean nDCG@10 over sets, less what a set lacks of its floor, by a seeded random walk
from the present weights. Prints each set's figure, beside it the one with weights fitted on all
other sets, and writes `services/retrieval/scoring.json`.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.quality.collect import Bench
from bench.quality.sets import EVAL
from services.domain.answers import Turn
from services.evaluation.sets import EvaluationSet, load
from services.retrieval.retriever import Seen
from services.retrieval.scoring import weights
from services.retrieval.standalone import views

# The floors: the better leg alone (the reference figures), or the goal where that is higher.
SETS = {
    "en": {
        "squad2-en": 0.87,
        "clapnq-en": 0.985,
        "scifact-en": 0.745,
        "hotpotqa-en": 0.86,
        "handbook-en": 0.8,
        "mtrag-en": 0.85,
        "financebench-en": 0.58,
        "rgb-en": 0.48,
        "morehopqa-en": 0.88,
        "dragonball-en": 0.998,
        "covidqa-en": 0.763,
        "pubmedqa-en": 0.991,
        "scale-docs": 0.45,
        "eval-financebench-en": 0.46,
        "eval-sec10q-en": 0.858,
    },
    "zh": {
        "cmrc2018-zh": 0.993,
        "drcd-zh-hant": 0.979,
        "dureader-zh": 0.733,
        "dragonball-zh": 0.995,
        "rgb-zh": 0.519,
        "scale-docs": 0.5,
    },
}
WEIGHTS = Path(__file__).parents[2] / "services" / "retrieval" / "scoring.json"
# Collections of sets that were added as files.
FILES = "eval-"
QUESTIONS = 300
STEPS = 400
STEPS_LEFT_OUT = 150
TOP = 10
# How many of the weights one step of the walk changes.
CHANGED = 0.4


@dataclass(frozen=True, slots=True)
class Case:
    """A question: its candidates' features, to which of its documents each belongs, and which
    documents are relevant; `ideal` is the best DCG.
    """

    rows: NDArray[np.float64]
    document: NDArray[np.int64]
    relevant: NDArray[np.bool_]
    ideal: float


def main() -> None:
    """Fit both languages and write the weights."""
    benches = [Bench(Path(one)) for one in sys.argv[1:]]
    fitted = {language: _fit(benches, language) for language in SETS}
    stored = {
        "about": "Weights of the features in scoring.py, by the question's language.",
        "fitted_by": "python -m bench.quality.fit_scoring",
        "fitted_on": {language: list(sets) for language, sets in SETS.items()},
        "languages": fitted,
    }
    WEIGHTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def _fit(benches: Sequence[Bench], language: str) -> dict[str, float]:
    floors = SETS[language]
    cases = {
        name: _cases(next(one for one in benches if one.holds(name)), name, language)
        for name in floors
    }
    start = weights(language)
    seen = {
        name
        for own in cases.values()
        for measured, _ in own
        for name, row in measured.items()
        if row.any()
    }
    names = [name for name in start if name in seen]
    first = np.array([start[name] for name in names])
    columns = {name: [_columns(case, names) for case in own] for name, own in cases.items()}
    best = _walk(columns, floors, first, STEPS)
    for name in floors:
        others = {one: own for one, own in columns.items() if one != name}
        left = _walk(others, floors, first, STEPS_LEFT_OUT)
        before, after, out = (_ndcg(columns[name], w) for w in (first, best, left))
        print(f"{name:16} before {before:.3f} fitted {after:.3f} left out {out:.3f}", flush=True)
    return {name: round(float(weight), 4) for name, weight in zip(names, best, strict=True)}


def _columns(case: tuple[Mapping[str, NDArray[np.float64]], Case], names: Sequence[str]) -> Case:
    measured, rest = case
    rows_of = np.stack([measured[name] for name in names], axis=1)
    return Case(rows_of, rest.document, rest.relevant, rest.ideal)


def _walk(
    columns: Mapping[str, Sequence[Case]],
    floors: Mapping[str, float],
    start: NDArray[np.float64],
    steps: int,
) -> NDArray[np.float64]:
    drawn = np.random.default_rng(7)
    best, value = start, _worth(columns, floors, start)
    for _ in range(steps):
        chosen = drawn.random(len(best)) < CHANGED
        tried = best * np.exp(0.3 * drawn.standard_normal(len(best)) * chosen)
        if (worth := _worth(columns, floors, tried)) > value:
            best, value = tried, worth
    return best


def _worth(
    columns: Mapping[str, Sequence[Case]], floors: Mapping[str, float], w: NDArray[np.float64]
) -> float:
    figures = {name: _ndcg(own, w) for name, own in columns.items()}
    lacks = sum(max(0.0, floors[name] - figure) for name, figure in figures.items())
    return float(np.mean(list(figures.values()))) - lacks


def _ndcg(cases: Sequence[Case], w: NDArray[np.float64]) -> float:
    return float(np.mean([_gain(case, w) for case in cases]))


def _gain(case: Case, w: NDArray[np.float64]) -> float:
    scores = np.full(len(case.relevant), -np.inf)
    np.maximum.at(scores, case.document, case.rows @ w)
    first = np.argsort(-scores, kind="stable")[:TOP]
    gains = case.relevant[first] / np.log2(np.arange(len(first)) + 2)
    return float(gains.sum()) / case.ideal


def _cases(
    bench: Bench, name: str, language: str
) -> list[tuple[Mapping[str, NDArray[np.float64]], Case]]:
    scope = bench.scope(name)
    found = []
    known = load(EVAL / name.removeprefix(FILES))
    for asked in [one for one in known.questions if one.relevant][:QUESTIONS]:
        history = tuple(Turn(**turn) for turn in asked.history)
        seen = [
            (view.weight, bench.retriever.look(view.text, scope))
            for view in views(asked.text, history)
        ]
        if seen[0][1].candidates.language == language:
            found.append(_summed(seen, asked.relevant, known))
    return [one for one in found if len(one[1].document)]


def _summed(
    seen: Sequence[tuple[float, Seen]], relevant: frozenset[str], known: EvaluationSet
) -> tuple[Mapping[str, NDArray[np.float64]], Case]:
    """Return the features of all that the views found, added up as retrieval adds scores, and
    which document each belongs to, or which page where the relevant ones are pages.
    """
    sources = {
        number: known.key_of(asdict(one.passage))
        for _, view in seen
        for number, one in view.stored.items()
    }
    measured = {name: np.zeros(len(sources)) for name in seen[0][1].measured}
    for weight, view in seen:
        for name, row in view.measured.items():
            own = dict(zip(view.candidates.ids, row, strict=True))
            floor = min(row, default=0.0)
            measured[name] += weight * np.array([own.get(number, floor) for number in sources])
    distinct = {source: at for at, source in enumerate(dict.fromkeys(sources.values()))}
    case = Case(
        rows=np.zeros((0, 0)),
        document=np.array([distinct[source] for source in sources.values()], np.int64),
        relevant=np.array([source in relevant for source in distinct]),
        ideal=sum(1 / math.log2(i + 2) for i in range(min(TOP, len(relevant)))),
    )
    return measured, case


if __name__ == "__main__":
    main()
