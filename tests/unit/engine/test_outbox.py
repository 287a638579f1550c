"""What readers are told, and when."""

import queue
from collections.abc import Iterator

import pytest

from services.engine import Step
from services.engine.outbox import Outbox, Reader


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    opened = Outbox()
    yield opened
    opened.close()


def test_nothing_is_told_before_it_is_delivered(outbox: Outbox) -> None:
    reader: Reader = queue.SimpleQueue()
    outbox.add(reader, Step("early"))

    with pytest.raises(queue.Empty):
        reader.get(timeout=0.05)
    outbox.deliver()

    assert reader.get(timeout=5) == Step("early")


def test_each_reader_is_told_its_own_in_order(outbox: Outbox) -> None:
    readers: list[Reader] = [queue.SimpleQueue() for _ in range(3)]
    for number in range(20):
        for at, reader in enumerate(readers):
            outbox.add(reader, Step(f"{at}.{number}"))
        outbox.deliver()

    for at, reader in enumerate(readers):
        told = [reader.get(timeout=5) for _ in range(20)]
        assert told == [Step(f"{at}.{number}") for number in range(20)]


def test_what_is_due_at_the_end_is_told() -> None:
    outbox = Outbox()
    reader: Reader = queue.SimpleQueue()
    outbox.add(reader, Step("last"))

    outbox.close()

    assert reader.get_nowait() == Step("last")
