"""How likely a text is to a llama.cpp model, in a small context of its own."""

import threading
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

# Room for both texts; the cells of a small model take a few MiB.
_CONTEXT_TOKENS = 1024


class LlamaCppLikelihood:
    """Shares the weights of *model* (llama-cpp-python's handle); one text at a time.

    A context of its own: what the generator has read of its prompts stays where it is.
    """

    def __init__(self, model: object, vocabulary: object, threads: int) -> None:
        wanted = llama_cpp.llama_context_default_params()
        wanted.n_ctx = wanted.n_batch = _CONTEXT_TOKENS
        wanted.n_threads = wanted.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(model, wanted)
        self._size = int(llama_cpp.llama_vocab_n_tokens(vocabulary))
        self._lock = threading.Lock()

    def log_probabilities(
        self, before: Sequence[int], tokens: Sequence[int], threads: int
    ) -> list[float]:
        """Return the natural log of each token's probability after *before*; empty if both do
        not fit. *before* has at least one token.
        """
        count = len(before) + len(tokens)
        if not before or not tokens or count > _CONTEXT_TOKENS:
            return []
        with self._lock:
            llama_cpp.llama_set_n_threads(self._context, threads, threads)
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
            batch = self._batch([*before, *tokens], len(before) - 1)
            try:
                if llama_cpp.llama_decode(self._context, batch) != 0:
                    return []
                return [
                    _log_softmax(self._logits(len(before) - 1 + i), token)
                    for i, token in enumerate(tokens)
                ]
            finally:
                llama_cpp.llama_batch_free(batch)

    def close(self) -> None:
        """Free the context."""
        llama_cpp.llama_free(self._context)

    @staticmethod
    def _batch(tokens: Sequence[int], first_told: int) -> Any:  # noqa: ANN401 - untyped binding
        """Return a batch of one sequence whose logits are told from *first_told* on."""
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for at, token in enumerate(tokens):
            batch.token[at] = token
            batch.pos[at] = at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = 0
            batch.logits[at] = first_told <= at < len(tokens) - 1
        return batch

    def _logits(self, at: int) -> NDArray[np.float32]:
        row = llama_cpp.llama_get_logits_ith(self._context, at)
        return np.ctypeslib.as_array(row, shape=(self._size,))


def _log_softmax(logits: NDArray[np.float32], token: int) -> float:
    shifted = logits.astype(np.float64) - float(logits.max())
    return float(shifted[token] - np.log(np.exp(shifted).sum()))
