"""Two services and a worker that share no folder: Postgres, Redis and a bucket between them."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.conftest import served
from tests.e2e.conftest import FOOTNOTE, Service
from tests.s3_server import KEY_ID, SECRET, Bucket


@dataclass
class Machines:
    """Two services, `one` and `other`, and the process of a worker."""

    one: Service
    other: Service
    worker: "subprocess.Popen[bytes]"


@pytest.fixture
def machines(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Machines]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE several")
    Bucket.files, Bucket.fails = {}, False
    with served(Bucket) as url:
        shared = {
            "database_url": postgres_url.replace("/postgres", "/several"),
            "redis_url": f"{redis_url.rpartition('/')[0]}/7",
            "spool_url": f"s3+{url}/bucket?region=eu-1",
            "spool_key": KEY_ID,
            "spool_secret": SECRET,
            "owner_key": "fn-one-key-of-the-owner-for-all-machines",
        }
        services = [Service(tmp_path / name, **shared) for name in ("one", "other")]
        for service in services:
            service.key = shared["owner_key"]
        with ThreadPoolExecutor(2) as pool:
            # Both at once: both find a database without tables.
            list(pool.map(lambda one: one.start([sys.executable, "-m", "services.api"]), services))
        environment = services[0].environment | {"FOOTNOTE_DATA_DIR": str(tmp_path / "worker")}
        worker = subprocess.Popen([str(FOOTNOTE), "worker"], env=environment)
        try:
            yield Machines(services[0], services[1], worker)
        finally:
            worker.kill()
            worker.wait()
            for service in services:
                service.stop()


def _added(by: Service, name: str, text: str) -> str:
    status, told = by.upload(name, text.encode())
    assert status == 202, told
    path = f"/v1/documents/{told['id']}"
    by.wait(lambda: by.call("GET", path)[1]["status"] == "ready", 60)
    return str(told["id"])


def _found(by: Service, words: str) -> list[str]:
    _, told = by.call("POST", "/v1/search", {"query": words, "limit": 3})
    return [one["document_name"] for one in told["passages"]]


def test_what_one_takes_all_find_and_who_dies_is_not_missed(machines: Machines) -> None:
    tea = _added(machines.one, "tea.txt", "Tea is served at four in the zanzibar room.")
    machines.other.wait(lambda: "tea.txt" in _found(machines.other, "zanzibar room"), 10)
    assert len(Bucket.files) == 1
    assert not any(one.is_file() for one in machines.one.folder.glob("spool/*"))

    machines.one.kill()

    status, text = machines.other.call("GET", f"/v1/documents/{tea}/file")
    assert (status, text) == (200, "Tea is served at four in the zanzibar room.")
    coffee = _added(machines.other, "咖啡.txt", "咖啡在三点供应，地点是桑给巴尔厅。")
    machines.other.wait(lambda: "咖啡.txt" in _found(machines.other, "咖啡几点供应"), 10)
    question = {"question": "When is tea served in the zanzibar room?", "max_tokens": 32}
    status, told = machines.other.call("POST", "/v1/ask", question)
    assert status == 200
    assert "four" in told["answer"]

    for one in (tea, coffee):
        assert machines.other.call("DELETE", f"/v1/documents/{one}")[0] == 200
    assert Bucket.files == {}
