"""DingTalk, by its Stream mode: a WebSocket that this side opens.

There is no webhook: the signature of DingTalk's HTTP mode covers a timestamp, not the body, so that
a captured one would vouch for anything. The SDK is not used: it blocks the loop that it runs in,
calls without time limits, and cannot be stopped (docs/adr/0011-talk-to-platforms.md).
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import structlog
from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect

from services.bots import Acknowledgement, Bot, Delivery, Dropped, Heard, Person, Reply, Talk
from services.bots.concierge import Concierge
from services.bots.markdown import markdown_reply
from services.bots.odd_events import left_out
from services.bots.outgoing import Outgoing, PlatformError, checked_url
from services.domain.errors import InvalidRequestError, UnauthenticatedError

log = structlog.get_logger("bots")
URL = "https://api.dingtalk.com"
_DOMAIN = "dingtalk.com"
_TOPIC = "/v1.0/im/bot/messages/get"
_TITLE = "Footnote"
_CARD_KEY = "msgContent"
_MOST_FRAME_BYTES = 4 * 1024 * 1024
# Before a stream that the platform has ended is opened anew.
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class DingTalkApp:
    """An app of DingTalk's console: its client id and secret. With a card template, answers are
    written into a card as they grow; DingTalk cannot edit plain messages.
    """

    client_id: str
    client_secret: str
    card_template: str = ""
    url: str = URL


class DingTalkBot(Bot):
    """One app, heard over its stream."""

    name = "dingtalk"

    def __init__(self, app: DingTalkApp, concierge: Concierge) -> None:
        self._app = app
        self._concierge = concierge
        self._out = Outgoing(app.url)

    @override
    async def run(self) -> None:
        """Hold the stream; opened anew when the platform asks for it."""
        while True:
            await self._hold()
            await asyncio.sleep(_PAUSE_S)

    @override
    async def close(self) -> None:
        """Give the connections of its calls back."""
        await self._out.close()

    @override
    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Refuse everything: what is not covered by a signature is not believed."""
        message = "DingTalk's webhooks do not sign what they say: set the app to Stream mode."
        raise UnauthenticatedError(message)

    async def _hold(self) -> None:
        body = {
            "clientId": self._app.client_id,
            "clientSecret": self._app.client_secret,
            "subscriptions": [{"type": "CALLBACK", "topic": _TOPIC}],
            "ua": "footnote",
        }
        opened = await self._out.call("POST", "/v1.0/gateway/connections/open", body)
        address = f"{opened['endpoint']}?ticket={quote_plus(opened['ticket'])}"
        async with connect(address, max_size=_MOST_FRAME_BYTES) as stream:
            log.info("bot is connected", platform=self.name)
            async for text in stream:
                with left_out(self.name):
                    if not await self._took(stream, json.loads(text)):
                        return

    async def _took(self, stream: ClientConnection, frame: Mapping[str, Any]) -> bool:
        """Acknowledge a frame and take it up; False if the platform ends the connection."""
        headers = frame.get("headers", {})
        topic = headers.get("topic")
        if frame.get("type") == "SYSTEM" and topic == "disconnect":
            return False
        told = frame.get("data", "{}") if frame.get("type") == "SYSTEM" else '{"response": null}'
        await stream.send(
            json.dumps(
                {
                    "code": 200,
                    "headers": {
                        "messageId": headers.get("messageId", ""),
                        "contentType": "application/json",
                    },
                    "message": "OK",
                    "data": told,
                }
            )
        )
        if frame.get("type") == "CALLBACK" and topic == _TOPIC:
            self._hear(json.loads(frame["data"]))
        return True

    def _hear(self, told: Mapping[str, Any]) -> None:
        if told.get("senderCorpId") != told.get("chatbotCorpId") or not told.get("senderStaffId"):
            log.warning("a message from another company is not answered", platform=self.name)
            return
        is_direct = told["conversationType"] == "1"
        room, sender = told["conversationId"], told["senderStaffId"]
        heard = Heard(
            event_id=told["msgId"],
            person=Person(self.name, sender),
            room=room,
            # There are no threads: each person has one conversation in each room.
            thread=sender,
            is_direct=is_direct,
            text=_text(told).strip(),
            files=_files(told),
        )
        self._concierge.begin(heard, self._talk(told, is_direct=is_direct))

    def _talk(self, told: Mapping[str, Any], *, is_direct: bool) -> Talk:
        webhook = checked_url(told["sessionWebhook"], self._app.url, _DOMAIN)
        plain = _PlainTalk(self._app, self._out, webhook, told)
        if not self._app.card_template:
            return plain
        return _CardTalk(self._app, self._out, webhook, told, is_direct=is_direct)


