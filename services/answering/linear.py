"""Small linear models whose constants are data, with what they were fitted on beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FOLDER = Path(__file__).parent / "models"


@dataclass(frozen=True, slots=True)
class Linear:
    """`weights · (features - mean) / deviation + bias`, in the order of `features`."""

    features: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: float
    settings: Mapping[str, float]

    def score(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a score for each row of *values*, shape (rows, features)."""
        scores: NDArray[np.float64] = values @ self.weights + self.bias
        return scores


def load(name: str, key: str, known: Sequence[str]) -> Linear:
    """Load the model *name* as fitted for *key*; its features must be among *known*, whose order
    the rows will have.

    *key* is `language/embedder`, or a language alone. What was fitted with that very embedder is
    taken, else what holds for any (`language/*`), else what needs none: what a weight says of
    another model's numbers is nothing.
    """
    stored = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    fitted = stored["languages"]
    language, slash, _ = key.partition("/")
    keys = [key, f"{language}/*", language] if slash else [language]
    entry = next((fitted[one] for one in keys if one in fitted), fitted["en"])
    strange = set(entry["weights"]) - set(known)
    if strange:
        message = f"Model {name!r} names unknown features: {sorted(strange)}."
        raise ValueError(message)
    weights = np.array([entry["weights"].get(feature, 0.0) for feature in known])
    return Linear(tuple(known), weights, entry["bias"], entry.get("settings", {}))
