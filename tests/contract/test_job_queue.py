"""The queue's battery, on the embedded broker and on a real Redis."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.jobs.dramatiq_queue import (
    QUEUE,
    DramatiqQueue,
    DramatiqWorker,
    redis_broker,
    sqlite_broker,
)
from services.jobs.sqlite_broker import SQLiteBroker


def wait_until(done: object, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    assert callable(done)
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_every_message_is_handled_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    broker = (
        sqlite_broker(tmp_path / "queue.sqlite")
        if kind == "sqlite"
        else redis_broker(request.getfixturevalue("redis_url"))
    )
    handled: list[str] = []
    queue = DramatiqQueue(broker)
    for i in range(40):
        queue.send([f"doc{i}"])
    assert queue.waiting() == 40
    worker = DramatiqWorker(broker, handled.extend, threads=4)

    worker.start()
    wait_until(lambda: len(handled) == 40)
    worker.stop(5)

    assert sorted(handled) == sorted(f"doc{i}" for i in range(40))
    assert queue.waiting() == 0


def test_a_handler_that_fails_is_tried_again(tmp_path: Path) -> None:
    broker = sqlite_broker(tmp_path / "queue.sqlite")
    tried: list[Sequence[str]] = []

    def handler(ids: Sequence[str]) -> None:
        tried.append(ids)
        if len(tried) == 1:
            message = "the first try fails"
            raise RuntimeError(message)

    queue = DramatiqQueue(broker)
    queue.send(["doc"])
    worker = DramatiqWorker(broker, handler, threads=1)
    worker.start()
    wait_until(lambda: len(tried) == 2)
    worker.stop(5)

    assert broker.size(QUEUE) == 0


def test_a_dead_workers_messages_come_back(tmp_path: Path) -> None:
    broker = SQLiteBroker(tmp_path / "queue.sqlite", middleware=[], lease_s=0.2)
    queue = DramatiqQueue(broker)
    queue.send(["doc"])
    taken = broker.take(QUEUE, "dead")
    assert taken is not None
    assert broker.take(QUEUE, "other") is None

    time.sleep(0.3)

    again = broker.take(QUEUE, "other")
    assert again is not None
    assert again[0] == taken[0]
    broker.done(again[0], "dead")
    assert broker.size(QUEUE) == 1


def test_recovery_ends_leases_at_once(tmp_path: Path) -> None:
    broker = SQLiteBroker(tmp_path / "queue.sqlite", middleware=[], lease_s=600)
    queue = DramatiqQueue(broker)
    queue.send(["doc"])
    broker.take(QUEUE, "dead")
    assert queue.waiting() == 0

    queue.recover()

    assert queue.waiting() == 1


def test_two_takers_never_get_the_same_message(tmp_path: Path) -> None:
    broker = SQLiteBroker(tmp_path / "queue.sqlite", middleware=[])
    queue = DramatiqQueue(broker)
    for i in range(60):
        queue.send([str(i)])
    taken: list[int] = []

    def take() -> None:
        while (one := broker.take(QUEUE, threading.current_thread().name)) is not None:
            taken.append(one[0])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == 60