class _PlainTalk(Talk):
    """A reply as one message: nothing is shown before its end."""

    interval_s = 3600.0

    def __init__(
        self, app: DingTalkApp, out: Outgoing, webhook: str, told: Mapping[str, Any]
    ) -> None:
        self._app = app
        self._out = out
        self._webhook = webhook
        self._told = told

    @override
    async def show(self, text: str) -> None:
        """Say nothing yet: what was said could not be edited."""

    @override
    async def end(self, reply: Reply) -> None:
        """Post the reply."""
        body = {
            "msgtype": "markdown",
            "markdown": {"title": _TITLE, "text": markdown_reply(reply)},
            "at": {"atUserIds": [self._told["senderStaffId"]]},
        }
        said = await self._out.call("POST", self._webhook, body)
        if said.get("errcode"):
            message = f"DingTalk refused a reply: {said.get('errmsg')}"
            raise PlatformError(message)

    @override
    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Return a file of the chat."""
        body = {"robotCode": self._told["robotCode"], "downloadCode": dropped.handle}
        headers = await self._authorized()
        path = "/v1.0/robot/messageFiles/download"
        found = await self._out.call("POST", path, body, headers)
        return await self._out.fetch(str(found["downloadUrl"]), most_bytes)

    async def _authorized(self) -> dict[str, str]:
        body = {"appKey": self._app.client_id, "appSecret": self._app.client_secret}
        told = await self._out.call("POST", "/v1.0/oauth2/accessToken", body)
        return {"x-acs-dingtalk-access-token": str(told["accessToken"])}


class _CardTalk(_PlainTalk):
    """A reply that grows in a card."""

    interval_s = 1.0

    def __init__(
        self,
        app: DingTalkApp,
        out: Outgoing,
        webhook: str,
        told: Mapping[str, Any],
        *,
        is_direct: bool,
    ) -> None:
        super().__init__(app, out, webhook, told)
        self._is_direct = is_direct
        self._card = ""
        self._headers: dict[str, str] = {}

    @override
    async def show(self, text: str) -> None:
        """Write *text* into the card, which is made the first time."""
        if not self._card:
            self._card = f"footnote-{secrets.token_hex(12)}"
            self._headers = await self._authorized()
            path = "/v1.0/card/instances/createAndDeliver"
            await self._out.call("POST", path, self._delivered(), self._headers)
        await self._write(text, is_last=False)

    @override
    async def end(self, reply: Reply) -> None:
        """Write the reply into the card, or post it where there is none."""
        if self._card:
            await self._write(markdown_reply(reply), is_last=True)
        else:
            await super().end(reply)

    def _delivered(self) -> dict[str, object]:
        robot = self._told["robotCode"]
        body: dict[str, object] = {
            "cardTemplateId": self._app.card_template,
            "outTrackId": self._card,
            "cardData": {"cardParamMap": {_CARD_KEY: ""}},
            "callbackType": "STREAM",
        }
        if self._is_direct:
            return body | {
                "openSpaceId": f"dtv1.card//IM_ROBOT.{self._told['senderStaffId']}",
                "imRobotOpenSpaceModel": {"supportForward": True},
                "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": robot},
            }
        return body | {
            "openSpaceId": f"dtv1.card//IM_GROUP.{self._told['conversationId']}",
            "imGroupOpenSpaceModel": {"supportForward": True},
            "imGroupOpenDeliverModel": {"robotCode": robot},
        }

    async def _write(self, text: str, *, is_last: bool) -> None:
        body = {
            "outTrackId": self._card,
            "guid": secrets.token_hex(16),
            "key": _CARD_KEY,
            "content": text,
            "isFull": True,
            "isFinalize": is_last,
            "isError": False,
        }
        await self._out.call("PUT", "/v1.0/card/streaming", body, self._headers)


def _text(told: Mapping[str, Any]) -> str:
    if told.get("msgtype") == "text":
        return str(told["text"]["content"])
    content = told.get("content", {})
    if told.get("msgtype") == "audio":
        return str(content.get("recognition", ""))
    pieces = content.get("richText", []) if isinstance(content, dict) else []
    said = [str(piece.get("text", "")) for piece in pieces]
    return " ".join(one for one in said if not one.startswith("@"))


def _files(told: Mapping[str, Any]) -> tuple[Dropped, ...]:
    if told.get("msgtype") != "file":
        return ()
    content = told.get("content", {})
    if not isinstance(content, dict) or not content.get("downloadCode"):
        message = "A file came without its code."
        raise InvalidRequestError(message)
    return (Dropped(str(content.get("fileName", "file")), str(content["downloadCode"])),)
