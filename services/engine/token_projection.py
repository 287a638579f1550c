"""The projections of token vectors that were fitted for late interaction."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FOLDER = Path(__file__).parent / "projections"


def token_projection(name: str) -> NDArray[np.float32] | None:
    """Return the projection fitted by `bench/quality` for the model called *name*, shape
    (dimension, width); None where there is none.
    """
    path = _FOLDER / f"{name}.npy"
    return np.load(path, allow_pickle=False).astype(np.float32) if path.exists() else None
