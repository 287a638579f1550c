"""Fit the projection of the embedder's token vectors for late interaction.

Principal components (not centred, so that products stay products) of the unit token vectors of
passages from four sets. Writes `services/engine/projections/NAME.npy`, float16.
"""

import random

import numpy as np

from bench.quality.sets import rows
from services.settings import Settings, set_quiet_offline
from services.wiring import open_embedder

SETS = ("handbook-en", "clapnq-en", "squad2-en", "scifact-en")
PASSAGES_A_SET = 400
WIDTH = 128


def main() -> None:
    """Fit and write the projection of the configured embedder."""
    set_quiet_offline()
    settings = Settings.load()
    embedder = open_embedder(settings)
    name = embedder.card.name
    whole = np.eye(embedder.card.dimension, dtype=np.float32)
    setattr(embedder, "_projection", whole)  # noqa: B010 - fitted without the one it replaces
    chosen = random.Random(0)  # noqa: S311 - a sample, not a secret
    texts = [
        f"{row['title']}\n{row['text'][:1000]}"
        for one in SETS
        for row in chosen.sample(rows(one, "corpus"), min(PASSAGES_A_SET, len(rows(one, "corpus"))))
    ]
    scatter = np.zeros((embedder.card.dimension, embedder.card.dimension))
    for embedded in embedder.embed_passages(texts):
        tokens = embedded.tokens.astype(np.float64) / 127
        scatter += tokens.T @ tokens
    values, vectors = np.linalg.eigh(scatter)
    kept = vectors[:, ::-1][:, :WIDTH]
    share = values[::-1][:WIDTH].sum() / values.sum()
    print(f"{name}: {WIDTH} of {len(values)} components hold {share:.3f} of the scatter")
    np.save(f"services/engine/projections/{name}.npy", kept.astype(np.float16))


if __name__ == "__main__":
    main()
