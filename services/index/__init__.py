"""Derived indexes: passages by meaning and by words, found under a Scope.

Each collection is a segment of its own in both, so that a Scope is honoured before ranking and the
statistics of what one may not read weigh nothing. An index knows up to which change it has applied;
it is published as numbered, checksummed generations and may be thrown away at any moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from services.domain.passages import Hit, IndexedPassage
from services.domain.scope import Scope, glossed_segment

# BM25: how soon a repeated term adds nothing, and how much length counts (Robertson and Zaragoza
# 2009); the values of Lucene and tantivy.
K1, B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """Of a segment: how many passages it has, how many terms a field of them has on average, and
    in how many each of some terms stands there. Removed ones may count until they are forgotten,
    then in all three.
    """

    passages: int
    mean_length: float
    often: Mapping[str, int]


def in_vector_segments(passages: Iterable[IndexedPassage]) -> list[IndexedPassage]:
    """Return passages as the index of vectors has them: glossed ones in a segment of their own."""
    return [
        replace(one, collection_id=glossed_segment(one.collection_id)) if one.is_glossed else one
        for one in passages
    ]


def with_glossed(documents: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return documents (id, collection id) wherever that index may have them."""
    named = list(documents)
    return named + [(document, glossed_segment(segment)) for document, segment in named]


class DerivedIndex(Protocol):
    """What both indexes do when documents come and go, and when they are saved."""

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Add passages; one that is there already is replaced."""
        ...

    def remove(self, documents: Iterable[tuple[str, str]]) -> int:
        """Remove all passages of documents (id, collection id); return how many there were."""
        ...

    def count(self) -> int:
        """Return how many passages can be found."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything into the empty *folder*, while nobody adds or removes."""
        ...

    def load(self, folder: Path) -> None:
        """Start from what `save` wrote, which the caller has verified; DamagedGenerationError if
        what it names elsewhere is there no more.
        """
        ...


class VectorIndex(DerivedIndex, Protocol):
    """Passages by meaning. What one *kind* of it saved, another cannot load."""

    kind: ClassVar[str]

    @property
    def is_saved(self) -> bool:
        """Say whether a start from what was saved last has no long work to do again."""
        ...

    def search(self, query: NDArray[np.float32], scope: Scope, limit: int) -> list[Hit]:
        """Return the *limit* passages of *scope* nearest to *query* (shape (dimension,)), by
        falling inner product.
        """
        ...

    def vectors(self, ids: Sequence[int], scope: Scope) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of those of the passages that are in *scope*."""
        ...


class WordIndex(DerivedIndex, Protocol):
    """Passages by words."""

    def search(self, terms: Sequence[tuple[str, float]], scope: Scope, limit: int) -> list[Hit]:
        """Return the *limit* passages of *scope* with the highest BM25 score for the weighted
        terms, by falling score.
        """
        ...

    def statistics(
        self, terms: Iterable[str], scope: Scope, field: str
    ) -> dict[str, TermStatistics]:
        """Return what BM25 needs to know of *field* (`body`: title and text together, or `title`
        alone), by the segments of *scope*.
        """
        ...

    def renew(self, collection_id: str, passages: Iterable[Sequence[IndexedPassage]]) -> None:
        """Write a collection anew from batches of all its *passages*, so that no word of removed
        ones is left in its files.
        """
        ...
