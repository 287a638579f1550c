"""Microsoft Teams, by the signed deliveries of its connector; Teams has no connection to open.

The SDK (microsoft-teams-apps 2.1.1) is not used: it takes tokens without expiry and messages
of any tenant, and a variable of the environment switches its checks off
(docs/adr/0011-talk-to-platforms.md).
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import structlog
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
from services.bots.phrases import phrase
from services.bots.signatures import refused, signed_header
from services.bots.teams_cards import VERB, growing_card, reply_card
from services.bots.teams_tokens import TeamsApp, TeamsTokens
from services.domain.recent import Recent

log = structlog.get_logger("bots")
_CHANNEL = "msteams"
_FILES_DOMAIN = "sharepoint.com"
_DOWNLOAD = "application/vnd.microsoft.teams.file.download.info"
_TOLD = "application/vnd.microsoft.activity.message"
_MOST_PEOPLE = 10_000
# An address may change: for so long the last one holds.
_REMEMBERED_S = 600.0


class TeamsBot(Bot):
    """One bot of one tenant."""

    name = "teams"

    def __init__(self, app: TeamsApp, concierge: Concierge) -> None:
        self._app = app
        self._concierge = concierge
        self._out = Outgoing(app.login_url)
        self._tokens = TeamsTokens(app, self._out)
        self._emails = Recent[str](_MOST_PEOPLE, _REMEMBERED_S)

    @override
    async def run(self) -> None:
        """Return: there is nothing to hold."""

    @override
    async def close(self) -> None:
        """Give the connections of its calls back."""
        await self._out.close()

    @override
    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Take a delivery that bears a good token, for this bot, of this tenant."""
        service_url = await self._tokens.service_url(signed_header(delivery, "authorization"))
        activity = _activity(delivery.body)
        if activity.get("serviceUrl") != service_url or activity.get("channelId") != _CHANNEL:
            raise refused("it is not of the channel that its token is for")
        if _tenant(activity) != self._app.tenant_id:
            raise refused("it is of another tenant")
        if activity.get("type") == "message":
            await self._hear(activity)
        elif activity.get("type") == "invoke" and activity.get("name") == "adaptiveCard/action":
            return await self._judge(activity)
        return Acknowledgement()

    async def _hear(self, activity: Mapping[str, Any]) -> None:
        person_id = activity["from"].get("aadObjectId")
        if not person_id:
            log.warning("a message of no person of this company", platform=self.name)
            return
        conversation = activity["conversation"]
        is_direct = conversation.get("conversationType") == "personal"
        heard = Heard(
            event_id=f"{conversation['id']}:{activity['id']}",
            person=Person(self.name, str(person_id), await self._email(activity)),
            room=str(conversation["id"]).partition(";")[0],
            thread=str(conversation["id"]),
            is_direct=is_direct,
            text=_text(activity),
            files=_files(activity),
        )
        self._concierge.begin(heard, _TeamsTalk(self._tokens, self._out, activity))

    async def _judge(self, activity: Mapping[str, Any]) -> Acknowledgement:
        action = activity.get("value", {}).get("action", {})
        data, person_id = action.get("data", {}), activity["from"].get("aadObjectId")
        if action.get("verb") == VERB and isinstance(data.get("answer"), str) and person_id:
            event_id = f"{activity['conversation']['id']}:{activity['id']}"
            person = Person(self.name, str(person_id), await self._email(activity))
            is_good = data.get("good") is True
            self._concierge.begin_judging(Judged(event_id, person, data["answer"], is_good))
        said = phrase("noted", "zh")
        return Acknowledgement(body={"statusCode": 200, "type": _TOLD, "value": said})

    async def _email(self, activity: Mapping[str, Any]) -> str:
        if not self._app.asks_emails:
            return ""
        member = str(activity["from"]["id"])
        known = self._emails.get(member)
        if not known:
            conversation = quote(str(activity["conversation"]["id"]), safe="")
            path = f"/v3/conversations/{conversation}/members/{quote(member, safe='')}"
            url = f"{str(activity['serviceUrl']).rstrip('/')}{path}"
            try:
                told = await self._out.call("GET", url, headers=await self._tokens.authorized())
            except PlatformError as error:
                log.warning("no address of a person", platform=self.name, reason=str(error))
                return ""
            known = str(told.get("userPrincipalName") or told.get("email") or "")
            self._emails.put(member, known)
        return known


class _TeamsTalk(Talk):
    """A reply as a card that is edited."""

    interval_s = 1.5

    def __init__(self, tokens: TeamsTokens, out: Outgoing, activity: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._out = out
        self._asked = activity
        self._message = ""

    @override
    async def show(self, text: str) -> None:
        """Show *text* in the card."""
        await self._put(growing_card(text), text)

    @override
    async def end(self, reply: Reply) -> None:
        """Show the reply in the card."""
        await self._put(reply_card(reply), reply.text)

    @override
    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Return a file of the chat, from where Teams keeps it."""
        url = checked_url(dropped.handle, str(self._asked["serviceUrl"]), _FILES_DOMAIN)
        return await self._out.fetch(url, most_bytes)

    async def _put(self, card: Mapping[str, object], summary: str) -> None:
        conversation = quote(str(self._asked["conversation"]["id"]), safe="")
        base = str(self._asked["serviceUrl"]).rstrip("/")
        url = f"{base}/v3/conversations/{conversation}/activities"
        body: dict[str, object] = {
            "type": "message",
            "from": self._asked["recipient"],
            "conversation": self._asked["conversation"],
            "summary": summary[:200],
            "attachments": [card],
        }
        headers = await self._tokens.authorized()
        if self._message:
            path = f"{url}/{quote(self._message, safe='')}"
            await self._out.call("PUT", path, {**body, "id": self._message}, headers)
            return
        told = await self._out.call("POST", url, body, headers)
        self._message = str(told.get("id", ""))


def _activity(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
        well_formed = isinstance(told, dict) and all(
            isinstance(told.get(part), dict) for part in ("from", "conversation", "recipient")
        )
    except (ValueError, RecursionError):
        well_formed, told = False, {}
    if not well_formed:
        raise refused("it is no activity")
    return dict(told)


def _tenant(activity: Mapping[str, Any]) -> object:
    data = activity.get("channelData")
    tenant = data.get("tenant") if isinstance(data, dict) else None
    named = tenant.get("id") if isinstance(tenant, dict) else None
    of_conversation = activity["conversation"].get("tenantId", named)
    return named if named in {of_conversation, None} else None


def _text(activity: Mapping[str, Any]) -> str:
    said = str(activity.get("text") or "")
    own = activity["recipient"].get("id")
    for entity in activity.get("entities", []):
        if entity.get("type") == "mention" and entity.get("mentioned", {}).get("id") == own:
            said = said.replace(str(entity.get("text", "")), "")
    return said.replace("<at>", "@").replace("</at>", "").strip()


def _files(activity: Mapping[str, Any]) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(str(one.get("name", "file")), str(one["content"]["downloadUrl"]))
        for one in activity.get("attachments", [])
        if one.get("contentType") == _DOWNLOAD
    )
