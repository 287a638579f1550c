"""Fit what chooses answering sentences, and the gate that refuses.

`python -m bench.quality.fit_answers DATA_DIR` where the sets of SETS are collections of DATA_DIR.
Prints figures of each set with the weights fitted on all sets and on all others (leave one out),
and writes `services/answering/models/*.json` with where the constants come from.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.quality.cases import collect
from bench.quality.collect import Bench
from bench.quality.fit_choice import USED as CHOICES
from bench.quality.fit_choice import fit_choice
from bench.quality.fit_gate import USED as GATES
from bench.quality.fit_gate import fit_gate
from services.answering.linear import Linear
from services.answering.measures import FEATURES

SETS = {
    "en": ("squad2-en", "clapnq-en", "xquad-xling", "dragonball-en"),
    "zh": ("cmrc2018-zh", "drcd-zh-hant", "xquad-xling", "dragonball-zh"),
}
# What the cosine of an embedder that cannot be measured here counts: about what MiniLM's does.
LIKENESS = 6.0
MODELS = Path(__file__).parents[2] / "services" / "answering" / "models"


def main() -> None:
    """Fit both models for both languages and write them."""
    bench = Bench(Path(sys.argv[1]))
    choices: dict[str, Linear] = {}
    gates: dict[str, Linear] = {}
    for language, names in SETS.items():
        cases = {name: collect(bench, name, language) for name in names}
        for key in (key for key in CHOICES if key.split("/")[0] == language):
            choices[key] = fit_choice(cases, key, say)
        choices[f"{language}/*"] = _for_any_embedder(choices[language])
        for key in (key for key in GATES if key.split("/")[0] == language):
            gates[key] = fit_gate(cases, key, choices[key], say)
    _write("evidence", choices, "conditional logit over the sentences of the first 6 passages")
    _write("gate", gates, "logistic regression on what the best sentences show")


def _for_any_embedder(words: Linear) -> Linear:
    """Return the choice by words, to which another embedder than the fitted one adds its cosine."""
    weights = words.weights.copy()
    weights[FEATURES.index("likeness")] = LIKENESS
    return replace(words, weights=weights)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def _write(name: str, fitted: Mapping[str, Linear], how: str) -> None:
    stored = {
        "about": how,
        "fitted_by": "python -m bench.quality.fit_answers",
        "fitted_on": {language: list(names) for language, names in SETS.items()},
        "languages": {key: _entry(one) for key, one in fitted.items()},
    }
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    (MODELS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _entry(one: Linear) -> dict[str, object]:
    named = zip(one.features, one.weights, strict=True)
    weights = {name: round(float(weight), 4) for name, weight in named if weight}
    return {"bias": round(one.bias, 4), "weights": weights, "settings": dict(one.settings)}


if __name__ == "__main__":
    main()
