"""Too much at once: O1 to O6, O9 to O11 of the bar. O7, the drain, is `tests/e2e/test_drain.py`."""

import gc
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from services.domain.access import ApiKey
from services.domain.answers import Sampling
from services.engine import ModelCard, Prompt, Step
from services.engine.memory_generator import MemoryGenerator
from tests.bar.conftest import Figure, MakeRunning, Running, lines, quoting

SCALE = int(os.environ.get("BAR_SCALE", "1"))
QUESTION = {"question": "Which marker does room 3 have?", "max_tokens": 40}
_WORKERS, _QUEUE = 2, 16


class Slow(MemoryGenerator):
    """Writes a word every *pause_s* seconds and counts who is being answered."""

    def __init__(self, pause_s: float, words: int = 20) -> None:
        super().__init__(lambda text: " ".join([quoting(text)] * 3)[: words * 6], pause_s=pause_s)
        self.inside = self.most = self.calls = 0
        self._lock = threading.Lock()

    @override
    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        with self._lock:
            self.inside += 1
            self.calls += 1
            self.most = max(self.most, self.inside)
        try:
            yield from super().generate(prompt, sampling, cancelled)
        finally:
            with self._lock:
                self.inside -= 1


class Stalled(MemoryGenerator):
    """Reads, and then says nothing for as long as somebody waits, as the engine's readers do."""

    def __init__(self) -> None:
        super().__init__(quoting)
        self.inside = 0

    @override
    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        self.inside += 1
        try:
            while not cancelled():
                time.sleep(0.05)
            yield Step(finish="cancelled")
        finally:
            self.inside -= 1


class Halting(MemoryGenerator):
    """Writes, and then says nothing more; claims to be as large as a model whose own words may
    carry an answer.
    """

    @override
    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        yield from (step for step in super().generate(prompt, sampling, lambda: False) if step.text)
        while not cancelled():
            time.sleep(0.05)
        yield Step(finish="cancelled")

    @property
    @override
    def card(self) -> ModelCard:
        return replace(super().card, bytes=8 << 30)


def filled(running: Running) -> Running:
    """Put some rooms into a service."""
    texts = [f"Room {n} has marker zq{n:03d}x and seats {n + 4} people." for n in range(40)]
    running.upload("rooms.jsonl", lines(*texts))
    running.ingest()
    return running


def asked(running: Running, body: dict[str, Any] | None = None) -> tuple[int, float, str]:
    """Ask; return status, seconds, and what Retry-After says."""
    began = time.perf_counter()
    status, _, headers = running.raw("POST", "/v1/ask", body or QUESTION)
    return status, time.perf_counter() - began, headers.get("retry-after", "")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def burst(running: Running, count: int) -> dict[str, Any]:
    """Ask *count* times at once from another process, which polls the health route too."""
    script = Path(__file__).with_name("burst.py")
    given = [str(running.port), running.key, json.dumps(QUESTION), str(count)]
    told = subprocess.run(
        [sys.executable, str(script), *given], check=True, capture_output=True, timeout=300
    )
    return dict(json.loads(told.stdout))


def watched(running: Running, until: threading.Event) -> int:
    """Return how many questions were inside at most, until told to stop."""
    inside = 0
    while not until.is_set():
        inside = max(inside, running.service.admission.inside)
        time.sleep(0.01)
    return inside


