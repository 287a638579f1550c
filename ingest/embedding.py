"""Embedding passages: those of a new document, and those that another embedder embedded before."""

import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from services.domain.passages import embedded_text
from services.engine import Embedded, Embedder
from services.engine.token_vectors import packed
from services.language.glossing import glossed
from services.language.normalize import CHINESE_SHARE, chinese_share, language_of
from services.registry.vectors import GLOSSED, BarePassage, StoredVector, Vectors

NOT_STORED = StoredVector(b"", b"", 0)
_AT_ONCE = 256
# A text of which so much is Chinese at most says as much in English: a handbook of both languages.
_BILINGUAL = 0.75


@dataclass(frozen=True, slots=True)
class Pace:
    """How far it is: passages done of how many, how many a second, seconds left."""

    done: int
    total: int
    rate: float
    left_s: float


def embed_readable(embedder: Embedder, texts: Sequence[str]) -> list[StoredVector]:
    """Embed the texts of languages that the model reads, those of two languages too; of Chinese
    that it does not read, what the words mean in English: only English questions are compared with
    that. The vector of any other text would only be noise in the index, and stays empty.
    """
    rows = [NOT_STORED] * len(texts)
    said = {i: text for i, text in enumerate(texts) if _reads(embedder, text)}
    put = {} if not embedder.card.reads("en") else _put_into_english(texts, said)
    embedded = embedder.embed_passages([*said.values(), *put.values()])
    for i, row in zip([*said, *put], embedded, strict=True):
        rows[i] = _stored(row) if i in said else _stored_glossed(row)
    return rows


def _put_into_english(texts: Sequence[str], but: Container[int]) -> dict[int, str]:
    put = {i: glossed(text) for i, text in enumerate(texts) if i not in but}
    return {i: text for i, text in put.items() if text}


def _reads(embedder: Embedder, text: str) -> bool:
    is_bilingual = CHINESE_SHARE <= chinese_share(text) <= _BILINGUAL
    return embedder.card.reads(language_of(text)) or (is_bilingual and embedder.card.reads("en"))


def reembed(vectors: Vectors, embedder: Embedder, tell: Callable[[Pace], None]) -> int:
    """Embed every passage that *embedder* has not embedded; return how many those were.

    A service may go on beside it: what comes meanwhile is embedded too, what leaves is left out.
    Each batch is kept as it is done, so that a second call goes on where the first was ended.
    """
    name = embedder.card.name
    began, done = time.monotonic(), 0
    total = vectors.missing(name)
    for batch in _batches(vectors, name):
        texts = [embedded_text(one.title, one.headings, one.text) for one in batch]
        made = embed_readable(embedder, texts)
        done += vectors.store(dict(zip((one.id for one in batch), made, strict=True)), name)
        total = max(total, done)
        rate = done / (time.monotonic() - began)
        tell(Pace(done, total, rate, (total - done) / rate if rate else 0.0))
    return done


def _batches(vectors: Vectors, name: str) -> Iterator[list[BarePassage]]:
    after = 0
    # After the last one again from the start: what came meanwhile may have any id.
    while batch := vectors.without(name, after, _AT_ONCE) or vectors.without(name, 0, _AT_ONCE):
        yield batch
        after = batch[-1].id


def _stored_glossed(embedded: Embedded) -> StoredVector:
    return StoredVector(embedded.vector.astype("<f4").tobytes(), b"", GLOSSED)


def _stored(embedded: Embedded) -> StoredVector:
    return StoredVector(
        vector=embedded.vector.astype("<f4").tobytes(),
        tokens=packed(embedded.tokens),
        width=embedded.tokens.shape[1] if len(embedded.tokens) else 0,
    )
