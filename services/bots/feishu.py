"""Feishu and Lark, by a long connection that this side opens, or by a signed and encrypted webhook.

The SDK (lark-oapi 1.7.5) is not used: its import takes five seconds and 150 MB, its connection
cannot be ended, and its webhook takes deliveries of any age (docs/adr/0011-talk-to-platforms.md).
"""

import asyncio
import base64
import hashlib
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import structlog
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect

from services.bots import Acknowledgement, Bot, Delivery, Dropped, Heard, Judged, Person
from services.bots.concierge import Concierge
from services.bots.feishu_calls import FeishuCalls, FeishuTalk
from services.bots.feishu_frames import CONTROL, DATA, Frame, decoded
from services.bots.odd_events import ODD, left_out
from services.bots.outgoing import Outgoing, PlatformError
from services.bots.phrases import phrase
from services.bots.signatures import check_equal, check_fresh, refused, signed_header
from services.domain.errors import InvalidRequestError, UnauthenticatedError

log = structlog.get_logger("bots")
URL = "https://open.feishu.cn"
_MOST_FRAME_BYTES = 4 * 1024 * 1024
_MOST_PARTS = 64
_PING_S = 120
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class FeishuApp:
    """A self-built app: its id and secret; with an encrypt key and a verification token it is heard
    by webhook, else by its connection. Lark's *url* is https://open.larksuite.com.
    """

    app_id: str
    app_secret: str
    encrypt_key: str = ""
    verification_token: str = ""
    url: str = URL
    asks_emails: bool = False


