"""Read, chunk, embed, store: what happens to a document between `queued` and `ready`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from services.domain.documents import Document, Failure, Progress, Reading, Status
from services.domain.errors import UnreadableError
from services.domain.media import KINDS
from services.domain.passages import Chunk, PreparedPassage
from services.engine import Embedder
from services.language.terms import terms
from services.registry.spool import Spool
from services.registry.work import PreparedDocument, Work

from ingest.chunking.langchain_chunker import LangChainChunker
from ingest.reading import Tell
from ingest.reading.children import ReadingChildren
from ingest.reading.lines import read_line
from ingest.reading.wire import Request

LEASE_S = 120
MOST_ATTEMPTS = 3
_EMBEDDED_AT_ONCE = 256
_TELL_EVERY_S = 0.5
_CPU_SECONDS = 3600
_BATCH_FORMAT = "jsonl"
_FORMAT_OF = {kind.media_type: kind.format for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reading child may take and give."""

    pages: int
    characters: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Tools:
    """What the pipeline works with. Whoever opened them closes them."""

    work: Work
    spool: Spool
    embedder: Embedder
    chunker: LangChainChunker
    children: ReadingChildren
    limits: Limits


class Pipeline:
    """Brings documents to `ready`, or to `failed` with a reason. Threads may share it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def ingest(self, document_ids: Sequence[str]) -> None:
        """Do what is still to do for these documents: safe to call twice, or after a crash."""
        claimed = self._tools.work.claim(document_ids, LEASE_S, MOST_ATTEMPTS)
        read = [one for document in claimed if (one := self._read(document)) is not None]
        if not read:
            return
        cut = [(document, reading, self._cut(reading)) for document, reading in read]
        vectors = self._embed(cut)
        prepared = []
        for document, reading, chunks in cut:
            theirs, vectors = vectors[: len(chunks)], vectors[len(chunks) :]
            prepared.append(PreparedDocument(document, reading, _prepared(reading, chunks, theirs)))
        self._tools.work.finish(prepared, self._tools.embedder.card.name)

    def _read(self, document: Document) -> tuple[Document, Reading] | None:
        """Read one document; None if it failed, which is then recorded."""
        try:
            return document, self._reading(document)
        except UnreadableError as error:
            failure = Failure(error.code, f"{document.name}: {error}")
            self._tools.work.fail(document.id, failure, {"grade": "unreadable"})
            return None

    def _reading(self, document: Document) -> Reading:
        limits = self._tools.limits
        if _FORMAT_OF[document.media_type] == _BATCH_FORMAT:
            return read_line(self._tools.spool.read(document.blob), limits.characters)
        request = Request(
            name=document.name,
            format=_FORMAT_OF[document.media_type],
            most_pages=limits.pages,
            most_characters=limits.characters,
            memory_mb=limits.memory_mb,
            cpu_seconds=_CPU_SECONDS,
        )
        path = self._tools.spool.open_path(document.blob.sha256)
        return self._tools.children.read(path, request, self._tell(Status.READING, [document.id]))

    def _cut(self, reading: Reading) -> list[Chunk]:
        return self._tools.chunker.chunks(reading)

    def _embed(self, cut: Sequence[tuple[Document, Reading, list[Chunk]]]) -> np.ndarray:
        texts = [
            embedded_text(reading.title, chunk) for _, reading, chunks in cut for chunk in chunks
        ]
        tell = self._tell(Status.EMBEDDING, [document.id for document, _, _ in cut])
        rows = []
        for start in range(0, len(texts), _EMBEDDED_AT_ONCE):
            batch = texts[start : start + _EMBEDDED_AT_ONCE]
            rows.append(self._tools.embedder.embed_documents(batch))
            tell(min(start + len(batch), len(texts)), len(texts))
        return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)

    def _tell(self, stage: Status, document_ids: Sequence[str]) -> Tell:
        """Return a function that records progress, but not more often than people can see."""
        told_at = time.monotonic() if stage is Status.READING else 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= _TELL_EVERY_S:
                told_at = time.monotonic()
                progress = Progress(stage.value, done, total)
                self._tools.work.progress(document_ids, progress, LEASE_S)

        return tell


def embedded_text(title: str, chunk: Chunk) -> str:
    """Return what is embedded of a passage: its text behind its document's title and headings."""
    above = [part for part in (title, *chunk.headings) if part]
    context = " > ".join(dict.fromkeys(above))[:_CONTEXT_LENGTH]
    return f"{context}\n{chunk.text}" if context else chunk.text


# About forty tokens: a long title must not push the passage out of the embedder's window.
_CONTEXT_LENGTH = 160


def _prepared(
    reading: Reading, chunks: Sequence[Chunk], vectors: np.ndarray
) -> tuple[PreparedPassage, ...]:
    return tuple(
        PreparedPassage(
            chunk=chunk,
            vector=vector.astype("<f4").tobytes(),
            title_terms=" ".join(terms(" ".join((reading.title, *chunk.headings)))),
            body_terms=" ".join(terms(chunk.text)),
        )
        for chunk, vector in zip(chunks, vectors, strict=True)
    )


