"""What the fits work on: evidence of every question of the sets, by the service's own code.

Reads a data folder into which the sets were added as collections of their names.
"""

import tempfile
from pathlib import Path

from services.answering.evidence import Weigher
from services.domain.scope import Scope
from services.index import in_vector_segments
from services.index.faiss_vectors import FaissVectorIndex
from services.index.tantivy_words import TantivyWordIndex
from services.registry.keys import OWNER
from services.retrieval.legs import Legs
from services.retrieval.retriever import Retriever
from services.settings import Settings, set_quiet_offline
from services.wiring import open_embedder, open_generator, open_registry


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
            self.vectors.add(in_vector_segments(batch))
            self.words.add(batch)
        legs = Legs(self.embedder, self.vectors, self.words)
        self.retriever = Retriever(legs, self.registry.passages, self.registry.collections)
        self.weigher = Weigher(self.embedder)
        self.generator = open_generator(settings)
        self._scope = self.registry.collections.scope_of(OWNER)

    def scope(self, name: str) -> Scope:
        """Return the Scope of one set's collection."""
        return self._scope.narrowed([name])

    def holds(self, name: str) -> bool:
        """Say whether there is a collection for a set."""
        return any(held.name == name for held in self._scope.roles)
