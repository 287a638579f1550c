"""The generator behind servers that speak OpenAI's chat completions: one, or several alike.

Text goes as messages: the server's own template marks who speaks, so no mark of ours can be forged.
A question goes to the server that has the fewest at work; of those, to the one that was asked what
begins alike before, and has read it. Where a server fails, another goes on; where there is none,
the same is asked again after a pause.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from services.domain.answers import Sampling
from services.domain.errors import EngineError
from services.engine import ModelCard, Part, Prompt, Step
from services.engine.httpx_server import HttpxServer, ServerFailedError
from services.language.normalize import CJK

_TRIES = 3
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0
_LOOK_S = 0.05
# Bytes of other text that a token holds on average; an ideograph is taken as one token.
_TOKEN_BYTES = 3.5
# Characters of each of a prompt's first two turns by which prompts are taken as alike.
_ALIKE = 400


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """Where its servers are (each up to `/v1`), their key, and what they call the model."""

    urls: Sequence[str]
    key: str
    model: str
    context_tokens: int


class HttpxGenerator:
    """A model that other servers run. `close` ends the connections."""

    def __init__(self, remote: RemoteModel) -> None:
        self._remote = remote
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="remote", daemon=True)
        self._thread.start()
        urls = [url.strip() for url in remote.urls if url.strip()]
        self._servers = [HttpxServer(url, remote.key, self._loop) for url in urls]

    @property
    def card(self) -> ModelCard:
        """What is known of the model: its name; it is taken to read every language."""
        return ModelCard(
            name=self._remote.model,
            kind="generation",
            languages=frozenset({"*"}),
            bytes=_LARGE,
            memory_bytes=0,
            max_tokens=self._remote.context_tokens,
            template="chatml",
        )

    @property
    def context_tokens(self) -> int:
        """Size of the window, as set."""
        return self._remote.context_tokens

    def count_tokens(self, text: str) -> int:
        """Estimate the tokens of a text, rather too many than too few."""
        ideographs = len(CJK.findall(text))
        other = len(text.encode()) - 3 * ideographs
        return ideographs + int(max(0, other) / _TOKEN_BYTES) + 1

    def at_hand(self, share: str, parts: Sequence[Part]) -> int:  # noqa: ARG002 - not told
        """What the servers have at hand they do not say."""
        return 0

    def generate(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[Step]:
        """Yield the answer as it comes.

        If a server fails amid it, another writes it anew, and what has been told already is left
        out. EngineError if none can, or if it would go on differently; not for who is *cancelled*.
        """
        body = _body(self._remote.model, prompt, sampling)
        told, failed = "", set[HttpxServer]()
        tries = max(_TRIES, len(self._servers) + 1)
        for number in range(1, tries + 1):
            server = self._chosen(prompt, failed)
            try:
                for step in _going_on(server.stream(body, cancelled), told):
                    told += step.text
                    yield step
            except ServerFailedError as error:
                failed.add(server)
                if cancelled():
                    yield Step(finish="cancelled")
                    return
                is_far = error.retry_after_s > _LONGEST_PAUSE_S
                is_alone = failed.issuperset(self._servers)
                if number == tries or (is_alone and is_far):
                    raise _failure(error) from error
                if is_alone:
                    pause_s = max(_PAUSE_S * 2 ** (number - 1), error.retry_after_s)
                    _pause(min(pause_s, _LONGEST_PAUSE_S), cancelled)
                    failed.clear()
            else:
                return

    def forget(self, collection: str) -> None:
        """The servers keep what they keep."""

    def figures(self) -> dict[str, float]:
        """Return how often servers were asked, how often one failed, and how many can be asked."""
        return {
            "remote_asked_total": sum(one.asked for one in self._servers),
            "remote_failed_total": sum(one.failed for one in self._servers),
            "remote_servers": sum(not one.is_left_alone for one in self._servers),
        }

    def close(self) -> None:
        """Close the connections."""
        if self._loop.is_closed():
            return
        for one in self._servers:
            asyncio.run_coroutine_threadsafe(one.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _chosen(self, prompt: Prompt, failed: set[HttpxServer]) -> HttpxServer:
        """Return the server to ask: EngineError if all are left alone."""
        alike = "\n".join(turn.content[:_ALIKE] for turn in prompt.turns[:2])
        able = [one for one in self._servers if not one.is_left_alone and one not in failed]
        if not able:
            raise EngineError("The model server failed repeatedly: it is tried again shortly.")
        return min(able, key=lambda one: (one.running, _rank(one.url, alike)))


def _failure(error: ServerFailedError) -> EngineError:
    """Return what is told of a server that cannot answer, with when it wants to be asked again."""
    told = EngineError(f"The model server failed: {error}")
    told.retry_after_s = error.retry_after_s or told.retry_after_s
    return told


def _pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    """Wait, unless nobody does any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not cancelled():
        time.sleep(_LOOK_S)


def _rank(url: str, text: str) -> bytes:
    """Rank servers for a text: the same text finds the same first one while it is there
    (rendezvous hashing: Thaler and Ravishankar, 1998).
    """
    return blake2b(f"{url}\n{text}".encode(), digest_size=8).digest()


def _going_on(steps: Iterator[Step], told: str) -> Iterator[Step]:
    """Leave out of an answer what has been told of it."""
    again = ""
    for step in steps:
        if len(again) >= len(told) or step.finish == "cancelled":
            yield step
            continue
        again += step.text
        is_short = len(again) < len(told)
        if not (told.startswith(again) or again.startswith(told)) or (is_short and step.finish):
            message = "The model server failed amid an answer, and another would go on differently."
            raise EngineError(message)
        if not is_short:
            yield step._replace(text=again[len(told) :])


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
    told = {
        "seed": sampling.seed,
        "frequency_penalty": sampling.frequency_penalty or None,
        "presence_penalty": sampling.presence_penalty or None,
        # Not of OpenAI's own; servers of open models take them.
        "top_k": sampling.top_k or None,
        "min_p": sampling.min_p or None,
        "logit_bias": {str(token): bias for token, bias in sampling.logit_bias} or None,
        "response_format": _format(sampling),
    }
    body |= {name: value for name, value in told.items() if value is not None}
    stop = [one for one in sampling.stop if one not in prompt.stop]
    return body | ({"stop": stop} if stop else {})


def _format(sampling: Sampling) -> dict[str, object] | None:
    """Return the schema that the text will fit, as OpenAI has it."""
    if sampling.json_schema is None:
        return None
    schema = {"name": "answer", "schema": dict(sampling.json_schema)}
    return {"type": "json_schema", "json_schema": schema}
