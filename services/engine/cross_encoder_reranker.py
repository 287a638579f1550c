"""The reranker that sentence-transformers runs."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder

from services.engine import ModelCard
from services.engine.threads import FreeCores

# So many pairs are scored before the clock is looked at again.
_BATCH = 8


class CrossEncoderReranker:
    """A cross-encoder from a local folder (safetensors only): bge-reranker-v2-m3,
    Qwen3-Reranker as sequence classification, or any other with one label.
    """

    def __init__(self, folder: Path, card: ModelCard, cores: FreeCores) -> None:
        self._cores = cores
        self._model = CrossEncoder(
            str(folder),
            device="cuda" if torch.cuda.is_available() else "cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
            activation_fn=torch.nn.Sigmoid(),
        )
        self._card = card
        self._lock = threading.Lock()

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    def scores(self, question: str, texts: Sequence[str], budget_s: float) -> list[float]:
        """Return how well each text answers, between 0 and 1: of as many from the front as the
        budget allows.
        """
        ends = time.monotonic() + budget_s
        found: list[float] = []
        while len(found) < len(texts) and time.monotonic() < ends:
            batch = texts[len(found) : len(found) + _BATCH]
            with self._lock, self._cores.taken() as threads, torch.inference_mode():
                torch.set_num_threads(threads)
                scored = self._model.predict(
                    [(question, text) for text in batch],
                    batch_size=_BATCH,
                    show_progress_bar=False,
                )
            found += [float(score) for score in scored]
        return found
