"""Vectors in any store that LangChain speaks to: a door for trying one out."""

import base64
import binascii
import hashlib
import json
import runpy
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from numpy.typing import NDArray
from typing_extensions import override

from services.domain.errors import DamagedGenerationError, NotReadyError, SettingsError
from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope

_AT_ONCE = 500
_SAVED = "langchain.json"
_Row = NDArray[np.float32]


class LangChainVectorIndex:
    """Vectors of *dimension* numbers in stores that a function of a Python file opens.

    *named* is the file and the function, like `stores.py:qdrant`; the function takes a name and an
    `Embeddings` and returns a `VectorStore`. SettingsError if there is none.

    Each collection has a store of its own, so that a Scope holds in every kind of store. A store
    gets numbers alone: the text that it keeps of a passage is its vector, from which it is ranked
    and scored here, whatever distance the store measures. One call at a time: LangChain promises
    nothing of threads. NotReadyError if a store fails.
    """

    kind: ClassVar[str] = "langchain"

    def __init__(self, named: str, dimension: int) -> None:
        self._open = _function(named)
        self._embeddings = _Decoding(dimension)
        self._build = uuid.uuid4().hex[:8]
        self._stores: dict[str, VectorStore] = {}
        # Passages by collection and document: a store removes by passage alone.
        self._held: dict[str, dict[str, set[int]]] = defaultdict(dict)
        self._lock = threading.Lock()

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add or replace passages; those without a vector are not searched by meaning."""
        with self._lock, _told():
            for segment in {one.collection_id for one in passages}:
                rows = [one for one in passages if one.collection_id == segment and one.vector]
                for start in range(0, len(rows), _AT_ONCE):
                    self._add_to(segment, rows[start : start + _AT_ONCE])

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove the passages of documents; return how many there were."""
        removed = 0
        with self._lock, _told():
            for document, segment in documents:
                theirs = self._held[segment].get(document)
                if theirs:
                    self._delete(segment, theirs)
                    del self._held[segment][document]
                    removed += len(theirs)
        return removed

    def search(self, query: _Row, scope: Scope, limit: int) -> list[Hit]:
        """Return the nearest passages of *scope*, as its stores find them."""
        hits: list[Hit] = []
        with self._lock, _told():
            for segment in scope.segments:
                if self._held[segment]:
                    rows = self._nearest(segment, query, limit)
                    hits += [Hit(number, float(row @ query)) for number, row in rows.items()]
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))[:limit]

    def vectors(self, ids: Sequence[int], scope: Scope) -> dict[int, _Row]:
        """Return the vectors of those of the passages that are in *scope*."""
        found: dict[int, _Row] = {}
        with self._lock, _told():
            for segment in scope.segments:
                if ids and self._held[segment]:
                    found |= self._ours(segment, self._by_ids(segment, ids))
        return found

    def count(self) -> int:
        """Return how many passages can be found."""
        with self._lock:
            return sum(len(theirs) for held in self._held.values() for theirs in held.values())

    @property
    def is_saved(self) -> bool:
        """Say yes: the work is done where the vectors are."""
        return True

    def save(self, folder: Path) -> None:
        """Write down which stores were filled, and what they hold."""
        with self._lock:
            held = {
                segment: {document: sorted(theirs) for document, theirs in documents.items()}
                for segment, documents in self._held.items()
            }
        saved = json.dumps({"build": self._build, "held": held})
        (folder / _SAVED).write_text(saved, encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Go on with what is in the stores; DamagedGenerationError if it is not all there."""
        saved = json.loads((folder / _SAVED).read_text(encoding="utf-8"))
        fresh, self._build = self._build, saved["build"]
        with self._lock, _told():
            for segment, documents in saved["held"].items():
                self._held[segment] = {one: set(theirs) for one, theirs in documents.items()}
            whole = all(self._is_whole(segment) for segment in saved["held"])
        if not whole:
            self._build = fresh
            self._held.clear()
            self._stores.clear()
            message = "The store of FOOTNOTE_VECTOR_STORE holds not all vectors any more."
            raise DamagedGenerationError(message)

    def _add_to(self, segment: str, rows: Sequence[IndexedPassage]) -> None:
        held = self._held[segment]
        there = {row.passage_id for row in rows if row.passage_id in held.get(row.document_id, ())}
        if there:
            # Not every store replaces what it has under the same id.
            self._delete(segment, there)
        self._store(segment).add_documents([_document(row) for row in rows])
        for row in rows:
            held.setdefault(row.document_id, set()).add(row.passage_id)

    def _nearest(self, segment: str, query: _Row, limit: int) -> dict[int, _Row]:
        """Return what the store finds, after removing from it what a crash left there."""
        store, text = self._store(segment), _written(query)
        removed: set[int] = set()
        while True:
            found = store.similarity_search(text, k=limit)
            ours = self._ours(segment, found)
            strays = {_number(one) for one in found} - ours.keys() - removed
            if not strays:
                return ours
            self._delete(segment, strays)
            removed |= strays

    def _ours(self, segment: str, found: Iterable[Document]) -> dict[int, _Row]:
        held = self._held[segment]
        return {
            _number(one): _read(one.page_content)
            for one in found
            if _number(one) in held.get(one.metadata["document"], ())
        }

    def _is_whole(self, segment: str) -> bool:
        ids = [number for theirs in self._held[segment].values() for number in theirs]
        return len(self._ours(segment, self._by_ids(segment, ids))) == len(ids)

    def _by_ids(self, segment: str, ids: Sequence[int]) -> list[Document]:
        store = self._store(segment)
        return [
            one
            for start in range(0, len(ids), _AT_ONCE)
            for one in store.get_by_ids([_id(n) for n in ids[start : start + _AT_ONCE]])
        ]

    def _delete(self, segment: str, passages: Iterable[int]) -> None:
        ids = [_id(number) for number in passages]
        for start in range(0, len(ids), _AT_ONCE):
            self._store(segment).delete(ids[start : start + _AT_ONCE])

    def _store(self, segment: str) -> VectorStore:
        if segment not in self._stores:
            # What every store takes for a name, whatever the collection is called.
            name = f"footnote-{self._build}-{hashlib.sha256(segment.encode()).hexdigest()[:16]}"
            opened = self._open(name, self._embeddings)
            if not isinstance(opened, VectorStore):
                message = f"{type(opened).__name__} is no VectorStore of LangChain"
                raise TypeError(message)
            self._stores[segment] = opened
        return self._stores[segment]


class _Decoding(Embeddings):
    """Embeds a text that is a vector as that vector.

    Some stores embed a word of their own to learn how long a vector is: that is the first axis.
    """

    def __init__(self, dimension: int) -> None:
        self._axis = np.eye(1, dimension, dtype=np.float32)[0]

    @override
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    @override
    def embed_query(self, text: str) -> list[float]:
        try:
            row = _read(text)
        except (ValueError, binascii.Error):
            row = self._axis
        same = row if len(row) == len(self._axis) else self._axis
        return [float(number) for number in same]


def _function(named: str) -> Callable[[str, Embeddings], object]:
    """Return the function that *named* (FILE:FUNCTION) names."""
    file, _, name = named.rpartition(":")
    try:
        found: Callable[[str, Embeddings], object] = runpy.run_path(file)[name]
        if not callable(found):
            raise TypeError(f"{name} is not a function")  # noqa: TRY301 - told below
    except Exception as error:  # the file is the user's: it may raise anything
        message = (
            f"FOOTNOTE_VECTOR_STORE={named} cannot be used ({type(error).__name__}: {error}); set "
            "it to a Python file and a function in it, like stores.py:qdrant."
        )
        raise SettingsError(message) from error
    return found


def _document(row: IndexedPassage) -> Document:
    text = base64.b64encode(row.vector).decode()
    metadata = {"passage": row.passage_id, "document": row.document_id}
    return Document(id=_id(row.passage_id), page_content=text, metadata=metadata)


def _number(found: Document) -> int:
    return int(found.metadata["passage"])


def _id(passage: int) -> str:
    """Return the id of a passage in a store; some take nothing but a UUID."""
    return str(uuid.UUID(int=passage))


def _written(row: _Row) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()


def _read(text: str) -> _Row:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4")


@contextmanager
def _told() -> Iterator[None]:
    """Say in the house's words that a store fails."""
    try:
        yield
    except Exception as error:  # each store raises errors of its own library
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        message = f"The vector store (FOOTNOTE_VECTOR_STORE) does not answer as it should: {reason}"
        raise NotReadyError(message) from error
