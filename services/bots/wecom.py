"""WeCom, by the long connection of its AI bots: a WebSocket that this side opens.

Everything is JSON: `{cmd, headers: {req_id}, body}`; an answer to a frame bears its req_id and no
cmd. A reply is a stream whose every frame holds the whole text so far.
"""

import asyncio
import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from services.bots import (
    Acknowledgement,
    Bot,
    Delivery,
    Dropped,
    Heard,
    Judged,
    Person,
    Reply,
    Talk,
)
from services.bots.concierge import Concierge
from services.bots.markdown import escaped, markdown_reply
from services.bots.odd_events import left_out
from services.bots.outgoing import Outgoing, PlatformError
from services.domain.errors import InvalidRequestError, UnauthenticatedError
from services.domain.recent import Recent

log = structlog.get_logger("bots")
URL = "wss://openws.work.weixin.qq.com"
_PING_S = 30.0
_ANSWER_S = 5.0
# A stream must end within some minutes; what comes later is pushed as a message of its own.
_STREAM_S = 330.0
_MOST_CONTENT_BYTES = 20_000
_MOST_FRAME_BYTES = 4 * 1024 * 1024
_MOST_REMEMBERED = 2000
_BLOCK = 32
_GOOD, _BAD = 1, 2
_DISPLACED_S = 600.0


@dataclass(frozen=True, slots=True)
class WeComApp:
    """An AI bot of WeCom in API mode with the long connection: its id and secret."""

    bot_id: str
    secret: str
    url: str = URL


