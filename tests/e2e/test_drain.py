"""The end of a service: what is being answered is answered, the rest is told."""

import http.client
import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

QUESTION = "How many seats does room 7 have, and what is it for?"
_STREAMS = 12


def streamed(service: Any, question: str) -> list[str]:
    """Return the names of a stream's events, to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    headers = {"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"}
    body = json.dumps({"question": question, "stream": True, "max_tokens": 60})
    connection.request("POST", "/v1/ask", body, headers)
    text = connection.getresponse().read().decode()
    connection.close()
    return [line[7:] for line in text.splitlines() if line.startswith("event: ")]


@pytest.mark.alone
def test_every_stream_ends_with_a_terminal_event_and_readiness_falls_at_once(
    make_service: Any,
) -> None:
    service = make_service(questions_running="2", answers_at_once="2").start()
    lines = [f"Room {i} seats {i} people. It is used for meetings of team {i}." for i in range(40)]
    service.upload("rooms.txt", "\n\n".join(lines).encode(), collection="rooms")
    service.wait_until_rested("rooms")

    with ThreadPoolExecutor(_STREAMS) as pool:
        streams = [pool.submit(streamed, service, f"{QUESTION} Room {i}?") for i in range(_STREAMS)]
        time.sleep(1.0)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ready = service.call("GET", "/health/ready")[0]
        refused = service.call("POST", "/v1/ask", {"question": QUESTION})[0]
        ends = [stream.result()[-1] for stream in streams]

    assert (ready, refused) == (503, 503)
    assert set(ends) <= {"answer", "error"}
    assert "answer" in ends
    assert service.process.wait(15) == 0
