"""What the bot asks of Feishu: its own id, people's addresses, and the cards that it writes."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import structlog
from typing_extensions import override

from services.bots import Dropped, Reply, Talk
from services.bots.feishu_cards import growing_card, reply_card
from services.bots.outgoing import Outgoing, PlatformError
from services.domain.recent import Recent

log = structlog.get_logger("bots")
_EARLY_S = 600.0
_MOST_PEOPLE = 10_000
# An address, and whether a chat is shared, may change: for so long the last one holds.
_REMEMBERED_S = 600.0


class FeishuCalls:
    """Calls under the app's token, which is fetched when it is needed."""

    def __init__(self, out: Outgoing, app_id: str, app_secret: str) -> None:
        self._out = out
        self._app_id = app_id
        self._app_secret = app_secret
        self._token, self._until = "", 0.0
        self._own_id = ""
        self._emails = Recent[str](_MOST_PEOPLE, _REMEMBERED_S)
        self._shared = Recent[bool](_MOST_PEOPLE, _REMEMBERED_S)
        self._lock = asyncio.Lock()

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return what a call answers; PlatformError if its code is not 0."""
        told = await self._out.call(method, path, body, await self.authorized())
        if told.get("code") != 0:
            message = f"Feishu refused {path}: {told.get('msg')} ({told.get('code')})"
            raise PlatformError(message)
        return told

    async def authorized(self) -> dict[str, str]:
        """Return the header of a call."""
        async with self._lock:
            if time.monotonic() > self._until:
                path = "/open-apis/auth/v3/tenant_access_token/internal"
                body = {"app_id": self._app_id, "app_secret": self._app_secret}
                told = await self._out.call("POST", path, body)
                if told.get("code") != 0:
                    message = f"Feishu gives no token: {told.get('msg')} ({told.get('code')})"
                    raise PlatformError(message)
                self._token = str(told["tenant_access_token"])
                self._until = time.monotonic() + float(told["expire"]) - _EARLY_S
        return {"Authorization": f"Bearer {self._token}"}

    async def own_id(self) -> str:
        """Return the bot's own open_id, by which mentions of it are known."""
        if not self._own_id:
            told = await self.call("GET", "/open-apis/bot/v3/info")
            self._own_id = str(told["bot"]["open_id"])
        return self._own_id

    async def email(self, open_id: str) -> str:
        """Return a person's address in the company's directory; empty where it tells none."""
        known = self._emails.get(open_id)
        if not known:
            path = f"/open-apis/contact/v3/users/{quote(open_id)}?user_id_type=open_id"
            user = (await self.call("GET", path))["data"]["user"]
            known = str(user.get("enterprise_email") or user.get("email") or "")
            self._emails.put(open_id, known)
        return known

    async def is_shared(self, chat_id: str) -> bool:
        """Say whether people of other companies read a chat, too; True where Feishu does not tell
        (the app needs `im:chat:readonly`).
        """
        known = self._shared.get(chat_id)
        if known is None:
            try:
                told = await self.call("GET", f"/open-apis/im/v1/chats/{quote(chat_id)}")
                known = told["data"].get("external") is not False
            except PlatformError as error:
                log.warning("a chat counts as shared", chat=chat_id, reason=str(error))
                known = True
            self._shared.put(chat_id, known)
        return known


class FeishuTalk(Talk):
    """A reply as a card that is edited: five edits a second at most for each message."""

    interval_s = 0.7

    def __init__(
        self, calls: FeishuCalls, out: Outgoing, message_id: str, *, in_thread: bool
    ) -> None:
        self._calls = calls
        self._out = out
        self._asked = message_id
        self._in_thread = in_thread
        self._card = ""

    @override
    async def show(self, text: str) -> None:
        """Show *text* in the card."""
        await self._put(growing_card(text))

    @override
    async def end(self, reply: Reply) -> None:
        """Show the reply in the card."""
        await self._put(reply_card(reply))

    @override
    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Return a file of the chat."""
        url = self._out.address(f"/open-apis/im/v1/messages/{dropped.handle}?type=file")
        return await self._out.fetch(url, most_bytes, await self._calls.authorized())

    async def _put(self, card: Mapping[str, object]) -> None:
        content = json.dumps(card, ensure_ascii=False)
        if self._card:
            path = f"/open-apis/im/v1/messages/{quote(self._card)}"
            await self._calls.call("PATCH", path, {"content": content})
            return
        body = {
            "msg_type": "interactive",
            "content": content,
            "reply_in_thread": self._in_thread,
            "uuid": self._asked[:50],
        }
        path = f"/open-apis/im/v1/messages/{quote(self._asked)}/reply"
        told = await self._calls.call("POST", path, body)
        self._card = str(told["data"]["message_id"])
