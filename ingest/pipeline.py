"""Read, chunk, embed, store: what happens to a document between `queued` and `ready`."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from ingest.chunking.langchain_chunker import LangChainChunker
from ingest.embedding import NOT_STORED, embed_readable
from ingest.reading import Tell
from ingest.reading.children import ReadingChildren
from ingest.reading.lines import read_line
from ingest.reading.wire import Request
from services.domain.documents import Document, Failure, Progress, Reading, Status
from services.domain.errors import NotReadyError, StorageFullError, UnreadableError
from services.domain.media import KINDS
from services.domain.passages import Chunk, PreparedPassage, embedded_text
from services.engine import Embedder
from services.language.analysis import analysed
from services.registry.prepared import PreparedDocument
from services.registry.spool import Spool
from services.registry.vectors import StoredVector
from services.registry.work import Work

LEASE_S = 120
MOST_ATTEMPTS = 3
log = structlog.get_logger("pipeline")

_EMBEDDED_AT_ONCE = 256
_SMALL_TOGETHER, _SMALL_BYTES = 32, 32_768
_TELL_EVERY_S = 0.5
_LOOKS_AGAIN_S = (0.5, 2.0)
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
        claimed = self._claimed(document_ids)
        ids = [document.id for document in claimed]
        try:
            with kept_alive(self._tools.work, ids):
                self._ingest(claimed)
        except (NotReadyError, StorageFullError):
            # The file's turn has not come yet: a store that is down for an hour loses nothing.
            self._tools.work.shorten(ids, is_attempt=False)
            raise
        except Exception:
            # Whoever tries again need not wait until the whole lease is over.
            self._tools.work.shorten(ids, is_attempt=True)
            raise

    def _claimed(self, document_ids: Sequence[str]) -> list[Document]:
        """Claim the documents; of small files, some that wait behind them too: embedding, storing
        and indexing them together takes less time.
        """
        claimed = self._tools.work.claim(document_ids, LEASE_S, MOST_ATTEMPTS)
        room = _SMALL_TOGETHER - len(claimed)
        if not claimed or room <= 0 or any(one.bytes > _SMALL_BYTES for one in claimed):
            return claimed
        return claimed + self._tools.work.claim_small(room, _SMALL_BYTES, LEASE_S)

    def _ingest(self, claimed: Sequence[Document]) -> None:
        read = [one for document in claimed if (one := self._read(document)) is not None]
        if not read:
            return
        cut = [(document, reading, self._cut(reading)) for document, reading in read]
        embedded = iter(self._embed(cut))
        prepared = [
            PreparedDocument(
                document,
                reading,
                tuple(_prepared(reading, chunk, next(embedded)) for chunk in chunks),
            )
            for document, reading, chunks in cut
        ]
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
        """Read a document; UnreadableError if its original is gone. One that was just being deleted
        while it was sent again is stored again at once.
        """
        for wait_s in _LOOKS_AGAIN_S:
            try:
                return self._read_original(document)
            except FileNotFoundError:
                if self._tools.spool.holds(document.blob.sha256):
                    raise
                time.sleep(wait_s)
        message = "Its original is gone from the spool: add the file again."
        raise UnreadableError("original_gone", message)

    def _read_original(self, document: Document) -> Reading:
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
        tell = self._tell(Status.READING, [document.id])
        with self._tools.spool.lent(document.blob.sha256) as path:
            return self._tools.children.read(path, request, tell)

    def _cut(self, reading: Reading) -> list[Chunk]:
        return self._tools.chunker.chunks(reading)

    def _embed(self, cut: Sequence[tuple[Document, Reading, list[Chunk]]]) -> list[StoredVector]:
        texts = [
            embedded_text(reading.title, chunk.headings, chunk.text)
            for _, reading, chunks in cut
            for chunk in chunks
        ]
        tell = self._tell(Status.EMBEDDING, [document.id for document, _, _ in cut])
        embedder = self._tools.embedder
        # Of a changed document, most passages are those of its last version.
        kept = self._tools.work.kept_vectors(
            [document.id for document, _, _ in cut], embedder.card.name, frozenset(texts)
        )
        rows = [kept.get(text, NOT_STORED) for text in texts]
        wanted = [i for i, text in enumerate(texts) if text not in kept]
        for start in range(0, len(wanted), _EMBEDDED_AT_ONCE):
            batch = wanted[start : start + _EMBEDDED_AT_ONCE]
            embedded = embed_readable(embedder, [texts[i] for i in batch])
            for i, row in zip(batch, embedded, strict=True):
                rows[i] = row
            tell(batch[-1] + 1, len(texts))
        return rows

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


def _prepared(reading: Reading, chunk: Chunk, embedded: StoredVector) -> PreparedPassage:
    title_terms, body_terms = analysed(reading.title, chunk.headings, chunk.text)
    return PreparedPassage(
        chunk=chunk,
        vector=embedded.vector,
        tokens=embedded.tokens,
        width=embedded.width,
        title_terms=title_terms,
        body_terms=body_terms,
    )


@contextmanager
def kept_alive(work: Work, document_ids: Sequence[str]) -> Iterator[None]:
    """Renew the leases of documents while they are worked on, however long a step takes."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_S / 4):
            try:
                work.renew(document_ids, LEASE_S)
            except Exception as error:
                # A registry that does not answer now may do so before the lease runs out.
                log.exception("a lease was not renewed", exc_info=error)

    thread = threading.Thread(target=renew, daemon=True)
    if document_ids:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if document_ids:
            thread.join()
