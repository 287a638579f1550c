"""What a worker meets beside files that cannot be read."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest import pipeline, worker
from ingest.pipeline import kept_alive
from ingest.reading.children import ReadingChildren
from services.domain.documents import Status
from services.domain.errors import NotReadyError
from services.registry.keys import OWNER
from services.wiring import open_registry
from tests.bar.conftest import HashEmbedder, Running, lines


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_an_original_that_is_gone_is_told_as_that(tmp_path: Path, name: str) -> None:
    running = Running(tmp_path / "data").start()
    data = lines("The red door.") if name.endswith("jsonl") else b"The red door."
    running.upload(name, data)
    registry = running.house.registry
    scope = registry.collections.scope_of(OWNER)
    [sha256] = running.house.spool.names()
    running.house.spool.remove(sha256)

    running.ingest()

    told = running.call("GET", "/v1/documents")[1]["documents"]
    running.stop()
    assert [one["status"] for one in told] == [Status.FAILED.value]
    assert told[0]["error"]["code"] == "original_gone"
    assert "add the file again" in told[0]["error"]["message"]
    assert scope.roles


def test_one_that_comes_back_at_once_is_read(tmp_path: Path) -> None:
    running = Running(tmp_path / "data").start()
    running.upload("a.txt", b"The red door.")
    spool = running.house.spool
    [sha256] = spool.names()
    spool.remove(sha256)
    threading.Timer(0.2, lambda: spool.store([b"The red door."], 100)).start()

    running.ingest()

    told = running.call("GET", "/v1/documents")[1]["documents"]
    running.stop()
    assert [one["status"] for one in told] == [Status.READY.value]


def test_a_registry_that_does_not_answer_once_ends_no_lease(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pipeline, "LEASE_S", 0.2)
    running = Running(tmp_path / "data")
    registry = open_registry(running.settings)
    children = ReadingChildren(30)
    tools = worker.build_pipeline(running.settings, registry, children, HashEmbedder())
    renewed: list[int] = []
    third = threading.Event()

    def renew(_ids: Sequence[str], _lease_s: int) -> None:
        renewed.append(len(renewed))
        if len(renewed) > 2:
            third.set()
        if len(renewed) == 1:
            message = "The registry does not answer right now: try again."
            raise NotReadyError(message)

    work = tools._tools.work
    monkeypatch.setattr(work, "renew", renew)
    with kept_alive(work, ["doc"]):
        assert third.wait(10)
    children.close()
    registry.close()
