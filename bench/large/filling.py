"""A registry with very many passages, as a worker would have left it, without embedding them all.

Each is two sentences of a real passage and one of another, with a vector and token vectors near
those of the real one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.quality.sets import rows
from ingest.embedding import embed_readable
from services.domain.documents import Blob, NewDocument, Reading
from services.domain.passages import Chunk, PreparedPassage, embedded_text
from services.domain.scope import CollectionRole, Role
from services.engine import Embedder
from services.engine.token_vectors import packed, unpacked
from services.language.sentences import sentences
from services.language.terms import terms
from services.registry.keys import OWNER
from services.registry.prepared import PreparedDocument
from services.registry.sqlalchemy_registry import Registry
from services.registry.vectors import StoredVector
from services.settings import Settings
from services.wiring import open_embedder, open_registry

Tokens: TypeAlias = NDArray[np.int8]

_SETS = ("squad2-en", "hotpotqa-en", "scifact-en", "cmrc2018-zh")
_REAL, _A_DOCUMENT, _LEASE_S, _NOISE = 6000, 1000, 600, 0.35


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A real sentence: its terms, and the vectors of its tokens (none where it is not embedded)."""

    text: str
    terms: str
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class _Real:
    """A real passage: its sentences and its vector."""

    sentences: tuple[_Sentence, ...]
    vector: bytes


def fill(data: Path, count: int) -> dict[str, float]:
    """Fill the registry in *data* with *count* passages; return the seconds that storing took."""
    settings = Settings.load(data_dir=data)
    embedder = open_embedder(settings)
    real = _real(embedder)
    registry = open_registry(settings)
    registry.collections.create("large", "", {})
    target = registry.collections.scope_of(OWNER).collection("large", Role.WRITE)
    began = time.perf_counter()
    for start in range(0, count, _A_DOCUMENT):
        size = min(_A_DOCUMENT, count - start)
        prepared = _document(registry, target, start, _made(embedder, real, start, size))
        registry.work.finish([prepared], embedder.card.name)
    seconds = time.perf_counter() - began
    registry.close()
    return {"stored_s": seconds, "stored_per_second": count / seconds}


def _real(embedder: Embedder) -> list[_Real]:
    texts = [row["text"] for name in _SETS for row in rows(name, "corpus")[: _REAL // len(_SETS)]]
    stored = embed_readable(embedder, texts)
    made = [_cut(embedder, text, one) for text, one in zip(texts, stored, strict=True)]
    return [one for one in made if len(one.sentences) > 1]


def _cut(embedder: Embedder, text: str, stored: StoredVector) -> _Real:
    rows_of = _rows(stored)
    places = embedder.spans(text) if len(rows_of) else []
    parts = []
    for span in sentences(text):
        part = text[span.start : span.end]
        within = [i for i, (at, end) in enumerate(places) if span.start <= at < end <= span.end]
        parts.append(_Sentence(part, " ".join(terms(part)), rows_of[within]))
    # Words behind the end of the model's window have no vectors: their sentences are left out.
    whole = [one for one in parts if len(one.tokens) or not len(rows_of)]
    return _Real(tuple(whole[:-1] if len(rows_of) else whole), stored.vector)


def _rows(stored: StoredVector) -> Tokens:
    return np.rint(unpacked(stored.tokens, stored.width or 1) * 127).astype(np.int8)


def _made(
    embedder: Embedder, real: Sequence[_Real], start: int, size: int
) -> list[PreparedPassage]:
    random = np.random.default_rng([17, start])
    title = embed_readable(embedder, [embedded_text(_title(start), (), "")])[0]
    above = _rows(title)
    made: list[PreparedPassage] = []
    at = 0
    for one, other in random.integers(0, len(real), (size, 2)):
        near, far = real[one], real[other]
        first = int(random.integers(0, len(near.sentences) - 1))
        chosen = list(near.sentences[first : first + 2])
        if bool(near.vector) == bool(far.vector):
            chosen.append(far.sentences[-1])
        text = " ".join(part.text for part in chosen)
        tokens = _joined(above, chosen, embedder.card.max_tokens) if near.vector else b""
        made.append(
            PreparedPassage(
                chunk=Chunk(at, at + len(text), text),
                vector=_moved(near.vector, random),
                tokens=tokens,
                width=title.width if near.vector else 0,
                title_terms=" ".join(terms(_title(start))),
                body_terms=" ".join(part.terms for part in chosen),
            )
        )
        at += len(text) + 1
    return made


def _joined(above: Tokens, parts: Sequence[_Sentence], most: int) -> bytes:
    """Return the token vectors of *parts* below a title, cut where the model cuts."""
    rows_of = np.concatenate([above[:-1], *(part.tokens for part in parts)])[: most - 1]
    return packed(np.concatenate([rows_of, above[-1:]]))


def _title(start: int) -> str:
    return f"Document {start}"


def _moved(vector: bytes, random: np.random.Generator) -> bytes:
    """Return a vector of unit length near *vector*; none stays none."""
    if not vector:
        return vector
    moved: NDArray[np.float32] = np.frombuffer(vector, "<f4").copy()
    moved += _NOISE * random.standard_normal(len(moved), np.float32) / np.sqrt(len(moved))
    return (moved / np.linalg.norm(moved)).astype("<f4").tobytes()


def _document(
    registry: Registry, target: CollectionRole, start: int, passages: list[PreparedPassage]
) -> PreparedDocument:
    sha256 = f"{start:064x}"
    new = NewDocument(f"{start}.txt", f"{start}", "text/plain", sha256, Blob(sha256, 0, 0))
    [(document, _)] = registry.documents.accept(target, [new], int(time.time()) + _LEASE_S)
    [claimed] = registry.work.claim([document.id], _LEASE_S, 3)
    text = "\n".join(one.chunk.text for one in passages)
    reading = Reading(text=text, title=_title(start), grade={"grade": "good"})
    return PreparedDocument(claimed, reading, tuple(passages))
