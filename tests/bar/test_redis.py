"""Redis absent, killed, frozen, slow, hostile: R1 to R3 of the bar."""

import contextlib
import os
import shutil
import signal
import socket
import socketserver
import statistics
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
import redis

from tests.bar.conftest import Figure, MakeRunning, Running, lines
from tests.ports import free_port

SCALE = int(os.environ.get("BAR_SCALE", "1"))
# One of so many that a busy machine holds up is not the 95th percentile.
_QUESTIONS = min(41 * SCALE, 200)
_SLOW_S = 2.0
_BREAKERS = ("footnote_answer_store_left_alone", "footnote_budgets_left_alone")


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


class Wire(socketserver.ThreadingTCPServer):
    """Stands before a Redis: passes its replies on, late, or half and then a reset."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self, behind: int) -> None:
        self.behind, self.fault = behind, ""
        super().__init__(("127.0.0.1", 0), _Passing)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,)).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()


class _Passing(socketserver.BaseRequestHandler):
    server: Wire

    def handle(self) -> None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.server.behind)) as other,
        ):
            asking = threading.Thread(target=self._pass_on, args=(self.request, other, False))
            asking.start()
            self._pass_on(other, self.request, True)
            asking.join(10)

    def _pass_on(self, one: socket.socket, other: socket.socket, is_reply: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if is_reply and self.server.fault == "slow":
                    time.sleep(_SLOW_S)
                if is_reply and self.server.fault == "reset":
                    other.sendall(data[: len(data) // 2])
                    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    other.close()
                    return
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@dataclass
class Heard:
    """What a service did while its Redis had a fault."""

    statuses: list[int]
    p95: float
    uploaded: int
    upload_s: float
    metrics: str


def asked(running: Running, about: str) -> tuple[list[int], float]:
    """Ask questions that nobody asked before; return their statuses and the 95th percentile of
    their seconds.
    """
    statuses, took = [], []
    for number in range(_QUESTIONS):
        began = time.perf_counter()
        body = {"question": f"Which marker has room {number}, {about}?"}
        statuses.append(running.call("POST", "/v1/ask", body)[0])
        took.append(time.perf_counter() - began)
    return statuses, statistics.quantiles(took, n=20)[-1]


def heard(running: Running, fault: str) -> Heard:
    """Upload a file and ask, under a fault."""
    began = time.perf_counter()
    status, _ = running.upload(f"{fault}.txt", f"The marker of {fault} is zq{fault}.".encode())
    took = time.perf_counter() - began
    statuses, p95 = asked(running, fault)
    metrics = str(running.call("GET", "/metrics")[1])
    if not all(f"{name} 1.0" in metrics for name in _BREAKERS):
        # Its rest may have ended since the last question: the next one tries again.
        running.call("POST", "/v1/ask", {"question": f"Which marker has a room, {fault}?"})
        metrics = str(running.call("GET", "/metrics")[1])
    return Heard(statuses, p95, status, took, metrics)


def with_all_faults(make_running: MakeRunning, folder: Path) -> tuple[Running, dict[str, Heard]]:
    """Return a service whose Redis is gone by now, and what it did before that, fault by fault."""
    # All that asks Redis amid a question is on: kept answers, and both budgets of it.
    kept = {"answers_kept": 1000, "budget_questions": "90000/hour", "budget_tokens": "9000000/hour"}
    port, found = free_port(), {}
    with redis_server(folder, port) as process, Wire(port) as wire:
        running = make_running(redis_url=f"redis://127.0.0.1:{wire.server_address[1]}/0", **kept)
        rooms = [f"Room {n} has marker zq{n:03d}x and more." for n in range(50)]
        running.upload("rooms.jsonl", lines(*rooms))
        running.ingest()
        found["healthy"] = heard(running, "healthy")
        for wire.fault in ("slow", "reset"):
            found[wire.fault] = heard(running, wire.fault)
        wire.fault = ""
        process.send_signal(signal.SIGSTOP)
        found["frozen"] = heard(running, "frozen")
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        found["killed"] = heard(running, "killed")
    absent = make_running(redis_url=f"redis://127.0.0.1:{free_port()}/0", **kept)
    return running, {**found, "absent": heard(absent, "absent")}


@pytest.mark.alone
def test_r1_questions_and_uploads_outlive_redis(
    make_running: MakeRunning, tmp_path: Path, figure: Figure
) -> None:
    running, found = with_all_faults(make_running, tmp_path)
    healthy = found.pop("healthy")
    assert all(f"{name} 0.0" in healthy.metrics for name in _BREAKERS)
    for name, told in found.items():
        assert set(told.statuses) == {200}, name
        assert told.p95 < healthy.p95 + 0.15, name
        assert told.uploaded == 202, name
        assert told.upload_s < 6, name
        assert all(f"{one} 1.0" in told.metrics for one in _BREAKERS), name
    # What was taken meanwhile is in the registry, and done by whoever works next.
    running.ingest()
    faults = set(found) - {"absent"}
    words = " ".join(f"zq{fault}" for fault in sorted(faults))
    _, told = running.call("POST", "/v1/search", {"query": words, "limit": len(faults)})
    assert {one["document_name"] for one in told["passages"]} == {f"{one}.txt" for one in faults}
    total, slowest = len(found) * _QUESTIONS, max(one.upload_s for one in found.values())
    figure(
        "R1",
        f"Redis slow (2 s), resetting, frozen, killed, absent: {total} of {total} questions "
        f"answered, p95 {max(one.p95 for one in found.values()) * 1000:.0f} ms "
        f"({healthy.p95 * 1000:.0f} ms before), its metrics say so; {len(found)} of {len(found)} "
        f"uploads kept, the slowest in {slowest:.1f} s",
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
        statuses, _ = asked(running, "hostile")
    assert keys
    assert set(statuses) == {200}
    figure(
        "R3", f"{len(hostile)} hostile values in Redis: all questions answered, nothing unpickled"
    )