@pytest.fixture
def frozen() -> Iterator[None]:
    """Keep the collector from what stands already, as the service does when it is built."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.alone
@pytest.mark.usefixtures("frozen")
def test_o1_o2_o9_a_burst_is_refused_cheaply(make_running: MakeRunning, figure: Figure) -> None:
    generator = Slow(0.05)
    running = filled(make_running(generator, questions_running=_WORKERS, questions_waiting=_QUEUE))
    normal = statistics.median(asked(running)[1] for _ in range(3))
    embedded, before = running.embedder.calls, resident_mb()
    over = threading.Event()

    with ThreadPoolExecutor(1) as pool:
        most = pool.submit(watched, running, over)
        told = burst(running, 200)
        over.set()
    answered, polls, inside = told["answers"], sorted(told["polls"]), most.result()

    admitted = [one for one in answered if one[0] == 200]
    refused = [one for one in answered if one[0] != 200]
    assert inside <= _WORKERS + _QUEUE
    assert {one[0] for one in refused} <= {429, 503}
    assert all(one[2].isdigit() for one in refused)
    assert generator.most <= _WORKERS
    # Nothing was done for those that were refused: one embedding a question that was answered.
    assert running.embedder.calls - embedded <= 2 * len(admitted)
    p99 = sorted(one[1] for one in refused)[int(len(refused) * 0.99) - 1]
    grown = resident_mb() - before
    time.sleep(1)
    after = statistics.median(asked(running)[1] for _ in range(3))
    assert after < normal * 1.5 + 0.1
    assert grown < 50
    figure(
        "O1",
        f"200 at once, {inside} inside at most: {len(admitted)} answered, {len(refused)} "
        f"refused, p99 {p99 * 1000:.0f} ms; +{grown:.0f} MB",
    )
    figure("O2", f"{len(refused)} refusals: 0 embeddings, 0 searches, 0 generations")
    figure("O9", f"health during the burst: p99 {polls[int(len(polls) * 0.99) - 1] * 1000:.0f} ms")


def _left_early(running: Running, *, stream: bool) -> None:
    """Ask, and leave: after the first event of a stream, or while the answer is written."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/ask", json.dumps({**QUESTION, "stream": stream}), headers)
    if stream:
        connection.getresponse().readline()
    else:
        time.sleep(0.3)
    connection.close()


@pytest.mark.alone
def test_o3_who_leaves_frees_the_place(make_running: MakeRunning, figure: Figure) -> None:
    slowest = 0.0
    for stream in (True, False):
        generator = Slow(0.2, words=400)
        running = filled(make_running(generator, questions_running=25))
        with ThreadPoolExecutor(25) as pool:
            for _ in range(25):
                pool.submit(_left_early, running, stream=stream)
        began = time.monotonic()
        while (
            generator.inside or running.service.admission.inside
        ) and time.monotonic() < began + 5:
            time.sleep(0.02)
        slowest = max(slowest, time.monotonic() - began)
        assert generator.inside == running.service.admission.inside == 0
        assert asked(running)[0] == 200
    assert slowest < 2
    figure("O3", f"50 clients left, streaming and not: all places free after {slowest:.2f} s")


