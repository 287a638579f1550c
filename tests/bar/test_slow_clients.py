"""Clients that send a byte a second, and that read nothing: O8 of the bar."""

import asyncio
import gc
import itertools
import os
import socket
import statistics
import time
from pathlib import Path

import pytest

from services.engine.memory_generator import MemoryGenerator
from tests.bar.conftest import Figure, MakeRunning, Running, lines

pytestmark = pytest.mark.beyond

SCALE = int(os.environ.get("BAR_SCALE", "1"))
_EACH = min(30 * SCALE, 200)
_CLOSED_BY_S = 15.0
_ASKED = 40


@pytest.mark.alone
def test_o8_slow_clients_are_let_go_and_others_do_not_feel_them(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running(MemoryGenerator(lambda _text: "word " * 200_000), answer_tokens=4096)
    rooms = [f"Room {n} has marker zq{n:04d}x." for n in range(100)]
    running.upload("rooms.jsonl", lines(*rooms))
    running.ingest()
    # An original that is longer than what a socket takes unread, for each of those who do not read.
    status, told = running.upload("long.txt", b"Nothing of interest stands here.\n" * (1 << 19))
    assert status == 202
    alone = _p95(running)
    gc.collect()
    before = _resident()

    closed, beside, during = asyncio.run(_beside_slow_clients(running, told["id"]))

    assert len(closed) == 3 * _EACH
    assert max(closed) < _CLOSED_BY_S
    assert beside < 2 * alone + 0.05
    assert (during - before) / (3 * _EACH) < 1 << 20
    figure(
        "O8",
        f"{len(closed)} slow clients (headers, bodies, unread): all closed, the last after "
        f"{max(closed):.0f} s; others' p95 {beside * 1000:.0f} ms ({alone * 1000:.0f} alone); "
        f"{max(0, during - before) / (3 * _EACH) / 1024:.0f} KB each",
    )


async def _beside_slow_clients(
    running: Running, document_id: str
) -> tuple[list[float], float, int]:
    head = f"POST /v1/ask HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {running.key}\r\n"
    body = head + "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    unread = head.replace("POST /v1/ask", f"GET /v1/documents/{document_id}/file") + "\r\n"
    slow = [
        *(_trickling(running.port, b"GET /health/live HTTP/1.1\r\nX-A: ") for _ in range(_EACH)),
        *(_trickling(running.port, body.encode()) for _ in range(_EACH)),
        *(_not_reading(running.port, unread.encode()) for _ in range(_EACH)),
    ]
    clients = [asyncio.create_task(one) for one in slow]
    await asyncio.sleep(2)
    beside = await asyncio.to_thread(_p95, running)
    during = _resident()
    closed = await asyncio.gather(*clients)
    return [one for one in closed if one is not None], beside, during


async def _trickling(port: int, first: bytes) -> float | None:
    """Send *first*, then a byte a second; return after how long the service closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(first)
    try:
        for letter in itertools.cycle(b"a"):
            if time.monotonic() - began > 2 * _CLOSED_BY_S:
                break
            writer.write(bytes([letter]))
            await writer.drain()
            ended = asyncio.create_task(reader.read(1))
            done, _ = await asyncio.wait([ended], timeout=1)
            if done:
                return time.monotonic() - began
            ended.cancel()
    except OSError:
        return time.monotonic() - began
    finally:
        writer.close()
    return None


async def _not_reading(port: int, request: bytes) -> float | None:
    """Ask for much and read nothing; return after how long the service closed."""
    loop = asyncio.get_running_loop()
    closed = loop.create_future()

    class Deaf(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
            transport.write(request)

        def connection_lost(self, exc: Exception | None) -> None:
            del exc
            if not closed.done():
                closed.set_result(time.monotonic())

    began = time.monotonic()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    transport, _ = await loop.create_connection(Deaf, sock=deaf)
    while not closed.done() and time.monotonic() - began < 2 * _CLOSED_BY_S:
        await asyncio.sleep(0.2)
        if not transport.is_closing():
            transport.write(b"\r\n")
    transport.abort()
    return closed.result() - began if closed.done() else None


def _p95(running: Running) -> float:
    took = []
    for number in range(_ASKED):
        began = time.perf_counter()
        status, _ = running.call("POST", "/v1/search", {"query": f"marker of room {number}"})
        assert status == 200
        took.append(time.perf_counter() - began)
    return statistics.quantiles(took, n=20)[-1]


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
