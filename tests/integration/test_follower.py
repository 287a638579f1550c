"""What a start finds of the work that went into the indexes before it."""

import errno
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from services.domain.documents import Blob, NewDocument, Reading
from services.domain.passages import Chunk, PreparedPassage
from services.domain.scope import Role
from services.index.faiss_matrix import HostMatrix
from services.index.faiss_vectors import FaissVectorIndex
from services.index.generations import Generations, Stamp
from services.index.tantivy_words import TantivyWordIndex
from services.registry.keys import OWNER
from services.registry.prepared import PreparedDocument
from services.registry.sqlalchemy_registry import Registry
from services.retrieval.follower import IndexFollower
from services.settings import Settings
from services.wiring import open_registry

DIMENSION, PASSAGES, FROM = 16, 600, 300
POLL_S, PATIENCE_S = 0.05, 30.0


def fill(registry: Registry) -> None:
    """Store a document of many passages, as an ingest leaves it."""
    registry.collections.create("default", "", {})
    target = registry.collections.scope_of(OWNER).collection("default", Role.WRITE)
    new = NewDocument("a.txt", "a", "text/plain", "a" * 64, Blob("a" * 64, 0, 5))
    [(document, _)] = registry.documents.accept(target, [new], 0)
    [claimed] = registry.work.claim([document.id], 60, 3)
    rows = np.random.default_rng(1).normal(size=(PASSAGES, DIMENSION)).astype("<f4")
    passages = tuple(
        PreparedPassage(Chunk(0, 5, "hello"), row.tobytes(), b"", 0, "", "hello") for row in rows
    )
    prepared = PreparedDocument(claimed, Reading("hello"), passages)
    registry.work.finish([prepared], "m")


class LateMatrix(HostMatrix):
    """Makes its codes when it is told to, as one of a million rows has none for minutes."""

    told = threading.Event()

    @override
    def tend(self, lock: AbstractContextManager[object]) -> None:
        self.told.wait(PATIENCE_S)
        super().tend(lock)


def followed(
    registry: Registry, folder: Path, rows: str, matrix: type[HostMatrix] = HostMatrix
) -> tuple[IndexFollower, FaissVectorIndex]:
    vectors = FaissVectorIndex(DIMENSION, lambda: matrix(DIMENSION, folder / rows, FROM))
    words, generations = TantivyWordIndex(folder / f"{rows}-words"), Generations(folder / "kept")
    stamp = Stamp(0, "m", DIMENSION, 1)
    return IndexFollower(registry, vectors, words, generations, stamp), vectors


def test_codes_that_were_made_after_the_last_change_are_not_made_again_by_the_next_start(
    tmp_path: Path,
) -> None:
    registry = open_registry(Settings.load(data_dir=tmp_path, probe=False))
    fill(registry)
    follower, vectors = followed(registry, tmp_path, "first", LateMatrix)
    follower.open()
    follower.publish()
    LateMatrix.told.set()
    assert vectors.settle(PATIENCE_S)

    follower.start(POLL_S, lambda error: pytest.fail(str(error)))
    until = time.monotonic() + PATIENCE_S
    while len(Generations(tmp_path / "kept").numbers()) < 2 and time.monotonic() < until:
        time.sleep(POLL_S)
    # The next one finds it while this one runs: nothing hangs on an orderly end.
    again, found = followed(registry, tmp_path, "second")
    again.open()

    assert not again.rebuilt
    [segment] = found._segments.values()
    assert isinstance(segment.matrix, HostMatrix)
    assert segment.matrix.coded == PASSAGES
    assert found.is_saved
    follower.stop()
    registry.close()


def test_a_generation_that_could_not_be_written_is_written_at_the_next_occasion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = open_registry(Settings.load(data_dir=tmp_path, probe=False))
    fill(registry)
    follower, vectors = followed(registry, tmp_path, "first")
    follower.open()
    assert vectors.settle(PATIENCE_S)
    follower.publish()
    with monkeypatch.context() as broken:
        broken.setattr(follower, "_published", -1)
        broken.setattr(TantivyWordIndex, "save", full)
        with pytest.raises(OSError, match="No space"):
            follower.publish()
    assert Generations(tmp_path / "kept").numbers() == [1]

    follower.publish()
    follower.publish()

    assert Generations(tmp_path / "kept").numbers() == [1, 2]
    follower.stop()
    registry.close()


def full(_index: TantivyWordIndex, _folder: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
