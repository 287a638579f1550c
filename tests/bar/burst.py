"""Many clients at once, in a process of their own: they take none of the service's time.

`python tests/bar/burst.py PORT KEY BODY COUNT` asks COUNT times at once and prints as JSON the
`answers` (status, seconds, Retry-After) and the `polls` of the health route meanwhile (seconds).
"""

import asyncio
import json
import sys
import time

Answer = tuple[int, float, str]
_LOOK_S = 0.01


async def _spoken(port: int, head: str, body: str = "") -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [head, "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    began = time.perf_counter()
    writer.write("\r\n".join([*lines, "", body]).encode("ascii"))
    first = await reader.readline()
    took = time.perf_counter() - began
    rest = await reader.read()
    writer.close()
    told = [line for line in rest.split(b"\r\n") if line.lower().startswith(b"retry-after:")]
    return int(first.split()[1]), took, told[0].split()[1].decode() if told else ""


async def _polled(port: int, polls: list[float]) -> None:
    while True:
        status, took, _ = await _spoken(port, "GET /health/live HTTP/1.1")
        assert status == 200
        polls.append(took)
        await asyncio.sleep(_LOOK_S)


async def _burst(port: int, key: str, body: str, count: int) -> dict[str, object]:
    head = f"POST /v1/ask HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json"
    polls: list[float] = []
    polling = asyncio.create_task(_polled(port, polls))
    answers = await asyncio.gather(*(_spoken(port, head, body) for _ in range(count)))
    polling.cancel()
    return {"answers": answers, "polls": polls}


if __name__ == "__main__":
    _, port, key, body, count = sys.argv
    sys.stdout.write(json.dumps(asyncio.run(_burst(int(port), key, body, int(count)))))
