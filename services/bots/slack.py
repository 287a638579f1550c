"""Slack, by slack-bolt: Socket Mode, which this side opens, or signed HTTP."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

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
from services.bots.outgoing import Outgoing, PlatformError, checked_url
from services.bots.signatures import check_equal, check_fresh, refused, signed_header
from services.bots.slack_blocks import BAD, GOOD, growing_blocks, plain, reply_blocks
from services.domain.recent import Recent

log = structlog.get_logger("bots")
URL = "https://slack.com"
_DOMAIN = "slack.com"
_VERSION = "v0"
_OPEN_S = 30.0
_TIMEOUT_S = 20
_MOST_PEOPLE = 10_000
# An address may change: for so long the last one holds.
_REMEMBERED_S = 600.0
_FILE_SHARED = "file_share"


@dataclass(frozen=True, slots=True)
class SlackApp:
    """An app of one workspace: its bot token, and an app token (Socket Mode) or signing secret."""

    bot_token: str
    app_token: str = ""
    signing_secret: str = ""
    url: str = URL
    asks_emails: bool = False


class SlackBot(Bot):
    """One app of Slack."""

    name = "slack"

    def __init__(self, app: SlackApp, concierge: Concierge) -> None:
        self._app = app
        self._concierge = concierge
        self._out = Outgoing(app.url)
        self._client = AsyncWebClient(
            token=app.bot_token, base_url=f"{app.url}/api/", timeout=_TIMEOUT_S
        )
        self._emails = Recent[str](_MOST_PEOPLE, _REMEMBERED_S)
        # Deliveries over HTTP are verified in `receive`, before anything parses them.
        self._bolt = AsyncApp(
            client=self._client, request_verification_enabled=False, ssl_check_enabled=False
        )
        self._bolt.event("app_mention")(self._mentioned)
        self._bolt.event("message")(self._messaged)
        self._bolt.action(GOOD)(self._judged)
        self._bolt.action(BAD)(self._judged)

    @override
    async def run(self) -> None:
        """Hold the socket, where there is an app token; the SDK opens it anew when it is lost."""
        if not self._app.app_token:
            return
        handler = AsyncSocketModeHandler(self._bolt, app_token=self._app.app_token)
        try:
            await asyncio.wait_for(handler.connect_async(), _OPEN_S)  # type: ignore[no-untyped-call]
            log.info("bot is connected", platform=self.name)
            await asyncio.Event().wait()
        except TimeoutError as error:
            message = "Slack gives no connection: is the app token right, and Socket Mode on?"
            raise PlatformError(message) from error
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]

    @override
    async def close(self) -> None:
        """Give the connections of its calls back."""
        await self._out.close()

    @override
    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Take a delivery whose signature over time and raw body is right."""
        if not self._app.signing_secret:
            raise refused("this app is heard over its socket")
        timestamp = signed_header(delivery, "x-slack-request-timestamp")
        given = signed_header(delivery, "x-slack-signature")
        check_fresh(timestamp)
        signed = b":".join((_VERSION.encode(), timestamp.encode(), delivery.body))
        secret = self._app.signing_secret.encode()
        wanted = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        check_equal(given, f"{_VERSION}={wanted}")
        return await self._dispatched(delivery)

    async def _dispatched(self, delivery: Delivery) -> Acknowledgement:
        headers: dict[str, str | Sequence[str]] = {
            name: values[0] for name, values in delivery.headers.items()
        }
        try:
            request = AsyncBoltRequest(body=delivery.body.decode(), headers=headers)
        except (ValueError, AttributeError) as error:
            raise refused("it is no event") from error
        told = await self._bolt.async_dispatch(request)
        return Acknowledgement(told.status, told.body or "")

    async def _mentioned(self, event: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        await self._hear(event, body, is_direct=False)

    async def _messaged(self, event: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Take up direct messages; in channels only mentions are meant for the bot."""
        if event.get("channel_type") == "im" and event.get("subtype") in {None, _FILE_SHARED}:
            await self._hear(event, body, is_direct=True)

    async def _hear(
        self, event: Mapping[str, Any], body: Mapping[str, Any], *, is_direct: bool
    ) -> None:
        if event.get("bot_id") or not event.get("user"):
            return
        home = _home_team(body)
        sent_from = event.get("user_team") or event.get("source_team") or event.get("team") or home
        if sent_from != home:
            log.warning("a message from another company is not answered", platform=self.name)
            return
        user, channel = event["user"], event["channel"]
        thread = event.get("thread_ts") or ("" if is_direct else event["ts"])
        heard = Heard(
            # The message, not its delivery: a mention in a direct message comes as two events.
            event_id=f"{home}:{channel}:{event['ts']}",
            person=Person(self.name, user, await self._email(user)),
            room=channel,
            thread=thread or channel,
            is_direct=is_direct,
            text=re.sub(r"<@[A-Z0-9]+(\|[^>]*)?>", "", _unescaped(event.get("text", ""))).strip(),
            files=_files(event),
            is_shared=bool(body.get("is_ext_shared_channel")),
        )
        self._concierge.begin(
            heard, _SlackTalk(self._app, self._client, self._out, (channel, thread))
        )

    async def _judged(self, ack: Any, body: Mapping[str, Any]) -> None:  # noqa: ANN401 - bolt's
        await ack()
        action, user = body["actions"][0], body["user"]
        person = Person(self.name, user["id"], await self._email(user["id"]))
        event_id = f"{user['id']}:{action['value']}:{action['action_ts']}"
        judged = Judged(event_id, person, action["value"], action["action_id"] == GOOD)
        self._concierge.begin_judging(judged)

    async def _email(self, user: str) -> str:
        if not self._app.asks_emails:
            return ""
        known = self._emails.get(user)
        if not known:
            try:
                told = await self._client.users_info(user=user)
            except (SlackClientError, ClientError, TimeoutError) as error:
                log.warning("no address of a person", platform=self.name, reason=str(error))
                return ""
            known = str(told["user"]["profile"].get("email", ""))
            self._emails.put(user, known)
        return known


class _SlackTalk(Talk):
    """A reply as one message that is edited; links in it fetch nothing."""

    interval_s = 1.3

    def __init__(
        self, app: SlackApp, client: AsyncWebClient, out: Outgoing, place: tuple[str, str]
    ) -> None:
        self._app = app
        self._client = client
        self._out = out
        self._channel, self._thread = place
        self._message = ""

    @override
    async def show(self, text: str) -> None:
        """Show *text* in the message."""
        await self._put(text, growing_blocks(text))

    @override
    async def end(self, reply: Reply) -> None:
        """Show the reply in the message."""
        await self._put(reply.text, reply_blocks(reply))

    @override
    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Return a file of the chat."""
        url = checked_url(dropped.handle, self._app.url, _DOMAIN)
        headers = {"Authorization": f"Bearer {self._app.bot_token}"}
        return await self._out.fetch(url, most_bytes, headers)

    async def _put(self, text: str, blocks: list[dict[str, object]]) -> None:
        said = {"channel": self._channel, "text": plain(text), "blocks": blocks, "parse": "none"}
        try:
            if self._message:
                await self._client.chat_update(ts=self._message, **said)  # type: ignore[arg-type]
                return
            told = await self._client.chat_postMessage(
                thread_ts=self._thread or None,
                unfurl_links=False,
                unfurl_media=False,
                **said,  # type: ignore[arg-type]
            )
        except (SlackClientError, ClientError, TimeoutError) as error:
            message = f"Slack refused a message: {error}"
            raise PlatformError(message) from error
        self._message = str(told["ts"])


def _home_team(body: Mapping[str, Any]) -> str:
    authorizations = body.get("authorizations") or [{}]
    return str(authorizations[0].get("team_id") or body.get("team_id", ""))


def _unescaped(text: str) -> str:
    """Return a message's words: Slack escapes three signs, and writes links as <address|words>."""
    plain_links = re.sub(r"<(?:https?://|mailto:)[^>|]*\|([^>]*)>", r"\1", text)
    plain_links = re.sub(r"<((?:https?://|mailto:)[^>]*)>", r"\1", plain_links)
    return plain_links.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _files(event: Mapping[str, Any]) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(str(file["name"]), str(file["url_private_download"]), int(file.get("size", 0)))
        for file in event.get("files", [])
        if file.get("name") and file.get("url_private_download")
    )