def test_o4_who_leaves_the_queue_changes_no_answer(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = filled(make_running(Slow(0.05), questions_running=1))
    control = running.call("POST", "/v1/ask", QUESTION)[1]["answer"]
    with ThreadPoolExecutor(21) as pool:
        active = pool.submit(running.call, "POST", "/v1/ask", QUESTION)
        time.sleep(0.1)
        list(pool.map(lambda _: _left_early(running, stream=False), range(20)))
        status, told = active.result()
    assert (status, told["answer"]) == (200, control)
    assert running.service.admission.inside == 0 or _settles(running)
    figure("O4", "20 queued questions cancelled: the active answer is byte-identical")


def _settles(running: Running) -> bool:
    return _becomes(lambda: running.service.admission.inside == 0)


def _becomes(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


@pytest.mark.alone
def test_o5_a_stalled_model_ends_in_an_answer_or_504_in_time(
    make_running: MakeRunning, figure: Figure
) -> None:
    generator = Stalled()
    running = filled(make_running(generator, questions_running=1))
    began = time.perf_counter()
    status, told = running.call("POST", "/v1/ask", {**QUESTION, "deadline_s": 3})
    took = time.perf_counter() - began
    # What the model never said, the sentences say; the place is free again.
    assert (status, told["usage"]["completion_tokens"]) == (200, 0)
    assert "zq003x" in told["answer"]
    assert told["citations"]
    assert 2.4 <= took < 3
    assert generator.inside == 0
    with ThreadPoolExecutor(2) as pool:
        ahead = pool.submit(running.call, "POST", "/v1/ask", {**QUESTION, "deadline_s": 4})
        assert _becomes(lambda: generator.inside == 1)
        status, late, _ = asked(running, {**QUESTION, "deadline_s": 1})
        assert status == 504
        assert 1 <= late < 1.5
        _, text = running.call("POST", "/v1/ask", {**QUESTION, "deadline_s": 1, "stream": True})
        assert "event: error" in text.split("\n\n")[-2]
        assert ahead.result()[0] == 200
    assert generator.inside == 0
    figure(
        "O5",
        f"a model that says nothing: answered by the sentences after {took:.2f} s of a deadline of "
        f"3 s; one whose turn does not come: 504 after {late:.2f} s of 1 s",
    )


@pytest.mark.parametrize(
    "rest", ["", " Room 4 has marker zq004x and", " Room 4 has marker zq004x."]
)
def test_what_was_written_before_the_deadline_stands_in_whole_sentences(
    make_running: MakeRunning, rest: str
) -> None:
    whole = "Room 3 has marker zq003x and seats 7 people."
    running = filled(make_running(Halting(lambda _: whole + rest)))
    status, told = running.call("POST", "/v1/ask", {**QUESTION, "deadline_s": 6})
    trace = running.call("GET", f"/v1/answers/{told['id']}")[1]["trace"]
    assert status == 200
    assert trace["hurried"] is True
    assert trace["finish"] == "deadline"
    assert trace["written"] == whole + rest
    assert len(trace["grounding"]) == (2 if rest.endswith(".") else 1)
    assert told["answer"] == whole
    assert told["citations"]


@pytest.mark.alone
def test_o6_who_floods_does_not_keep_others_out(make_running: MakeRunning, figure: Figure) -> None:
    running = filled(make_running(Slow(0.02), questions_running=_WORKERS, questions_waiting=_QUEUE))
    _, flooder = running.key_for("a", ["ask"])
    _, other = running.key_for("b", ["ask"])
    alone = [_timed(running, other)[1] for _ in range(5)]
    # From a process of its own, so that its clients do not take the service's time.
    flood = subprocess.Popen(
        [sys.executable, "-c", _FLOOD, str(running.port), flooder, json.dumps(QUESTION)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    beside = []
    for _ in range(24):
        beside.append(_timed(running, other))
        time.sleep(0.25)
    refused = [int(status) for status in flood.communicate("over")[0].split()]
    turned_away = sum(status != 200 for status, _ in beside)
    p95 = statistics.quantiles([took for _, took in beside], n=20, method="inclusive")[-1]
    assert turned_away == 0
    assert set(refused) == {429}
    # A machine whose cores are lent to others now and then says nothing by its slowest question.
    judged = p95 if SCALE > 1 else statistics.median(took for _, took in beside)
    assert judged < 3 * statistics.median(alone) + 0.5
    figure(
        "O6",
        f"60 floods beside: B refused 0 times, p95 {p95:.2f} s "
        f"({statistics.median(alone):.2f} s alone); A refused {len(refused)} times, all 429",
    )


def test_o2_a_refusal_costs_no_look_into_the_registry(
    make_running: MakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = filled(make_running(Slow(0.2), questions_running=1, questions_waiting=1))
    assert asked(running)[0] == 200
    with ThreadPoolExecutor(2) as pool:
        inside = [pool.submit(asked, running) for _ in range(2)]
        until = time.monotonic() + 10
        while running.service.admission.inside < 2 and time.monotonic() < until:
            time.sleep(0.01)
        looked_up: list[str] = []
        holder = running.house.registry.keys.holder

        def counted(key: str) -> ApiKey:
            looked_up.append(key)
            return holder(key)

        monkeypatch.setattr(running.house.registry.keys, "holder", counted)
        status, _, retry_after = asked(running)
        assert (status, looked_up) == (429, [])
        assert int(retry_after) > 0
        # Another's question is not refused for it: who asks is found out first.
        assert running.call("POST", "/v1/ask", QUESTION, "fn-unknown")[0] == 401
        assert [one.result()[0] for one in inside] == [200, 200]


# Sixty clients that ask again as soon as they are answered; ends with its input, and prints the
# statuses that were not 200.
_FLOOD = """
import http.client, sys, threading, time
port, key, body = sys.argv[1:]
over, statuses = threading.Event(), []
def flood():
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    while not over.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        connection.request("POST", "/v1/ask", body, headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        if response.status != 200:
            statuses.append(response.status)
            time.sleep(0.05)
threads = [threading.Thread(target=flood) for _ in range(60)]
for one in threads:
    one.start()
sys.stdin.read()
over.set()
for one in threads:
    one.join()
print(*statuses)
"""


def _timed(running: Running, key: str) -> tuple[int, float]:
    began = time.perf_counter()
    status, _ = running.call("POST", "/v1/ask", QUESTION, key)
    return status, time.perf_counter() - began


def test_o10_nothing_leaks(make_running: MakeRunning, figure: Figure) -> None:
    running = filled(make_running(MemoryGenerator(quoting)))

    def load(rounds: int, at_once: int) -> tuple[int, int, float]:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda _: asked(running), range(rounds * 10)))
            list(pool.map(lambda _: _left_early(running, stream=True), range(rounds)))
        return settled()

    def settled() -> tuple[int, int, float]:
        assert _settles(running)
        time.sleep(1)
        return _held()

    # Until pools of threads, connections and memory are as large as they get.
    load(10, at_once=24)
    before = load(10 + 10 * SCALE, at_once=8)
    after = load(10 * SCALE, at_once=8)
    assert after[2] - before[2] < 5
    # The keyword index's own pools grow with the first 300 commits, and then no more: of files,
    # descriptors and threads are counted.
    for number in range(10 * SCALE):
        running.upload(f"more{number}.txt", os.urandom(8).hex().encode() * 20)
    running.ingest()
    last = settled()
    # What a merge of segments holds while it lasts is no leak: that stays.
    ends = time.monotonic() + 20
    while (last[0] > before[0] + 2 or last[1] > before[1] + 2) and time.monotonic() < ends:
        last = settled()
    assert last[0] <= before[0] + 2
    assert last[1] <= before[1] + 2
    figure(
        "O10",
        f"{100 * SCALE} questions, {10 * SCALE} leavers: resident {after[2] - before[2]:+.1f} MB; "
        f"and {10 * SCALE} files: descriptors {last[0] - before[0]:+d}, threads "
        f"{last[1] - before[1]:+d}",
    )


def _held() -> tuple[int, int, float]:
    """Return how many descriptors and threads this process has, and its memory in MB.

    The threads that anyio keeps for blocking calls come and go, 64 at most: they are no leak.
    """
    descriptors = sum(1 for _ in Path("/proc/self/fd").iterdir())
    threads = sum(not one.name.startswith("AnyIO") for one in threading.enumerate())
    return descriptors, threads, resident_mb()


@pytest.mark.alone
def test_o11_a_question_cannot_be_too_large(make_running: MakeRunning, figure: Figure) -> None:
    running = filled(make_running())
    tried: list[tuple[dict[str, Any], set[int]]] = [
        ({"question": "x " * 500_000}, {413}),
        ({"question": "word " * 100_000}, {413}),
        ({"question": "a?", "max_tokens": 10**9}, {422}),
        ({"question": "a?", "history": [{"role": "user", "content": "y" * 10**6}]}, {413, 422}),
    ]
    slowest = 0.0
    for body, expected in tried:
        status, took, _ = asked(running, body)
        assert status in expected, body
        slowest = max(slowest, took)
    assert asked(running)[0] == 200
    figure("O11", f"4 oversized questions refused, the slowest after {slowest * 1000:.0f} ms")
