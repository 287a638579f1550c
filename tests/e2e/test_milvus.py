"""A service whose vectors are in Milvus: a restart, a deletion, a server that stops answering."""

import signal
from collections.abc import Callable
from pathlib import Path

from tests.conftest import milvus
from tests.e2e.conftest import Service

LEAVE = "How many days of paid leave does an employee have?"


def test_vectors_are_found_in_milvus(make_service: Callable[..., Service], tmp_path: Path) -> None:
    with milvus(tmp_path / "milvus") as (url, server):
        service = make_service(milvus_url=url).start()
        service.upload("leave.txt", b"Every employee has 23 days of paid leave.", source_id="leave")
        service.upload("rent.txt", b"The rent is 4,200 euros a month.", source_id="rent")
        service.wait_until_rested()
        assert nearness(service)["leave"] > 0.5
        assert service.stop() == 0

        again = make_service(milvus_url=url).start()
        assert '"rebuilt": false' in again.log.read_text(encoding="utf-8")
        assert nearness(again)["leave"] > 0.5
        server.send_signal(signal.SIGSTOP)
        status, told = again.call("POST", "/v1/search", {"query": LEAVE})
        assert (status, "FOOTNOTE_MILVUS_URL" in told["error"]["message"]) == (503, True)
        assert again.call("GET", "/health/live")[0] == 200
        server.send_signal(signal.SIGCONT)
        again.wait(lambda: again.call("POST", "/v1/search", {"query": LEAVE})[0] == 200, 30)

        listed = again.call("GET", "/v1/documents?source_id=leave")[1]["documents"]
        assert again.run("remove", listed[0]["id"]).returncode == 0
        assert set(nearness(again)) == {"rent"}


def nearness(service: Service) -> dict[str, float]:
    """Return how near each document is to the question, by the embedding model."""
    status, told = service.call("POST", "/v1/search", {"query": LEAVE, "limit": 5})
    assert status == 200, told
    return {one["source_id"]: one["scores"]["dense"] for one in told["passages"]}
