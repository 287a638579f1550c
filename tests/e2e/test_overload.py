"""More questions than the machine can answer in time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

_ASKED = 10


@pytest.mark.alone
def test_who_waits_long_is_answered_by_the_sentences_alone_in_time(make_service: Any) -> None:
    service = make_service(questions_running="1").start()
    lines = [f"Room {i} seats {i + 3} people and is used by team {i}." for i in range(20)]
    service.upload("rooms.txt", "\n\n".join(lines).encode(), collection="rooms")
    service.wait_until_rested("rooms")

    def ask(number: int) -> tuple[int, Any]:
        question = f"How many people does room {number} seat?"
        told: tuple[int, Any] = service.call(
            "POST", "/v1/ask", {"question": question, "deadline_s": 6}
        )
        return told

    with ThreadPoolExecutor(_ASKED) as pool:
        answers = list(pool.map(ask, range(_ASKED)))

    assert [status for status, _ in answers] == [200] * _ASKED
    without = [answer for _, answer in answers if answer["usage"]["completion_tokens"] == 0]
    assert without
    assert all(answer["citations"] for answer in without if answer["answered"])