class WeComBot(Bot):
    """One AI bot, heard over its connection."""

    name = "wecom"

    def __init__(self, app: WeComApp, concierge: Concierge) -> None:
        self._app = app
        self._concierge = concierge
        self._out = Outgoing(app.url)
        self._line: _Line | None = None

    @override
    async def run(self) -> None:
        """Hold the connection until it is lost. Another one of the same bot ends this one: then it
        is left to it for a while, or the two would throw each other out for ever.
        """
        async with connect(self._app.url, max_size=_MOST_FRAME_BYTES) as socket:
            line = _Line(socket)
            pings = asyncio.create_task(line.ping())
            reading = asyncio.create_task(self._read(line))
            try:
                body = {"bot_id": self._app.bot_id, "secret": self._app.secret}
                await line.send("aibot_subscribe", body)
                log.info("bot is connected", platform=self.name)
                is_displaced = await reading
            finally:
                pings.cancel()
                reading.cancel()
        if is_displaced:
            log.error("another connection of this bot took its place", platform=self.name)
            await asyncio.sleep(_DISPLACED_S)
        message = "The connection was closed."
        raise PlatformError(message)

    @override
    async def close(self) -> None:
        """Give the connections of its calls back."""
        await self._out.close()

    @override
    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Refuse everything: this bot is heard over its connection."""
        message = "WeCom is heard over its long connection: set the bot to 长连接."
        raise UnauthenticatedError(message)

    async def _read(self, line: "_Line") -> bool:
        """Take up what comes; True if another connection took this one's place."""
        async for text in line.socket:
            with left_out(self.name):
                if self._took(line, json.loads(text)):
                    return True
        return False

    def _took(self, line: "_Line", frame: Mapping[str, Any]) -> bool:
        """Take up a frame; True if another connection took this one's place."""
        if "cmd" not in frame:
            line.answered(frame)
        elif frame["cmd"] == "aibot_msg_callback":
            self._hear(line, frame)
        elif frame["cmd"] == "aibot_event_callback":
            event = frame["body"].get("event", {})
            if event.get("eventtype") == "disconnected_event":
                return True
            self._event(frame["body"], event)
        return False

    def _hear(self, line: "_Line", frame: Mapping[str, Any]) -> None:
        body = frame["body"]
        sender = body["from"]
        if body.get("aibotid") != self._app.bot_id or sender.get("corpid"):
            log.warning("a message from another company is not answered", platform=self.name)
            return
        is_direct = body.get("chattype") == "single"
        heard = Heard(
            event_id=body["msgid"],
            person=Person(self.name, sender["userid"]),
            room=sender["userid"] if is_direct else body["chatid"],
            thread=sender["userid"],
            is_direct=is_direct,
            text=_text(body),
            files=_files(body),
        )
        chat = body.get("chatid") or sender["userid"]
        self._concierge.begin(
            heard, _WeComTalk(line, self._out, frame["headers"]["req_id"], (chat, is_direct))
        )

    def _event(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        told = event.get("feedback_event", {})
        if event.get("eventtype") != "feedback_event" or told.get("type") not in {_GOOD, _BAD}:
            return
        person = Person(self.name, body["from"]["userid"])
        judged = Judged(body["msgid"], person, str(told["id"]), told["type"] == _GOOD)
        self._concierge.begin_judging(judged)


class _Line:
    """One connection: what is sent, and what waits for its answer."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._turns = Recent[asyncio.Lock](_MOST_REMEMBERED)

    async def send(self, command: str, body: Mapping[str, object], request: str = "") -> None:
        """Send a frame and wait until it is answered; PlatformError if it is refused."""
        request = request or f"{command}_{secrets.token_hex(8)}"
        turn = self._turns.get(request) or asyncio.Lock()
        self._turns.put(request, turn)
        # One frame at a time for each request: their answers bear nothing else.
        async with turn:
            future = asyncio.get_running_loop().create_future()
            self._waiting[request] = future
            frame = {"cmd": command, "headers": {"req_id": request}, "body": body}
            try:
                await self.socket.send(json.dumps(frame, ensure_ascii=False))
                told = await asyncio.wait_for(future, _ANSWER_S)
            except (TimeoutError, ConnectionClosed) as error:
                message = f"WeCom does not answer to {command}."
                raise PlatformError(message) from error
            finally:
                self._waiting.pop(request, None)
        if told.get("errcode"):
            message = f"WeCom refused {command}: {told.get('errmsg')} ({told['errcode']})"
            raise PlatformError(message)

    def answered(self, frame: Mapping[str, Any]) -> None:
        """Hand an answer to who waits for it."""
        waiting = self._waiting.get(str(frame.get("headers", {}).get("req_id", "")))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    async def ping(self) -> None:
        """Say twice a minute that this side is there; end the connection where nobody answers."""
        try:
            while True:
                await asyncio.sleep(_PING_S)
                await self.send("ping", {})
        except PlatformError:
            await self.socket.close()


class _WeComTalk(Talk):
    """A reply as a stream; one that takes too long ends as a message of its own."""

    interval_s = 2.5

    def __init__(self, line: _Line, out: Outgoing, request: str, chat: tuple[str, bool]) -> None:
        self._line = line
        self._out = out
        self._request = request
        self._chat, self._is_direct = chat
        self._stream = f"stream_{secrets.token_hex(8)}"
        self._began: float | None = None

    @override
    async def show(self, text: str) -> None:
        """Show *text* in the stream."""
        if not self._is_over():
            await self._respond(escaped(text), is_last=False, answer_id=None)

    @override
    async def end(self, reply: Reply) -> None:
        """End the stream with the reply."""
        text = _bounded(markdown_reply(reply))
        if not self._is_over():
            await self._respond(text, is_last=True, answer_id=reply.answer_id)
            return
        body = {
            "chatid": self._chat,
            "chat_type": 1 if self._is_direct else 2,
            "msgtype": "markdown",
            "markdown": {"content": text},
        }
        await self._line.send("aibot_send_msg", body)

    @override
    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Return a file of the chat, decrypted with the key that came with it."""
        url, _, key = dropped.handle.rpartition("#")
        return decrypted(await self._out.fetch(url, most_bytes + _BLOCK), key)

    def _is_over(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        return now - self._began > _STREAM_S

    async def _respond(self, text: str, *, is_last: bool, answer_id: str | None) -> None:
        stream: dict[str, object] = {"id": self._stream, "finish": is_last, "content": text}
        if answer_id is not None:
            stream["feedback"] = {"id": answer_id}
        await self._line.send(
            "aibot_respond_msg", {"msgtype": "stream", "stream": stream}, self._request
        )


def decrypted(data: bytes, key: str) -> bytes:
    """Return a file's bytes: AES-256-CBC, the key's first half as the vector, PKCS#7 to 32 bytes.

    InvalidRequestError where key or data are none.
    """
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4))
        decryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
    except ValueError as error:
        message = "A file of the chat cannot be decrypted."
        raise InvalidRequestError(message) from error
    padding = plain[-1] if plain else 0
    if not 1 <= padding <= _BLOCK:
        message = "A file of the chat cannot be decrypted."
        raise InvalidRequestError(message)
    return plain[:-padding]


def _text(body: Mapping[str, Any]) -> str:
    kind = body.get("msgtype")
    if kind == "mixed":
        items = body["mixed"]["msg_item"]
        said = " ".join(item["text"]["content"] for item in items if item["msgtype"] == "text")
    else:
        told = body.get(str(kind), {})
        said = str(told.get("content", "")) if kind in {"text", "voice"} else ""
    # In a group the bot's name stands in front.
    return re.sub(r"^\s*@\S+\s*", "", said).strip()


def _files(body: Mapping[str, Any]) -> tuple[Dropped, ...]:
    if body.get("msgtype") != "file":
        return ()
    told = body["file"]
    name = str(told.get("filename") or told.get("name") or "file")
    return (Dropped(name, f"{told['url']}#{told.get('aeskey', '')}"),)


def _bounded(text: str) -> str:
    data = text.encode()
    return (
        text
        if len(data) <= _MOST_CONTENT_BYTES
        else data[:_MOST_CONTENT_BYTES].decode("utf-8", "ignore") + "…"
    )
