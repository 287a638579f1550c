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
from services.engine.httpx_generator import HttpxGenerator, RemoteServer
from services.settings import Settings
from services.wiring import checked_model, open_generator

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
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
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
    generator = closing(HttpxGenerator(RemoteServer(llama_server, "", "any", 1024)))
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

    def do_POST(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        status = self.failures.pop(0) if self.failures else 200
        self.send_response(status)
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
    _Moody.failures, _Moody.asked = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Moody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_a_busy_server_is_asked_again(moody: str, closing: Closing) -> None:
    _Moody.failures = [503, 429]
    generator = closing(HttpxGenerator(RemoteServer(moody, "key", "m", 1024)))

    steps = list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))

    assert "".join(step.text for step in steps) == "好 yes"
    assert _Moody.asked == 3


def test_a_server_that_keeps_failing_is_left_alone_for_a_while(
    moody: str, closing: Closing
) -> None:
    _Moody.failures = [500] * 9
    generator = closing(HttpxGenerator(RemoteServer(moody, "", "m", 1024)))

    with pytest.raises(EngineError, match="500"):
        list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))
    began = time.monotonic()
    with pytest.raises(EngineError, match="repeatedly"):
        list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))

    assert time.monotonic() - began < 0.2
    assert _Moody.asked == 3


def test_a_refusal_is_told_with_the_servers_words(moody: str, closing: Closing) -> None:
    _Moody.failures = [400]
    generator = closing(HttpxGenerator(RemoteServer(moody, "", "m", 1024)))

    with pytest.raises(EngineError, match="400"):
        list(generator.generate(ASKED, Sampling(max_tokens=4), lambda: False))
