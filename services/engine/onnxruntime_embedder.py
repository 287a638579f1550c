"""The embedder that ONNX Runtime runs, for a BERT on a CPU.

It is ready in a second where torch takes seven, and one text after the other on each core is as
fast as batches: nothing is filled up.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.engine import Embedded, ModelCard
from services.engine.bert_shape import BertShape
from services.engine.onnx_session import cpu_session
from services.engine.text_tokens import tokens_of
from services.engine.threads import FreeCores

# After so many passages, a third of a second's work, it looks again which cores are free.
_AT_ONCE = 64
_NO_TOKENS = np.zeros((0, 0), np.int8)


class OnnxruntimeEmbedder:
    """A BERT from a local folder of sentence-transformers, whose *graph* `onnx_writing` wrote.

    A model with a projection of its token vectors also gives those, for late interaction.
    """

    def __init__(
        self, folder: Path, graph: Path, shape: BertShape, card: ModelCard, cores: FreeCores
    ) -> None:
        self._cores = cores
        self._card = replace(card, dimension=shape.dimension, max_tokens=shape.max_tokens)
        self._tokens = tokens_of(folder, shape)
        self._session = cpu_session(graph)
        self._pool = ThreadPoolExecutor(cores.most, "embedder")

    @property
    def card(self) -> ModelCard:
        """What is known of the model, its dimension and length read from it."""
        return self._card

    def embed_question(self, text: str) -> Embedded:
        """Return a question, with its tokens if the model keeps them."""
        with self._cores.taken(1):
            embedded = self._run(self._tokens.ids([text])[0])
        return self._tokens.without_marks(embedded, text)

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Return passages; each free core takes the next."""
        rows = self._tokens.ids(texts)
        # The longest first, so that no core waits long for the last.
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        found: dict[int, Embedded] = {}
        for start in range(0, len(order), _AT_ONCE):
            self._embed(order[start : start + _AT_ONCE], rows, found)
        return [found[i] for i in range(len(rows))]

    def _embed(
        self, order: Sequence[int], rows: Sequence[list[int]], found: dict[int, Embedded]
    ) -> None:
        """Embed the *rows* of these numbers into *found*, on the cores that are free now."""
        # Lanes share the iterator.
        coming = iter(order)

        def lane() -> None:
            for i in coming:
                found[i] = self._run(rows[i])

        with self._cores.taken() as threads:
            for run in [self._pool.submit(lane) for _ in range(min(threads, len(order)))]:
                run.result()

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters of each token, cut where the model cuts."""
        return self._tokens.spans(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        return self._tokens.count(texts)

    def _run(self, ids: list[int]) -> Embedded:
        vector, *tokens = self._session.run(None, {"ids": np.array(ids, np.int64)})
        return Embedded(vector[0], tokens[0] if tokens else _NO_TOKENS)
