"""A failure that was not the file's: the document is tried again soon, not when its lease ends."""

from collections.abc import Sequence

import pytest
from typing_extensions import override

from ingest.worker import sweep
from services.domain.errors import NotReadyError
from services.engine import Embedded
from services.jobs.memory_queue import MemoryQueue
from services.registry import work
from tests.bar.conftest import HashEmbedder, MakeRunning

pytestmark = pytest.mark.beyond


class Unreachable(HashEmbedder):
    """Does not answer the first five times."""

    @override
    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        self.calls += 1
        if self.calls <= 5:
            raise NotReadyError("The store does not answer.")
        return super().embed_passages(texts)


class OnceBusy(HashEmbedder):
    """Fails the first time that it is asked for passages."""

    @override
    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        if not self.calls:
            self.calls += 1
            raise OSError("No space left on device")
        return super().embed_passages(texts)


def test_what_failed_through_no_fault_of_the_file_is_tried_again(
    make_running: MakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = make_running(embedder=OnceBusy())
    _, told = running.upload("tea.md", b"Tea is served at four.")
    queue = MemoryQueue()
    monkeypatch.setattr(work, "_TRIED_AGAIN_S", -1)

    with pytest.raises(OSError, match="No space"):
        running.ingest()
    sent = sweep(running.house.registry, queue)
    running.ingest()

    assert (sent, queue.sent) == (1, [[told["id"]]])
    _, shown = running.call("GET", f"/v1/documents/{told['id']}")
    assert shown["status"] == "ready"


def test_an_outage_that_lasts_fails_no_document(
    make_running: MakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = make_running(embedder=Unreachable())
    _, told = running.upload("tea.md", b"Tea is served at four.")
    monkeypatch.setattr(work, "_TRIED_AGAIN_S", -1)

    for _ in range(5):
        with pytest.raises(NotReadyError):
            running.ingest()
        assert sweep(running.house.registry, MemoryQueue()) == 1
    running.ingest()

    _, shown = running.call("GET", f"/v1/documents/{told['id']}")
    assert shown["status"] == "ready"
