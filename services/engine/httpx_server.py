"""One server that speaks OpenAI's chat completions, over httpx2: its stream, and how it fares.

Its lines are read in an event loop: who waits in a thread for a server that says nothing could
neither leave nor keep to a deadline.
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeAlias

import httpx2 as httpx

from services.breaker import Breaker
from services.domain.errors import EngineError
from services.engine import Step
from services.engine.thinking import ThoughtFilter

_TIMEOUT = httpx.Timeout(10.0, read=120.0)
# Of what a server says to a refusal so much is told.
_SAID = 200
_MENDS = {
    401: " Set its key as FOOTNOTE_GENERATION_KEY.",
    403: " Set its key as FOOTNOTE_GENERATION_KEY.",
    404: " Look at FOOTNOTE_GENERATION_URL (up to /v1) and FOOTNOTE_GENERATION_MODEL.",
}
_BUSY = frozenset({429, 500, 502, 503, 504})
# So many failures in a row leave the server alone for so long.
_FAILURES = 3
_ALONE_S = 10.0
# While a server says nothing it is looked so often whether somebody still waits.
_LOOK_S = 0.1
_DONE = "[DONE]"
# Of what cannot be read so much is told.
_SHOWN = 100
# What it has said, line by line; None at the end.
_Heard: TypeAlias = SimpleQueue[str | None]


class ServerFailedError(Exception):
    """The server cannot answer now; another one may, or the same one after *retry_after_s*."""

    def __init__(self, message: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HttpxServer:
    """Counts what it is at, and what failed. Its connections live in *loop*, where `close` ends
    them.
    """

    def __init__(self, url: str, key: str, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self._loop = loop
        self.running = self.asked = self.failed = 0
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False
        )
        self._lock = threading.Lock()
        self._breaker = Breaker(_ALONE_S, _FAILURES)

    @property
    def is_left_alone(self) -> bool:
        """Whether it has failed so often that nobody should ask it now."""
        return self._breaker.is_open

    def stream(self, body: Mapping[str, object], cancelled: Callable[[], bool]) -> Iterator[Step]:
        """Yield a step for each piece of text, and one at the end with its reason.

        ServerFailedError where it makes sense to ask again, EngineError where not. Leaving closes
        the connection, which frees the server.
        """
        with self._lock:
            self.asked += 1
            self.running += 1
        heard: _Heard = SimpleQueue()
        listening = asyncio.run_coroutine_threadsafe(self._listen(body, heard), self._loop)
        try:
            yield from _steps(_lines(heard, listening), cancelled)
        except httpx.TransportError as error:
            self._note_failure()
            raise ServerFailedError(str(error)) from error
        except ServerFailedError:
            self._note_failure()
            raise
        finally:
            listening.cancel()
            with self._lock:
                self.running -= 1
        if not cancelled():
            self._breaker.worked()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _listen(self, body: Mapping[str, object], heard: _Heard) -> None:
        try:
            async with self._http.stream("POST", "chat/completions", json=body) as response:
                await _refuse(response)
                # Lines end as those of events do: others stand within their JSON, too.
                rest = ""
                async for text in response.aiter_text():
                    *lines, rest = (rest + text).split("\n")
                    for line in lines:
                        heard.put(line.removesuffix("\r"))
                heard.put(rest)
        finally:
            heard.put(None)

    def _note_failure(self) -> None:
        with self._lock:
            self.failed += 1
        self._breaker.failed()


async def _refuse(response: httpx.Response) -> None:
    if response.status_code in _BUSY:
        message = f"status {response.status_code}"
        raise ServerFailedError(message, _retry_after_s(response))
    if response.status_code >= httpx.codes.BAD_REQUEST:
        said = (await response.aread()).decode(errors="replace")[:_SAID]
        mend = _MENDS.get(response.status_code, "")
        message = f"The model server refused ({response.status_code}): {said}{mend}"
        raise EngineError(message)


def _retry_after_s(response: httpx.Response) -> int:
    """Return the seconds after which the server wants to be asked again; a date is not read."""
    told = response.headers.get("Retry-After", "")
    return int(told) if re.fullmatch(r"\d{1,6}", told) else 0


def _lines(heard: _Heard, listening: Future[None]) -> Iterator[str]:
    """Yield what is heard, and an empty text now and then while nothing is; raise what ended it."""
    while True:
        try:
            line = heard.get(timeout=_LOOK_S)
        except Empty:
            line = ""
        if line is None:
            listening.result()
            return
        yield line


def _steps(lines: Iterator[str], cancelled: Callable[[], bool]) -> Iterator[Step]:
    """Yield the answer that server-sent events tell. One that ends without saying why has been cut
    off: ServerFailedError.
    """
    count, thoughts, finish, is_done = 0, ThoughtFilter(), "", False
    for line in lines:
        if cancelled():
            yield Step(completion_tokens=count, finish="cancelled")
            return
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        is_done = data == _DONE
        if is_done:
            break
        text, ended = _told(data)
        if text:
            count += 1
            yield Step(thoughts.passed(text), completion_tokens=count)
        finish = ended or finish
    if not finish and not is_done:
        message = "the answer broke off"
        raise ServerFailedError(message)
    yield Step(thoughts.rest(), completion_tokens=count, finish=finish or "stop")


def _told(data: str) -> tuple[str, str]:
    """Return the text and the reason to end of one event."""
    try:
        told = json.loads(data)
        if error := told.get("error"):
            message = f"an error amid the answer: {error}"
            raise ServerFailedError(message)
        choice = (told.get("choices") or [{}])[0]
        text, ended = (choice.get("delta") or {}).get("content"), choice.get("finish_reason")
    except (ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
        message = f"what it said cannot be read: {data[:_SHOWN]}"
        raise ServerFailedError(message) from error
    if not isinstance(text or "", str) or not isinstance(ended or "", str):
        message = f"what it said cannot be read: {data[:_SHOWN]}"
        raise ServerFailedError(message)
    return text or "", ended or ""