class FeishuBot(Bot):
    """One app of Feishu or Lark."""

    name = "feishu"

    def __init__(self, app: FeishuApp, concierge: Concierge) -> None:
        self._app = app
        self._concierge = concierge
        self._out = Outgoing(app.url)
        self._calls = FeishuCalls(self._out, app.app_id, app.app_secret)
        self._parts: dict[str, list[bytes | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    async def run(self) -> None:
        """Hold the connection until it is lost; nothing to hold where a webhook is used."""
        if self._app.encrypt_key:
            return
        body = {"AppID": self._app.app_id, "AppSecret": self._app.app_secret}
        told = await self._out.call("POST", "/callback/ws/endpoint", body)
        if told.get("code") != 0:
            message = f"Feishu gives no connection: {told.get('msg')} ({told.get('code')})"
            raise PlatformError(message)
        address = str(told["data"]["URL"])
        every_s = int(told["data"].get("ClientConfig", {}).get("PingInterval") or _PING_S)
        service = int(parse_qs(urlsplit(address).query)["service_id"][0])
        async with connect(address, max_size=_MOST_FRAME_BYTES) as socket:
            log.info("bot is connected", platform=self.name)
            pings = asyncio.create_task(_ping(socket, service, every_s))
            try:
                async for data in socket:
                    with left_out(self.name):
                        await self._took(socket, decoded(data if isinstance(data, bytes) else b""))
            finally:
                pings.cancel()
        message = "The connection was closed."
        raise PlatformError(message)

    @override
    async def close(self) -> None:
        """Give the connections of its calls back."""
        await self._out.close()

    @override
    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Take a delivery whose signature, time, encryption, token and app are right."""
        if not self._app.encrypt_key:
            raise refused("this app is heard over its connection")
        told = self._verified(delivery)
        if told.get("type") == "url_verification":
            return Acknowledgement(body={"challenge": str(told.get("challenge", ""))})
        return Acknowledgement(body=self._event(told))

    def _verified(self, delivery: Delivery) -> Mapping[str, Any]:
        signed = bool(delivery.headers.get("x-lark-signature"))
        if signed:
            timestamp = signed_header(delivery, "x-lark-request-timestamp")
            nonce = signed_header(delivery, "x-lark-request-nonce")
            check_fresh(timestamp)
            begun = hashlib.sha256(f"{timestamp}{nonce}{self._app.encrypt_key}".encode())
            begun.update(delivery.body)
            check_equal(signed_header(delivery, "x-lark-signature"), begun.hexdigest())
        told = decrypted_delivery(delivery.body, self._app.encrypt_key)
        head = told.get("header", told)
        # Only the address check of the console comes unsigned; it bears the token.
        if not signed and told.get("type") != "url_verification":
            raise refused("it needs x-lark-signature, once")
        check_equal(str(head.get("token", "")), self._app.verification_token)
        return told

    async def _took(self, socket: ClientConnection, frame: Frame) -> None:
        """Acknowledge an event and take it up."""
        if frame.method != DATA or frame.headers.get("type") != "event":
            return
        payload = self._whole(frame)
        if payload is None:
            return
        began = time.monotonic()
        told: dict[str, object] = {}
        try:
            told = self._event(json.loads(payload))
        except UnauthenticatedError as error:
            log.warning("an event is not taken", platform=self.name, reason=str(error))
        except ODD as error:
            log.warning("an odd event", platform=self.name, reason=repr(error))
        answer: dict[str, object] = {"code": 200}
        if told:
            answer["data"] = base64.b64encode(json.dumps(told).encode()).decode()
        spent_ms = int((time.monotonic() - began) * 1000)
        headers = {**frame.headers, "biz_rt": str(spent_ms)}
        reply = Frame(
            DATA, frame.service, headers, json.dumps(answer).encode(), frame.sequence, frame.log
        )
        await socket.send(reply.encoded())

    def _whole(self, frame: Frame) -> bytes | None:
        """Return an event's bytes once all of its parts are there."""
        count, at = int(frame.headers.get("sum", 1)), int(frame.headers.get("seq", 0))
        if count <= 1:
            return frame.payload
        if not 0 <= at < count <= _MOST_PARTS:
            return None
        message_id = frame.headers.get("message_id", "")
        while len(self._parts) >= _MOST_PARTS:
            self._parts.pop(next(iter(self._parts)))
        parts = self._parts.setdefault(message_id, [None] * count)
        if at < len(parts):
            parts[at] = frame.payload
        there = [part for part in parts if part is not None]
        if len(there) < len(parts):
            return None
        del self._parts[message_id]
        return b"".join(there)

    def _event(self, told: Mapping[str, Any]) -> dict[str, object]:
        """Take up an event; return what its sender is told at once."""
        head, event = told.get("header", {}), told.get("event", {})
        if head.get("app_id") != self._app.app_id:
            raise refused("it is for another app")
        if head.get("event_type") == "im.message.receive_v1":
            self._spawn(self._hear(head, event))
        elif head.get("event_type") == "card.action.trigger":
            self._spawn(self._judge(head, event))
            return {"toast": {"type": "success", "content": phrase("noted", "zh")}}
        return {}

    def _spawn(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.warning("an odd event", platform=self.name, reason=repr(task.exception()))

    async def _hear(self, head: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        sender, message = event["sender"], event["message"]
        is_foreign = sender.get("tenant_key") != head.get("tenant_key")
        if sender.get("sender_type") != "user" or is_foreign:
            log.warning("a message of no person of this company", platform=self.name)
            return
        is_direct = message["chat_type"] == "p2p"
        try:
            own_id = await self._calls.own_id()
            mentions = message.get("mentions") or []
            mentioned = [one for one in mentions if one["id"].get("open_id") == own_id]
            if not is_direct and not mentioned:
                return
            open_id = sender["sender_id"]["open_id"]
            email = await self._email(open_id)
            is_shared = not is_direct and await self._calls.is_shared(message["chat_id"])
        except PlatformError as error:
            log.warning("a message cannot be answered", platform=self.name, reason=str(error))
            return
        message_id = message["message_id"]
        heard = Heard(
            event_id=message_id,
            person=Person(self.name, open_id, email),
            room=message["chat_id"],
            thread=open_id if is_direct else message.get("root_id") or message_id,
            is_direct=is_direct,
            text=_text(message, mentions, own_id),
            files=_files(message),
            is_shared=is_shared,
        )
        talk = FeishuTalk(self._calls, self._out, message_id, in_thread=not is_direct)
        self._concierge.begin(heard, talk)

    async def _judge(self, head: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        value = event.get("action", {}).get("value")
        if not isinstance(value, dict) or not isinstance(value.get("answer"), str):
            return
        open_id = event["operator"]["open_id"]
        try:
            person = Person(self.name, open_id, await self._email(open_id))
        except PlatformError as error:
            log.warning("a thumb cannot be kept", platform=self.name, reason=str(error))
            return
        is_good = value.get("good") is True
        self._concierge.begin_judging(Judged(head["event_id"], person, value["answer"], is_good))

    async def _email(self, open_id: str) -> str:
        return await self._calls.email(open_id) if self._app.asks_emails else ""


def decrypted_delivery(body: bytes, key: str) -> Mapping[str, Any]:
    """Return what an encrypted delivery says: base64 of a vector and AES-256-CBC under SHA-256 of
    the key, PKCS#7. UnauthenticatedError if it is none.
    """
    try:
        data = base64.b64decode(json.loads(body)["encrypt"], validate=True)
        secret = hashlib.sha256(key.encode()).digest()
        decryptor = Cipher(algorithms.AES(secret), modes.CBC(data[:_BLOCK])).decryptor()
        plain = decryptor.update(data[_BLOCK:]) + decryptor.finalize()
        told = json.loads(plain[: -plain[-1]])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise refused("it is not encrypted with this app's key") from error
    if not isinstance(told, dict):
        raise refused("it is not encrypted with this app's key")
    return told


async def _ping(socket: ClientConnection, service: int, every_s: float) -> None:
    while True:
        await socket.send(Frame(CONTROL, service, {"type": "ping"}).encoded())
        await asyncio.sleep(every_s * random.uniform(0.9, 1.0))  # noqa: S311 - spread, no secret


def _content(message: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        told = json.loads(message.get("content", "{}"))
    except ValueError as error:
        raise InvalidRequestError("A message of Feishu's cannot be read.") from error
    return told if isinstance(told, dict) else {}


def _text(message: Mapping[str, Any], mentions: list[Mapping[str, Any]], own_id: str) -> str:
    content = _content(message)
    said = str(content.get("text", ""))
    if message.get("message_type") == "post":
        lines = content.get("content", [])
        said = "\n".join(
            "".join(str(piece.get("text", "")) for piece in line if piece.get("tag") != "at")
            for line in lines
        )
    for mention in mentions:
        name = "" if mention["id"].get("open_id") == own_id else f"@{mention.get('name', '')}"
        said = said.replace(mention["key"], name)
    return said.strip()


def _files(message: Mapping[str, Any]) -> tuple[Dropped, ...]:
    if message.get("message_type") != "file":
        return ()
    content = _content(message)
    handle = f"{quote(message['message_id'])}/resources/{quote(str(content.get('file_key', '')))}"
    return (Dropped(str(content.get("file_name", "file")), handle),)
