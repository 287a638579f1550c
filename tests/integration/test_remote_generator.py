"""A generator that another server runs: over a real one, and over one that fails on purpose."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import pytest
from typing_extensions import override

from services.domain.answers import Sampling, Turn
from services.domain.errors import EngineError
from services.engine import Generator, Prompt, Step
from services.engine.httpx_generator import HttpxGenerator, RemoteModel
from services.settings import Settings
from services.wiring import checked_model, open_generator
from tests.conftest import served
from tests.ports import free_port

Closing: TypeAlias = Callable[[Generator], Generator]
ASKED = Prompt(
    (),
    turns=(
        Turn("system", "Answer in one word."),
        Turn("user", "What is the capital of France?"),
    ),
)


@pytest.fixture
def closing(request: pytest.FixtureRequest) -> Closing:
    """Return a function that closes a generator with the test."""

    def close_later(generator: Generator) -> Generator:
        request.addfinalizer(generator.close)
        return generator

    return close_later


@pytest.fixture(scope="module")
def llama_server() -> Iterator[str]:
    """Run `llama_cpp.server` on the bundled model; yields its address."""
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    port = str(free_port())
    file = str(folder / next(iter(source.files)))
    command = [sys.executable, "-m", "llama_cpp.server", "--model", file, "--port", port]
    command += ["--host", "127.0.0.1", "--n_ctx", "1024", "--chat_format", "chatml"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
            break
        except OSError:
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}/v1"
    process.terminate()
    process.wait(30)


def test_it_answers_over_llama_cpps_own_server(llama_server: str, closing: Closing) -> None:
    settings = Settings.load(generation_url=llama_server, generation_model="any")
    generator = closing(open_generator(settings))

    steps = list(generator.generate(ASKED, Sampling(max_tokens=12), lambda: False))

    assert "Paris" in "".join(step.text for step in steps)
    assert steps[-1].finish in {"stop", "length"}
    assert steps[-1].completion_tokens > 0


def test_who_leaves_ends_the_stream_and_the_next_is_served(
    llama_server: str, closing: Closing
) -> None:
    generator = closing(HttpxGenerator(RemoteModel([llama_server], "", "any", 1024)))
    steps: list[Step] = []

    for step in generator.generate(ASKED, Sampling(max_tokens=500), lambda: len(steps) > 2):
        steps.append(step)  # noqa: PERF402 - the loop's own state is what is looked at
    again = list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))

    assert steps[-1].finish in {"cancelled", "stop"}
    assert again[-1].finish in {"stop", "length"}


class _Moody(BaseHTTPRequestHandler):
    """Fails as often as it is told to, then answers."""

    failures: list[int] = []  # noqa: RUF012 - one server at a time
    asked = 0
    retry_after = ""

    def do_POST(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        status = self.failures.pop(0) if self.failures else 200
        self.send_response(status)
        if self.retry_after:
            self.send_header("Retry-After", self.retry_after)
        self.end_headers()
        if status == 200:
            said = {"choices": [{"delta": {"content": "好 yes"}, "finish_reason": None}]}
            self.wfile.write(f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode())

    @override
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def moody() -> Iterator[str]:
    """Run the server that fails on purpose."""
    _Moody.failures, _Moody.asked, _Moody.retry_after = [], 0, ""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Moody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_a_busy_server_is_asked_again(moody: str, closing: Closing) -> None:
    _Moody.failures = [503, 429]
    generator = closing(HttpxGenerator(RemoteModel([moody], "key", "m", 1024)))

    steps = list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))

    assert "".join(step.text for step in steps) == "好 yes"
    assert _Moody.asked == 3


def test_a_server_that_keeps_failing_is_left_alone_for_a_while(
    moody: str, closing: Closing
) -> None:
    _Moody.failures = [500] * 9
    generator = closing(HttpxGenerator(RemoteModel([moody], "", "m", 1024)))

    with pytest.raises(EngineError, match="500"):
        list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))
    began = time.monotonic()
    with pytest.raises(EngineError, match="repeatedly"):
        list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))

    assert time.monotonic() - began < 0.2
    assert _Moody.asked == 3


def test_a_server_is_asked_again_when_it_wants_to_be(moody: str, closing: Closing) -> None:
    generator = closing(HttpxGenerator(RemoteModel([moody], "", "any", 1024)))
    _Moody.failures, _Moody.retry_after = [429], "2"
    began = time.monotonic()
    list(generator.generate(ASKED, Sampling(), lambda: False))
    assert time.monotonic() - began >= 2

    # So long nobody waits: who asks is told when to come back.
    _Moody.failures, _Moody.retry_after, _Moody.asked = [429], "90", 0
    with pytest.raises(EngineError, match="failed: status 429") as caught:
        list(generator.generate(ASKED, Sampling(), lambda: False))
    assert (caught.value.retry_after_s, _Moody.asked) == (90, 1)


@pytest.mark.parametrize(
    ("status", "mend"), [(401, "FOOTNOTE_GENERATION_KEY"), (404, "FOOTNOTE_GENERATION_MODEL")]
)
def test_a_refusal_names_the_setting_that_mends_it(
    moody: str, closing: Closing, status: int, mend: str
) -> None:
    generator = closing(HttpxGenerator(RemoteModel([moody], "", "any", 1024)))
    _Moody.failures = [status]

    with pytest.raises(EngineError, match=mend):
        list(generator.generate(ASKED, Sampling(), lambda: False))


def test_a_refusal_is_told_with_the_servers_words(moody: str, closing: Closing) -> None:
    _Moody.failures = [400]
    generator = closing(HttpxGenerator(RemoteModel([moody], "", "m", 1024)))

    with pytest.raises(EngineError, match="400"):
        list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))


class _Silent(BaseHTTPRequestHandler):
    """Says nothing, or nothing more after a beginning, until the other side hangs up."""

    begins = False
    left = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.begins:
            self.send_response(200)
            self.end_headers()
            said = {"choices": [{"delta": {"content": "The rent"}, "finish_reason": None}]}
            self.wfile.write(f"data: {json.dumps(said)}\n\n".encode())
        self.connection.settimeout(20)
        if self.connection.recv(1) == b"":
            self.left.set()

    @override
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("begins", [False, True])
def test_who_leaves_a_silent_server_is_let_go_and_so_is_the_server(
    closing: Closing, monkeypatch: pytest.MonkeyPatch, *, begins: bool
) -> None:
    monkeypatch.setattr(_Silent, "begins", begins)
    monkeypatch.setattr(_Silent, "left", threading.Event())
    with served(_Silent) as url:
        generator = HttpxGenerator(RemoteModel([f"{url}/v1"], "", "m", 1024))
        closing(generator)
        began = time.monotonic()
        steps = list(generator.generate(ASKED, Sampling(), lambda: time.monotonic() > began + 0.5))
        took = time.monotonic() - began

        assert steps[-1].finish == "cancelled"
        assert "".join(step.text for step in steps) == ("The rent" if begins else "")
        assert 0.5 <= took < 5
        assert _Silent.left.wait(5)
        assert generator.figures()["remote_failed_total"] == 0


def test_who_leaves_while_a_server_fails_does_not_wait_for_its_next_try(
    moody: str, closing: Closing
) -> None:
    _Moody.failures = [503] * 9
    generator = closing(HttpxGenerator(RemoteModel([moody], "", "m", 1024)))

    steps = list(generator.generate(ASKED, Sampling(), lambda: _Moody.asked > 0))

    assert [step.finish for step in steps] == ["cancelled"]
    assert _Moody.asked == 1


class _Telling(BaseHTTPRequestHandler):
    """Tells its text piece by piece, and hangs up after so many pieces if it is told to."""

    pieces: tuple[str, ...] = ()
    hangs_up_after: int | None = None
    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(self.pieces):
            if number == self.hangs_up_after:
                return
            self._tell({"choices": [{"delta": {"content": piece}, "finish_reason": None}]})
        self._tell({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"0\r\n\r\n")

    def _tell(self, said: dict[str, object]) -> None:
        line = f"data: {json.dumps(said)}\n\n".encode()
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    @override
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def pair() -> Iterator[tuple[type[_Telling], type[_Telling], list[str]]]:
    """Run two servers that tell the same in other pieces, the second one busier with pieces."""

    class First(_Telling):
        pieces = ("The office ", "rent is ", "4,200 ", "euros.")

    class Second(_Telling):
        pieces = ("The ", "office rent", " is 4,", "200 euros.")

    with served(First) as one, served(Second) as other:
        yield First, Second, [f"{one}/v1", f"{other}/v1"]


def told(generator: HttpxGenerator, prompt: Prompt = ASKED) -> str:
    return "".join(step.text for step in generator.generate(prompt, Sampling(), lambda: False))


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_another_server_goes_on_where_one_fails_amid_an_answer(
    pair: tuple[type[_Telling], type[_Telling], list[str]], closing: Closing, after: int
) -> None:
    first, second, urls = pair
    generator = HttpxGenerator(RemoteModel(urls, "", "m", 1024))
    closing(generator)

    for failing in (first, second):
        first.hangs_up_after = second.hangs_up_after = None
        failing.hangs_up_after = after
        assert told(generator) == "The office rent is 4,200 euros."

    assert first.asked + second.asked == 3


def test_an_answer_that_would_go_on_differently_fails(
    pair: tuple[type[_Telling], type[_Telling], list[str]], closing: Closing
) -> None:
    first, second, urls = pair
    generator = HttpxGenerator(RemoteModel(urls, "", "m", 1024))
    closing(generator)
    first.hangs_up_after = second.hangs_up_after = 2
    second.pieces = ("Nobody ", "knows ", "it.")

    with pytest.raises(EngineError, match="differently"):
        told(generator)


def test_what_begins_alike_goes_to_one_server_and_the_rest_is_spread(
    pair: tuple[type[_Telling], type[_Telling], list[str]], closing: Closing
) -> None:
    first, second, urls = pair
    generator = HttpxGenerator(RemoteModel(urls, "", "m", 1024))
    closing(generator)

    for _ in range(8):
        told(generator)
    assert sorted([first.asked, second.asked]) == [0, 8]
    for number in range(40):
        told(generator, Prompt((), turns=(Turn("user", f"Passage {number}"),)))

    assert min(first.asked, second.asked) >= 10


def test_a_server_that_is_not_there_is_left_alone(
    pair: tuple[type[_Telling], type[_Telling], list[str]], closing: Closing
) -> None:
    generator = HttpxGenerator(RemoteModel(["http://127.0.0.1:9/v1", pair[2][0]], "", "m", 1024))
    closing(generator)

    for number in range(40):
        told(generator, Prompt((), turns=(Turn("user", f"Passage {number}"),)))

    assert generator.figures()["remote_failed_total"] == 3
    assert generator.figures()["remote_servers"] == 1


class _Scripted(BaseHTTPRequestHandler):
    """Says what it is told to, and hangs up."""

    said = b""
    bodies: list[dict[str, object]] = []  # noqa: RUF012 - one server at a time

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.said)

    @override
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def scripted() -> Iterator[str]:
    """Run the server that says what it is told to."""
    _Scripted.bodies = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Scripted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def event(content: object, finish: str | None = None) -> bytes:
    told = {"choices": [{"delta": {"content": content}, "finish_reason": finish}]}
    return f"data: {json.dumps(told, ensure_ascii=False)}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "said",
    [
        event("The notice period is three"),
        b"<html>200 OK</html>",
        b"",
        b"data: []\n\n",
        b'data: {"choices": [null]}\n\n',
        event("three") + b'data: {"choi',
        event([{"text": "three"}], "stop"),
    ],
)
def test_an_answer_that_breaks_off_is_a_failure(
    scripted: str, closing: Closing, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.engine.httpx_generator._PAUSE_S", 0.01)
    _Scripted.said = said
    generator = closing(HttpxGenerator(RemoteModel([scripted], "", "m", 1024)))

    with pytest.raises(EngineError, match=r"model server failed"):
        list(generator.generate(ASKED, Sampling(max_tokens=9), lambda: False))

    assert generator.figures()["remote_failed_total"] == 3


@pytest.mark.parametrize("text", ["a\u2028b", "a\u0085b", "二\n三"])
def test_lines_end_where_events_do(scripted: str, closing: Closing, text: str) -> None:
    _Scripted.said = event(text) + event("", "length")
    generator = closing(HttpxGenerator(RemoteModel([scripted], "", "m", 1024)))

    steps = list(generator.generate(ASKED, Sampling(max_tokens=9), lambda: False))

    assert "".join(step.text for step in steps) == text
    assert steps[-1].finish == "length"


def test_what_was_asked_for_reaches_the_server(scripted: str, closing: Closing) -> None:
    _Scripted.said = event("{}", "stop")
    generator = closing(HttpxGenerator(RemoteModel([scripted], "", "m", 1024)))
    sampling = Sampling(
        max_tokens=9,
        seed=7,
        top_k=3,
        frequency_penalty=0.5,
        logit_bias=((5, -1.0),),
        json_schema={"type": "object"},
    )

    list(generator.generate(ASKED, sampling, lambda: False))

    (body,) = _Scripted.bodies
    told = {name: body[name] for name in ("seed", "top_k", "frequency_penalty", "logit_bias")}
    assert told == {"seed": 7, "top_k": 3, "frequency_penalty": 0.5, "logit_bias": {"5": -1.0}}
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}},
    }
    assert "min_p" not in body
