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


def load(name: str, language: str, known: Sequence[str]) -> Linear:
    """Load the model *name* for *language*; its features must be among *known*, whose order the
    rows will have.
    """
    stored = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    entry = stored["languages"][language if language in stored["languages"] else "en"]
    strange = set(entry["weights"]) - set(known)
    if strange:
        message = f"Model {name!r} names unknown features: {sorted(strange)}."
        raise ValueError(message)
    weights = np.array([entry["weights"].get(feature, 0.0) for feature in known])
    return Linear(tuple(known), weights, entry["bias"], entry.get("settings", {}))
