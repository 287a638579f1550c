"""What the fits work on: evidence of every question of the sets, by the service's own code.

Reads a data folder into which the sets were added as collections of their names.
"""

import re
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.sets import rows
from services.answering.evidence import Evidence, Weigher
from services.domain.answers import Turn
from services.domain.scope import Scope
from services.index.faiss_vectors import FaissVectorIndex
from services.index.tantivy_words import TantivyWordIndex
from services.registry.keys import OWNER
from services.retrieval import Query, Retrieval
from services.retrieval.legs import Legs
from services.retrieval.retriever import Retriever
from services.settings import Settings, set_quiet_offline
from services.wiring import open_embedder, open_registry

_CJK = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a set with what was found for it."""

    set_name: str
    row: dict[str, Any]
    retrieval: Retrieval
    evidence: list[Evidence]


class Bench:
    """Retrieval and evidence over a data folder, without a service."""

    def __init__(self, data_dir: Path) -> None:
        set_quiet_offline()
        settings = Settings.load(data_dir=data_dir)
        self.registry = open_registry(settings)
        self.embedder = open_embedder(settings)
        self.vectors = FaissVectorIndex(self.embedder.card.dimension)
        self.words = TantivyWordIndex(Path(tempfile.mkdtemp()) / "words")
        for batch in self.registry.passages.all_indexed(self.embedder.card.name):
            self.vectors.add(batch)
            self.words.add(batch)
        legs = Legs(self.embedder, self.vectors, self.words)
        self.retriever = Retriever(legs, self.registry.passages, self.registry.collections)
        self.weigher = Weigher(self.embedder)
        self._scope = self.registry.collections.scope_of(OWNER)

    def scope(self, name: str) -> Scope:
        """Return the Scope of one set's collection."""
        return self._scope.narrowed([name])

    def asked(self, name: str, passages: int = 6, limit: int | None = None) -> Iterator[Asked]:
        """Yield each question of a set with its retrieval and evidence."""
        for row in rows(name, "queries")[:limit]:
            history = tuple(Turn(**turn) for turn in row.get("history") or [])
            found = self.retriever.search(Query(row["text"], history), self.scope(name), 30)
            evidence = self.weigher.evidence(found.question, found, passages)
            yield Asked(name, row, found, evidence)


def features(evidence: list[Evidence]) -> NDArray[np.float64]:
    """Return the features of all sentences, a row each."""
    return np.array([one.features for one in evidence])


def norm(text: str) -> str:
    """Return *text* as SQuAD's normalisation has it, punctuation of all scripts removed."""
    plain = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(" " if unicodedata.category(c)[0] in "PSZC" else c for c in plain)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def holds(reply: str, answers: list[str]) -> bool:
    """Say whether an accepted answer stands in *reply*."""
    said = norm(reply)
    flat = said.replace(" ", "")
    return any(
        (norm(a).replace(" ", "") in flat) if _CJK.search(a) else (f" {norm(a)} " in f" {said} ")
        for a in answers
        if norm(a)
    )
