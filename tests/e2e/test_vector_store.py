"""A service whose vectors are in a store of LangChain's: the example, with a real Qdrant."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Service

EXAMPLE = Path(__file__).parents[2] / "examples/vector_stores.py:qdrant"
LEAVE = "How many days of paid leave does an employee have?"


def test_vectors_are_found_in_the_store(
    make_service: Callable[..., Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_FOLDER", str(tmp_path / "qdrant"))
    service = make_service(vector_store=str(EXAMPLE)).start()
    service.upload("leave.txt", b"Every employee has 23 days of paid leave.", source_id="leave")
    service.upload("rent.txt", b"The rent is 4,200 euros a month.", source_id="rent")
    service.wait_until_rested()
    assert nearness(service)["leave"] > 0.5
    assert service.stop() == 0

    again = make_service(vector_store=str(EXAMPLE)).start()
    assert '"rebuilt": false' in again.log.read_text(encoding="utf-8")
    assert nearness(again)["leave"] > 0.5
    listed = again.call("GET", "/v1/documents?source_id=leave")[1]["documents"]
    assert again.run("remove", listed[0]["id"]).returncode == 0
    assert set(nearness(again)) == {"rent"}
    assert again.stop() == 0

    # Back to FAISS: what the other kind saved is not loaded, but built anew.
    ours = make_service().start()
    assert '"rebuilt": true' in ours.log.read_text(encoding="utf-8")
    assert nearness(ours)["rent"] > -1


def nearness(service: Service) -> dict[str, float]:
    """Return how near each document is to the question, by the embedding model."""
    status, told = service.call("POST", "/v1/search", {"query": LEAVE, "limit": 5})
    assert status == 200, told
    return {one["source_id"]: one["scores"]["dense"] for one in told["passages"]}
