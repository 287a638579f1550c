"""Redis absent, killed, frozen, slow, hostile: R1 to R3 of the bar."""

import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.bar.conftest import Figure, MakeRunning, Running, free_port, lines

_QUESTIONS = 40


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Redis on *port*."""
    binary = shutil.which("redis-server")
    assert binary is not None
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        client = redis.Redis(port=port)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                client.ping()
                break
            except redis.RedisError:
                time.sleep(0.05)
        client.close()
        try:
            yield process
        finally:
            process.kill()


def asked(running: Running) -> tuple[list[int], float]:
    """Ask many questions; return their statuses and the 95th percentile of their seconds."""
    statuses, took = [], []
    for number in range(_QUESTIONS):
        began = time.perf_counter()
        body = {"question": f"Which marker has room {number}?"}
        statuses.append(running.call("POST", "/v1/ask", body)[0])
        took.append(time.perf_counter() - began)
    return statuses, statistics.quantiles(took, n=20)[-1]


def uploaded(running: Running, name: str) -> tuple[int, float]:
    """Upload a small file; return the status and the seconds."""
    began = time.perf_counter()
    status, _ = running.upload(f"{name}.txt", f"The marker of {name} is zq{name}.".encode())
    return status, time.perf_counter() - began


def test_r1_questions_and_uploads_outlive_redis(
    make_running: MakeRunning, tmp_path: Path, figure: Figure
) -> None:
    port = free_port()
    with redis_server(tmp_path, port) as process:
        running = make_running(redis_url=f"redis://127.0.0.1:{port}/0")
        rooms = [f"Room {n} has marker zq{n:03d}x and more." for n in range(50)]
        running.upload("rooms.jsonl", lines(*rooms))
        running.ingest()
        _, healthy = asked(running)
        found = {}
        process.send_signal(signal.SIGSTOP)
        found["frozen"] = (uploaded(running, "frozen"), asked(running))
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        found["killed"] = (uploaded(running, "killed"), asked(running))
    absent = make_running(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    found["absent"] = (uploaded(absent, "absent"), asked(absent))
    for name, ((status, took), (statuses, p95)) in found.items():
        assert set(statuses) == {200}, name
        assert p95 < healthy + 0.15, name
        assert status == 202, name
        assert took < 6, name
    # What was taken meanwhile is in the registry, and done by whoever works next.
    running.ingest()
    _, told = running.call("POST", "/v1/search", {"query": "zqfrozen zqkilled", "limit": 2})
    assert {one["document_name"] for one in told["passages"]} == {"frozen.txt", "killed.txt"}
    slowest = max(took for (_, took), _ in found.values())
    figure(
        "R1",
        f"Redis frozen, killed, absent: {3 * _QUESTIONS} of {3 * _QUESTIONS} questions answered, "
        f"p95 {max(p95 for _, (_, p95) in found.values()) * 1000:.0f} ms "
        f"({healthy * 1000:.0f} ms before); 3 of 3 uploads kept, the slowest in {slowest:.1f} s",
    )


def test_r3_hostile_messages_do_no_harm(
    make_running: MakeRunning, tmp_path: Path, figure: Figure
) -> None:
    port = free_port()
    with redis_server(tmp_path, port):
        running = make_running(redis_url=f"redis://127.0.0.1:{port}/0")
        running.upload("a.txt", b"The marker is zqafter and nothing else.")
        client = redis.Redis(port=port)
        keys = list(client.keys("*"))
        hostile = [b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.", b"\xff" * 100, b"{}", b"[1]"]
        for key in keys:
            if client.type(key) == b"hash":
                for number, value in enumerate(hostile):
                    client.hset(key, f"bad{number}", value)
        for number in range(len(hostile)):
            client.rpush("dramatiq:documents", f"bad{number}")
        client.close()
        running.ingest()
        statuses, _ = asked(running)
    assert keys
    assert set(statuses) == {200}
    figure(
        "R3", f"{len(hostile)} hostile values in Redis: all questions answered, nothing unpickled"
    )
