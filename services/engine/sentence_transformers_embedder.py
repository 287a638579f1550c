"""The embedder that sentence-transformers runs."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from torch.nn.functional import normalize

from services.engine import Embedded, ModelCard
from services.engine.packing import packed
from services.engine.text_tokens import TextTokens
from services.engine.threads import FreeCores
from services.engine.token_projection import token_projection

# Tokens of a batch. What stays in the caches of a CPU takes a third less time there than 32
# passages (measured: 512 to 2,048 tokens alike); a GPU wants them large.
_CPU_BUDGET, _GPU_BUDGET = 1024, 16_384
_HAS_BFLOAT16 = any(torch.cpu.get_capabilities().get(f"{one}_bf16") for one in ("avx512", "amx"))
_NO_TOKENS = np.zeros((0, 0), np.int8)

Task = Literal["query", "document"]


class SentenceTransformersEmbedder:
    """A sentence-transformers model from a local folder (safetensors only).

    A model with a projection of its token vectors (`projections/NAME.npy`, shape (dimension,
    width), fitted by `bench/quality`) also gives those, for late interaction.
    """

    def __init__(self, folder: Path, card: ModelCard, cores: FreeCores) -> None:
        self._cores = cores
        self._model = SentenceTransformer(
            str(folder),
            device="cuda" if torch.cuda.is_available() else "cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        self._halves = _HAS_BFLOAT16 and not torch.cuda.is_available()
        if self._halves:
            _halve_products(self._model)
        self._budget = _GPU_BUDGET if torch.cuda.is_available() else _CPU_BUDGET
        self._most = 1 if torch.cuda.is_available() else cores.most
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(self._most, "embedder", self._make_own)
        self._card = replace(
            card,
            dimension=self._model.get_embedding_dimension() or card.dimension,
            max_tokens=self._model.max_seq_length or card.max_tokens,
        )
        # A tokenizer of our own: the model's one is switched to cutting and padding while it runs.
        tokenizer = Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        self._tokens = TextTokens(tokenizer, self._card.max_tokens)
        projection = token_projection(card.name)
        self._projection = None if projection is None else torch.from_numpy(projection)
        if self._projection is not None:
            self._projection = self._projection.to(self._model.device)

    @property
    def card(self) -> ModelCard:
        """What is known of the model, its dimension and length read from it."""
        return self._card

    def embed_question(self, text: str) -> Embedded:
        """Return a question, with its tokens if the model keeps them."""
        return self._tokens.without_marks(self._embed([text], "query")[0], text)

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Return passages; texts of like length are embedded together."""
        return self._embed(texts, "document")

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters of each token, cut where the model cuts."""
        return self._tokens.spans(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        return self._tokens.count(texts)

    def _embed(self, texts: Sequence[str], task: Task) -> list[Embedded]:
        """Embed texts: few with all free cores, many with a lane on each of them."""
        if not texts:
            return []
        batches = packed([len(ids) for ids in self._tokens.ids(texts)], self._budget)
        with self._cores.taken() as threads:
            lanes = min(threads, self._most, len(batches))
            return self._in_lanes(texts, task, batches, lanes, threads // lanes)

    def _in_lanes(
        self,
        texts: Sequence[str],
        task: Task,
        batches: Sequence[Sequence[int]],
        lanes: int,
        threads: int,
    ) -> list[Embedded]:
        """Deal *batches* (indexes into *texts*) out to *lanes*; return the rows in order.

        A lane a core is 1.25 times as fast as all cores on each product: nobody waits for anybody.
        """
        runs = [
            self._pool.submit(self._lane, texts, task, batches[lane::lanes], threads)
            for lane in range(lanes)
        ]
        wait(runs)
        rows = chain(*(run.result() for run in runs))
        order = chain(*(batch for lane in range(lanes) for batch in batches[lane::lanes]))
        return [row for _, row in sorted(zip(order, rows, strict=True), key=itemgetter(0))]

    def _lane(
        self, texts: Sequence[str], task: Task, batches: Sequence[Sequence[int]], threads: int
    ) -> list[Embedded]:
        """Embed one batch after the other on the calling thread's own model."""
        model: SentenceTransformer = self._own.model
        encode = model.encode_query if task == "query" else model.encode_document
        torch.set_num_threads(threads)
        embedded: list[Embedded] = []
        with torch.inference_mode():
            for batch in batches:
                with self._precision():
                    rows: Any = encode(
                        [texts[i] for i in batch],
                        batch_size=len(batch),
                        output_value=None,
                        show_progress_bar=False,
                    )
                embedded += self._embedded(rows)
        return embedded

    def _make_own(self) -> None:
        """Give this thread a model of its own: its tokenizer serves one at a time."""
        self._own.model = _twin(self._model)

    def _precision(self) -> AbstractContextManager[object]:
        """Multiply in bfloat16 where the CPU has instructions for it.

        1.8 times the passages a second on an AVX-512 core; the cosine between a vector and the
        same in float32 is above 0.9999 (`tests/integration/test_models.py`).
        """
        return torch.autocast("cpu", dtype=torch.bfloat16) if self._halves else nullcontext()

    def _embedded(self, rows: Sequence[dict[str, Any]]) -> list[Embedded]:
        """Return vectors of unit length, and projected token vectors where the model has them.

        All of it in torch: a product by numpy between torch's costs 8 ms each, since the threads of
        both wait for the same cores (measured; the whole batch takes less).
        """
        vectors = normalize(torch.stack([row["sentence_embedding"] for row in rows]).float())
        found = vectors.cpu().numpy()
        if self._projection is None:
            return [Embedded(vector, _NO_TOKENS) for vector in found]
        real = [row["attention_mask"].bool()[: len(row["token_embeddings"])] for row in rows]
        kept = [row["token_embeddings"][mask] for row, mask in zip(rows, real, strict=True)]
        projected = normalize(normalize(torch.cat(kept).float()) @ self._projection)
        tokens = (projected * 127).round().to(torch.int8).cpu().numpy()
        parts = np.split(tokens, np.cumsum([len(one) for one in kept])[:-1])
        return [Embedded(vector, part.copy()) for vector, part in zip(found, parts, strict=True)]


def _twin(model: SentenceTransformer) -> SentenceTransformer:
    """Return a copy with a tokenizer of its own that shares the weights."""
    shared = chain(model.parameters(), model.buffers())
    return deepcopy(model, {id(tensor): tensor for tensor in shared})


def _halve_products(model: SentenceTransformer) -> None:
    """Keep the weights of products as they are multiplied: autocast would round them each time, a
    sixth of a question's time.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.to(torch.bfloat16)
