"""Embeddings by the loaded embedder."""

import base64
from typing import Any

import numpy as np
from fastapi import APIRouter

from services.api.access import Asking
from services.api.openai.models import EMBEDDING, refuse_who_may_nothing
from services.api.openai.schemas import EmbeddingsBody
from services.api.openai_errors import ModelNotFoundError
from services.api.state import InService
from services.domain.errors import InvalidRequestError

router = APIRouter(prefix="/v1/embeddings", tags=["openai"])


@router.post("")
def embed(service: InService, scope: Asking, body: EmbeddingsBody) -> dict[str, object]:
    """Return the vectors of texts, of unit length, as the index holds them."""
    embedder = service.house.embedder
    if body.model not in {EMBEDDING, embedder.card.name}:
        raise ModelNotFoundError(body.model)
    if body.dimensions not in {None, embedder.card.dimension}:
        message = f"dimensions: this embedder has {embedder.card.dimension}."
        raise InvalidRequestError(message)
    refuse_who_may_nothing(scope)
    service.refuse_if_draining()
    texts = [body.input] if isinstance(body.input, str) else body.input
    tokens = sum(embedder.count_tokens(texts))
    service.budgets.check("tokens", scope.principal)
    service.budgets.note("tokens", scope.principal, tokens)
    return {
        "object": "list",
        "model": body.model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _encoded(one.vector, body)}
            for index, one in enumerate(embedder.embed_passages(texts))
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _encoded(vector: np.ndarray[Any, Any], body: EmbeddingsBody) -> list[float] | str:
    if body.encoding_format == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
