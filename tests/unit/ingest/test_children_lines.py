"""What a reading child tells, line by line."""

import json
import os
import threading
from collections.abc import Sequence

import pytest

from ingest.reading import children
from services.domain.errors import UnreadableError


def heard(pieces: Sequence[bytes]) -> list[object]:
    answers, theirs = os.pipe()

    def tell() -> None:
        with os.fdopen(theirs, "wb", buffering=0) as out:
            for piece in pieces:
                out.write(piece)

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        return list(children._within(answers, 10))
    finally:
        os.close(answers)
        teller.join()


def test_a_line_of_many_blocks_is_put_together_once() -> None:
    long = {"text": "文" * 3_000_000}
    lines = [json.dumps(one).encode() + b"\n" for one in ({"a": 1}, long, {"b": 2}, {"c": 3})]
    joined = b"".join(lines)

    assert heard([joined[i : i + 300_000] for i in range(0, len(joined), 300_000)]) == [
        {"a": 1},
        long,
        {"b": 2},
        {"c": 3},
    ]


def test_a_line_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_LONGEST_LINE", 1000)

    with pytest.raises(UnreadableError) as told:
        heard([b"x" * 1001])
    assert told.value.code == "too_large"
