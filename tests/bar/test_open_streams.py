"""A key that ends while something is told to its holder: A8 of the bar."""

import http.client
import json
import time
from concurrent.futures import Future, ThreadPoolExecutor

from services.engine.memory_generator import MemoryGenerator
from tests.bar.conftest import Figure, MakeRunning, Running, lines, quoting

_QUESTION = {"question": "What is in room 3?", "stream": True}


def streamed(running: Running, key: str, path: str, body: object = None) -> tuple[str, float]:
    """Read a stream to its end; return its last event and when it came."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    sent = None if body is None else json.dumps(body)
    connection.request("POST" if sent else "GET", path, sent, headers)
    text = connection.getresponse().read().decode()
    connection.close()
    return text.strip().rsplit("\n\n", 1)[-1], time.monotonic()


def test_a8_open_streams_of_a_revoked_key_end_within_a_second(
    make_running: MakeRunning, figure: Figure
) -> None:
    generator = MemoryGenerator(quoting, pause_s=0.35)
    running = make_running(generator, questions_running=2, questions_waiting=16)
    running.upload("a.jsonl", lines(*(f"Room {n} has {n} red chairs." for n in range(9))))
    running.ingest()
    _, waiting = running.upload("b.txt", b"Nobody works on this.")
    running.grant("default", ("group:team", "read"))
    revoked, other = (running.key_for(name, groups=["team"]) for name in ("revoked", "other"))
    progress = f"/v1/documents/{waiting['id']}/events"
    with ThreadPoolExecutor(8) as pool:
        # One writes and two wait for their turn; of the other key, one writes.
        own = [pool.submit(streamed, running, revoked[1], "/v1/ask", _QUESTION) for _ in range(3)]
        own.append(pool.submit(streamed, running, revoked[1], progress))
        control = pool.submit(streamed, running, other[1], "/v1/ask", _QUESTION)
        time.sleep(0.9)
        assert [one.result()[0] for one in [*own, control] if one.done()] == []
        began = time.monotonic()
        assert running.call("DELETE", f"/v1/keys/{revoked[0]}")[0] in {200, 204}
        slowest = max(_refused_at(one) for one in own) - began
        assert control.result()[0].startswith("event: answer")
    assert slowest < 1
    figure("A8", f"4 open streams of a revoked key ended within {slowest:.2f} s; another's went on")


def _refused_at(one: "Future[tuple[str, float]]") -> float:
    last, at = one.result()
    assert last.startswith("event: error"), last
    assert "revoked" in last
    return at
