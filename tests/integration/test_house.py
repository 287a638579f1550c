"""The house as a start builds it, on the real models."""

from pathlib import Path

import pytest

from services.domain.documents import Blob, NewDocument, Reading
from services.domain.passages import Chunk, PreparedPassage
from services.domain.scope import Role
from services.engine.llama_cpp_generator import LlamaCppGenerator
from services.registry.keys import OWNER
from services.registry.prepared import PreparedDocument
from services.registry.sqlalchemy_registry import Registry
from services.settings import Settings
from services.wiring import build_house, open_registry


def added(registry: Registry, embedder: str) -> tuple[str, str]:
    """Add a document of one passage; return its id and its segment."""
    registry.collections.create("default", "", {})
    target = registry.collections.scope_of(OWNER).collection("default", Role.WRITE)
    new = NewDocument("a.txt", "a", "text/plain", "a" * 64, Blob("a" * 64, 0, 5))
    [(document, _)] = registry.documents.accept(target, [new], 0)
    [claimed] = registry.work.claim([document.id], 60, 3)
    passage = PreparedPassage(Chunk(0, 5, "hello"), b"", b"", 0, "", "hello")
    registry.work.finish([PreparedDocument(claimed, Reading("hello"), (passage,))], embedder)
    return document.id, claimed.segment_id


def test_what_left_while_no_service_ran_leaves_saved_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(LlamaCppGenerator, "forget", lambda _, one: forgotten.append(one))
    settings = Settings.load(data_dir=tmp_path, probe=False)
    house = build_house(settings)
    document, segment = added(house.registry, house.embedder.card.name)
    house.follower.catch_up()
    house.close()
    registry = open_registry(settings)
    registry.documents.remove(registry.collections.scope_of(OWNER), document)
    registry.close()
    assert not forgotten

    house = build_house(settings)

    assert forgotten == [segment]
    house.close()
