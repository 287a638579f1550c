"""Keeps the derived indexes up with the registry's change log."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from services.domain.documents import Receipt
from services.domain.passages import Change
from services.index import DerivedIndex, VectorIndex, WordIndex, in_vector_segments, with_glossed
from services.index.generations import Generations, Stamp
from services.registry.sqlalchemy_registry import Registry

# A new generation is worth writing when so many changes would have to be caught up with.
_CHANGES_PER_GENERATION = 5000
# What was removed leaves the files of the indexes when nothing has changed for so long, and longer
# where there is much to write anew.
_QUIET_S = 5.0
_QUIET_EACH_S = 0.001
_CLEANED_AT_THE_END = 50_000
# A question waits so long for what has just become ready.
_PATIENCE_S = 0.5


class IndexFollower:
    """Opens the newest whole generation, or builds the indexes anew, and follows the log.

    One thread at a time applies changes. `start` polls in a thread of its own until `stop`, which
    publishes what is not yet on disk. `on_removed` is told each collection that lost a document.
    """

    def __init__(
        self,
        registry: Registry,
        vectors: VectorIndex,
        words: WordIndex,
        generations: Generations,
        stamp: Stamp,
    ) -> None:
        self.on_removed: Callable[[str], None] = lambda _collection: None
        self._registry = registry
        self._vectors = vectors
        self._words = words
        self._generations = generations
        self._stamp = stamp
        self._published = 0
        # The last attempt to write a generation did not fail half way.
        self._is_whole = True
        # Collections whose files still hold words of removed passages, and since when it is quiet.
        self._stained: set[str] = set()
        self._changed_at = 0.0
        self.seq = 0
        self.rebuilt = False
        self._is_open = False
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Bring both indexes up to the registry's newest change; once they are open, do nothing."""
        if self._is_open:
            return
        self._is_open = True
        loaded = self._generations.load_newest(self._indexes(), self._stamp)
        if loaded is not None:
            self.seq = self._published = loaded.seq
        else:
            self._build()
        self.catch_up()

    def catch_up(self) -> None:
        """Apply every change that is not yet in the indexes."""
        with self._lock:
            self._apply_all()

    def keep_up(self) -> None:
        """Apply what the registry holds by now, so that a question finds what is `ready`; give up
        after half a second of others' work, and let it be found a little later.
        """
        if self._registry.changes.head() == self.seq:
            return
        if self._lock.acquire(timeout=_PATIENCE_S):
            try:
                self._apply_all()
            finally:
                self._lock.release()

    def removed(self, receipt: Receipt) -> Receipt:
        """Catch up at once and add to the receipt what left the indexes: once the change has been
        applied, by this thread or the following one, none of the passages is in them.
        """
        self.catch_up()
        counted = {
            **receipt.removed,
            "vector_index": receipt.removed["passages"],
            "keyword_index": receipt.removed["passages"],
        }
        return Receipt(receipt.document_id, counted)

    def clean(self) -> None:
        """Write anew whatever still holds words of removed passages: indexes, their generations on
        disk, and the database's log.
        """
        with self._lock:
            for collection in sorted(self._stained):
                kept = self._registry.passages.all_indexed(self._stamp.embedder, collection)
                self._words.renew(collection, kept)
            self._stained.clear()
            self._publish(kept=1)
        self._registry.database.clear_log()

    def start(self, poll_s: float, on_error: Callable[[Exception], None]) -> None:
        """Follow the log every *poll_s* seconds."""
        self._thread = threading.Thread(
            target=self._follow, args=(poll_s, on_error), name="index-follower", daemon=True
        )
        self._thread.start()

    def passages(self) -> int:
        """Return how many passages can be found."""
        return self._words.count()

    def stop(self) -> None:
        """Stop following and publish a last generation."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if not self._stained:
            self.publish()
        elif self._words.count() <= _CLEANED_AT_THE_END:
            self.clean()
        # Else the older generation stays, whose next start applies the removals, and cleans, again.

    def publish(self) -> None:
        """Write a generation if the last one lacks a change, or long work of the index."""
        with self._lock:
            is_newest = self._is_whole and self.seq == self._published
            if not is_newest or not self._vectors.is_saved or not self._generations.numbers():
                self._publish()

    def _publish(self, kept: int = 2) -> None:
        stamp = Stamp(self.seq, self._stamp.embedder, self._stamp.dimension, self._stamp.analyzer)
        self._is_whole = False
        self._generations.publish(self._indexes(), stamp, kept=kept)
        self._published, self._is_whole = self.seq, True

    def _indexes(self) -> Mapping[str, DerivedIndex]:
        return {self._vectors.kind: self._vectors, "words": self._words}

    def _follow(self, poll_s: float, on_error: Callable[[Exception], None]) -> None:
        while not self._stopping.wait(poll_s):
            try:
                self.catch_up()
                is_due = (
                    self.seq - self._published > _CHANGES_PER_GENERATION
                    or not self._vectors.is_saved
                )
                if self._stained and (is_due or self._is_quiet()):
                    self.clean()
                elif is_due:
                    self.publish()
            except Exception as error:  # noqa: BLE001 - the loop must outlive any one failure
                on_error(error)

    def _is_quiet(self) -> bool:
        wait_s = _QUIET_S + _QUIET_EACH_S * self._words.count()
        return time.monotonic() - self._changed_at > wait_s

    def _apply_all(self) -> None:
        while changes := self._registry.changes.after(self.seq):
            self._apply(changes)

    def _build(self) -> None:
        # Changes that come while the passages are read are applied again after it, which is
        # harmless: adding what is there replaces it.
        self.seq = self._registry.changes.head()
        self.rebuilt = True
        for batch in self._registry.passages.all_indexed(self._stamp.embedder):
            self._vectors.add(in_vector_segments(batch))
            self._words.add(batch)

    def _apply(self, changes: Sequence[Change]) -> None:
        """Apply changes in order of documents: only what became of each in the end matters."""
        # A document that moves between segments leaves one and comes into another.
        last = {
            (change.document_id, change.collection_id): change
            for change in changes
            if change.kind != "embed"
        }
        leaving = [
            (change.document_id, change.collection_id)
            for change in last.values()
            if change.kind == "remove"
        ]
        coming = [change.document_id for change in last.values() if change.kind == "add"]
        moving = [one for one in leaving if one[0] in coming]
        if moving:
            self._vectors.remove(with_glossed(moving))
            self._words.remove(moving)
        passages = self._registry.passages.indexed(coming, self._stamp.embedder)
        if passages:
            self._vectors.add(in_vector_segments(passages))
            self._words.add(passages)
        self._add_vectors(changes, last.keys())
        if leaving:
            self._vectors.remove(with_glossed(leaving))
            self._words.remove(leaving)
            emptied = {collection for _, collection in leaving}
            self._stained |= emptied
            for collection in emptied:
                self.on_removed(collection)
        self._changed_at = time.monotonic()
        self.seq = changes[-1].seq

    def _add_vectors(self, changes: Sequence[Change], done: AbstractSet[tuple[str, str]]) -> None:
        """Add what this index's embedder made of passages whose words are in it already."""
        embedded = {
            (change.document_id, change.collection_id)
            for change in changes
            if change.kind == "embed" and change.embedder == self._stamp.embedder
        } - done
        passages = self._registry.passages.indexed(
            [document for document, _ in sorted(embedded)], self._stamp.embedder
        )
        if passages:
            self._vectors.add(in_vector_segments(passages))
