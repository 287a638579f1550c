"""The generator behind any server that speaks OpenAI's chat completions, over httpx2.

Text goes as messages: the server's own template marks who speaks, so no mark of ours can be forged.
A server that fails is asked again after a pause, as long as nothing has been told; after some
failures in a row it is left alone for a while, and answers fail at once instead of waiting.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx2 as httpx

from services.domain.answers import Sampling
from services.domain.errors import EngineError
from services.engine import ModelCard, Part, Prompt, Step
from services.engine.thinking import ThoughtFilter
from services.language.normalize import CJK

_TIMEOUT = httpx.Timeout(10.0, read=120.0)
_TRIES = 3
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_BUSY = frozenset({429, 500, 502, 503, 504})
# So many failures in a row open the circuit for so long.
_FAILURES = 3
_OPEN_S = 10.0
# Bytes of other text that a token holds on average; an ideograph is taken as one token.
_TOKEN_BYTES = 3.5


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """Where the server is (up to `/v1`), its key, and what it calls the model."""

    url: str
    key: str
    model: str
    context_tokens: int


class HttpxGenerator:
    """A model that another server runs. `close` ends the connections."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
        self._http = httpx.Client(
            base_url=server.url, headers=headers, timeout=_TIMEOUT, trust_env=False
        )
        self._failures = 0
        self._closed_until = 0.0
        self._asked = self._failed = 0

    @property
    def card(self) -> ModelCard:
        """What is known of the model: its name; it is taken to read every language."""
        return ModelCard(
            name=self._server.model,
            kind="generation",
            languages=frozenset({"*"}),
            bytes=_LARGE,
            memory_bytes=0,
            max_tokens=self._server.context_tokens,
            template="chatml",
        )

    @property
    def context_tokens(self) -> int:
        """Size of the window, as set."""
        return self._server.context_tokens

    def count_tokens(self, text: str) -> int:
        """Estimate the tokens of a text, rather too many than too few."""
        ideographs = len(CJK.findall(text))
        other = len(text.encode()) - 3 * ideographs
        return ideographs + int(max(0, other) / _TOKEN_BYTES) + 1

    def at_hand(self, share: str, parts: Sequence[Part]) -> int:  # noqa: ARG002 - not told
        """What the server has at hand it does not say."""
        return 0

    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        """Yield the answer as it comes; leaving closes the connection, which frees the server."""
        body = _body(self._server.model, prompt, sampling)
        for left in range(_TRIES - 1, -1, -1):
            self._refuse_if_open()
            told = False
            try:
                for step in self._stream(body, cancelled):
                    told = True
                    yield step
            except (httpx.TransportError, _BusyServerError) as error:
                self._note_failure()
                if told or not left or cancelled():
                    raise EngineError(f"The model server failed: {error}") from error
                time.sleep(min(_PAUSE_S * 2 ** (_TRIES - 1 - left), _LONGEST_PAUSE_S))
            else:
                self._failures = 0
                return

    def forget(self, collection: str) -> None:
        """The server keeps what it keeps."""

    def figures(self) -> dict[str, float]:
        """Return how often the server was asked, and how often it failed."""
        return {"remote_asked_total": self._asked, "remote_failed_total": self._failed}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _stream(self, body: dict[str, object], cancelled: Callable[[], bool]) -> Iterator[Step]:
        self._asked += 1
        with self._http.stream("POST", "chat/completions", json=body) as response:
            if response.status_code in _BUSY:
                raise _BusyServerError(f"status {response.status_code}")
            if response.status_code >= httpx.codes.BAD_REQUEST:
                said = response.read().decode(errors="replace")[:200]
                raise EngineError(f"The model server refused ({response.status_code}): {said}")
            yield from _steps(response.iter_lines(), cancelled)

    def _note_failure(self) -> None:
        self._failed += 1
        self._failures += 1
        if self._failures >= _FAILURES:
            self._closed_until = time.monotonic() + _OPEN_S
            self._failures = 0

    def _refuse_if_open(self) -> None:
        if time.monotonic() < self._closed_until:
            raise EngineError("The model server failed repeatedly: it is tried again shortly.")


class _BusyServerError(Exception):
    """The server cannot take the request now."""


# Whoever sets up a server of its own runs a model that writes well.
_LARGE = 1 << 40


def _body(model: str, prompt: Prompt, sampling: Sampling) -> dict[str, object]:
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in prompt.turns],
        "stream": True,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    stop = [one for one in sampling.stop if one not in prompt.stop]
    return body | ({"stop": stop} if stop else {})


def _steps(lines: Iterator[str], cancelled: Callable[[], bool]) -> Iterator[Step]:
    """Yield a step for each piece of text, and one at the end with its reason."""
    count, finish, thoughts = 0, "stop", ThoughtFilter()
    for line in lines:
        if cancelled():
            yield Step(completion_tokens=count, finish="cancelled")
            return
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            continue
        told = json.loads(data)
        choice = (told.get("choices") or [{}])[0]
        text = (choice.get("delta") or {}).get("content") or ""
        if text:
            count += 1
            yield Step(thoughts.passed(text), completion_tokens=count)
        finish = choice.get("finish_reason") or finish
    yield Step(thoughts.rest(), completion_tokens=count, finish=finish)
