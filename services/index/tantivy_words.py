"""The keyword index: one tantivy index a collection, over terms that we cut ourselves."""

import json
import os
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tantivy

from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope
from services.index import TermStatistics

# A match in title or headings counts once more, this much: they stand in the body too.
TITLE_WEIGHT = 0.3
_WRITER_BYTES = 32_000_000
_LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock")
_OLD = ".old-"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("passage_id", indexed=True, fast=True)
    builder.add_text_field("document_id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


class TantivyWordIndex:
    """BM25 over title and body. Its live files lie in *folder*, which is emptied at the start.

    Safe to search from many threads; one thread at a time changes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        self._segments: dict[str, tantivy.Index] = {}
        # Where a renewed collection lies; others lie under their own names.
        self._places: dict[str, str] = {}
        self._renewals = 0
        self._lock = threading.Lock()
        _make_empty(folder)

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add or replace passages, committed once a collection."""
        by_collection: dict[str, list[IndexedPassage]] = defaultdict(list)
        for passage in passages:
            by_collection[passage.collection_id].append(passage)
        with self._lock:
            for collection_id, theirs in by_collection.items():
                self._add_to(self._segment(collection_id), theirs)

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove the passages of documents; return how many there were."""
        by_collection: dict[str, list[str]] = defaultdict(list)
        for document_id, collection_id in documents:
            by_collection[collection_id].append(document_id)
        with self._lock:
            return sum(
                self._remove_from(self._segments[collection_id], theirs)
                for collection_id, theirs in by_collection.items()
                if collection_id in self._segments
            )

    def search(self, terms: Sequence[tuple[str, float]], scope: Scope, limit: int) -> list[Hit]:
        """Return the best passages of *scope* by BM25 over title and text together, and a little
        more for those whose title matches.
        """
        query = self._query(terms, {"body": 1.0, "title": TITLE_WEIGHT})
        found = []
        for _, segment in self._named(scope):
            searcher = segment.searcher()
            hits = searcher.search(query, limit, count=False).hits
            ids = searcher.fast_field_values("passage_id", [address for _, address in hits])
            found += [
                Hit(int(passage_id or 0), float(score))
                for (score, _), passage_id in zip(hits, ids, strict=True)
            ]
        return sorted(found, key=lambda hit: (-hit.score, hit.passage_id))[:limit]

    def statistics(
        self, terms: Iterable[str], scope: Scope, field: str
    ) -> dict[str, TermStatistics]:
        """Return what BM25 needs to know of a field, by segment: those that have passages."""
        wanted = set(terms)
        found = {}
        for segment_id, segment in self._named(scope):
            searcher = segment.searcher()
            often = {term: int(searcher.doc_freq(field, term)) for term in wanted}
            if searcher.num_docs:
                passages, mean = self._measured(searcher, field, often)
                found[segment_id] = TermStatistics(passages, mean, often)
        return found

    def _measured(
        self, searcher: tantivy.Searcher, field: str, often: Mapping[str, int]
    ) -> tuple[int, float]:
        """Return how many passages there are, those that are gone but not forgotten included, as
        they are in *often*; and how many terms *field* has on average. tantivy tells both with a
        score alone.
        """
        for term in sorted(filter(often.get, often), key=lambda term: (often[term], term)):
            query = self._term(field, term, 1.0)
            for _, address in searcher.search(query, 1, count=False).hits:
                told = dict(_explained(json.loads(query.explain(searcher, address).to_json())))
                mean = next(told[what] for what in told if what.startswith("avgdl"))
                return int(next(told[what] for what in told if what.startswith("N, "))), mean
        return int(searcher.num_docs), 1.0

    def count(self) -> int:
        """Return how many passages can be found."""
        with self._lock:
            return sum(int(s.searcher().num_docs) for s in self._segments.values())

    def save(self, folder: Path) -> None:
        """Link the committed files, which never change, into *folder*."""
        with self._lock:
            for collection_id in self._segments:
                place = self._places.get(collection_id, collection_id)
                _link_tree(self._folder / place, folder / collection_id)

    def load(self, folder: Path) -> None:
        """Start from saved files; they stay as they are, since the live ones are links to them."""
        with self._lock:
            for saved in folder.iterdir():
                _link_tree(saved, self._folder / saved.name)
                self._segments[saved.name] = tantivy.Index(
                    self._schema, path=str(self._folder / saved.name)
                )

    def renew(self, collection_id: str, passages: Iterable[Sequence[IndexedPassage]]) -> None:
        """Write a collection's index anew beside the old one, then take its place.

        An index forgets the words of removed passages only when it merges the files they are in.
        """
        self._renewals += 1
        aside = f"{collection_id}~{self._renewals}"
        path = self._folder / aside
        path.mkdir()
        fresh = tantivy.Index(self._schema, path=str(path))
        for batch in passages:
            self._add_to(fresh, batch)
        with self._lock:
            old = self._folder / self._places.get(collection_id, collection_id)
            self._segments[collection_id] = fresh
            self._places[collection_id] = aside
        shutil.rmtree(old, ignore_errors=True)

    def _query(
        self, terms: Sequence[tuple[str, float]], fields: Mapping[str, float]
    ) -> tantivy.Query:
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, self._term(field, term, weight * share))
                for field, share in fields.items()
                for term, weight in terms
            ]
        )

    def _term(self, field: str, term: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, field, term, index_option="freq")
        return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)

    def _add_to(self, segment: tantivy.Index, passages: Sequence[IndexedPassage]) -> None:
        writer = segment.writer(_WRITER_BYTES, 1)
        for passage in passages:
            same = tantivy.Query.term_query(self._schema, "passage_id", passage.passage_id)
            writer.delete_documents_by_query(same)
            document = tantivy.Document()
            document.add_unsigned("passage_id", passage.passage_id)
            document.add_text("document_id", passage.document_id)
            document.add_text("title", passage.title_terms)
            document.add_text("body", f"{passage.title_terms} {passage.body_terms}")
            writer.add_document(document)
        _commit(segment, writer)

    def _remove_from(self, segment: tantivy.Index, documents: Sequence[str]) -> int:
        before = int(segment.searcher().num_docs)
        writer = segment.writer(_WRITER_BYTES, 1)
        for document_id in documents:
            writer.delete_documents_by_term("document_id", document_id)
        _commit(segment, writer)
        return before - int(segment.searcher().num_docs)

    def _named(self, scope: Scope) -> list[tuple[str, tantivy.Index]]:
        with self._lock:
            return [
                (segment_id, self._segments[segment_id])
                for segment_id in scope.segments
                if segment_id in self._segments
            ]

    def _segment(self, collection_id: str) -> tantivy.Index:
        if collection_id not in self._segments:
            path = self._folder / collection_id
            path.mkdir()
            self._segments[collection_id] = tantivy.Index(self._schema, path=str(path))
        return self._segments[collection_id]


def _explained(told: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield what an explanation of a score says, part by part."""
    yield told["description"], told["value"]
    for part in told.get("details", ()):
        yield from _explained(part)


def _commit(segment: tantivy.Index, writer: tantivy.IndexWriter) -> None:
    writer.commit()
    writer.wait_merging_threads()
    segment.reload()


def _link_tree(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in source.iterdir():
        if file.name not in _LOCKS:
            os.link(file, target / file.name)


def _make_empty(folder: Path) -> None:
    """Make *folder* anew. Whoever is ending may still write into the old one: it goes aside."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(tempfile.mkdtemp(prefix=folder.name + _OLD, dir=folder.parent))
    for old in folder.parent.glob(f"{folder.name}{_OLD}*"):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()
