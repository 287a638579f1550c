"""A signed webhook for any other chat, or for a program: JSON in, an answer with footnotes out.

Both ways are signed alike: `X-Footnote-Signature: v1=HEX` is HMAC-SHA256 under the shared secret
over `v1:TIMESTAMP:BODY`, TIMESTAMP being the seconds in `X-Footnote-Timestamp`.
"""

import hashlib
import hmac
import json
import time
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from services.bots import Acknowledgement, Bot, Delivery, Dropped, Heard, Person, Reply, Talk
from services.bots.concierge import Concierge
from services.bots.outgoing import Outgoing
from services.bots.signatures import check_equal, check_fresh, signed_header
from services.domain.errors import InvalidRequestError, UnsupportedTypeError

log = structlog.get_logger("bots")
_VERSION = "v1"
_ID = Field(min_length=1, max_length=200)


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["message"] = "message"
    id: str = _ID
    user: str = _ID
    room: str = Field("", max_length=200)
    thread: str = Field("", max_length=200)
    text: str = Field(min_length=1, max_length=8000)


class WebhookBot(Bot):
    """Whoever holds the secret. Answers go to *reply_url*, or, without one, into the response."""

    name = "webhook"

    def __init__(self, secret: str, reply_url: str, concierge: Concierge) -> None:
        self._secret = secret.encode()
        self._reply_url = reply_url
        self._concierge = concierge
        self._out = Outgoing(reply_url)

    @override
    async def run(self) -> None:
        """Return: there is nothing to hold."""

    @override
    async def close(self) -> None:
        """Give the connections of its calls back."""
        await self._out.close()

    @override
    async def receive(self, delivery: Delivery) -> Acknowledgement:
        """Take a delivery whose signature over time and raw body is right."""
        timestamp = signed_header(delivery, "x-footnote-timestamp")
        given = signed_header(delivery, "x-footnote-signature")
        check_fresh(timestamp)
        check_equal(given, self._signature(timestamp, delivery.body))
        try:
            message = _Message.model_validate_json(delivery.body)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InvalidRequestError(f"{place or 'The body'}: {first['msg']}.") from error
        heard = Heard(
            event_id=message.id,
            person=Person(self.name, message.user),
            room=message.room or message.user,
            thread=message.thread or message.user,
            is_direct=not message.room,
            text=message.text,
        )
        talk = _WebhookTalk(self, message.id)
        if self._reply_url:
            self._concierge.begin(heard, talk)
            return Acknowledgement(202, {"id": message.id})
        await self._concierge.answer(heard, talk)
        return Acknowledgement(body=talk.told)

    async def post(self, told: dict[str, object]) -> None:
        """Send an answer to where answers go."""
        body = json.dumps(told, ensure_ascii=False).encode()
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Footnote-Timestamp": timestamp,
            "X-Footnote-Signature": self._signature(timestamp, body),
        }
        await self._out.post(self._reply_url, body, headers)

    @property
    def posts(self) -> bool:
        """Say whether answers are sent rather than responded."""
        return bool(self._reply_url)

    def _signature(self, timestamp: str, body: bytes) -> str:
        signed = b":".join((_VERSION.encode(), timestamp.encode(), body))
        return f"{_VERSION}={hmac.new(self._secret, signed, hashlib.sha256).hexdigest()}"


class _WebhookTalk(Talk):
    """A reply that is told once, whole."""

    interval_s = 3600.0

    def __init__(self, bot: WebhookBot, message_id: str) -> None:
        self._bot = bot
        # What is told where the message was taken up before.
        self.told: dict[str, object] = {"id": message_id, "duplicate": True}

    @override
    async def show(self, text: str) -> None:
        """Say nothing yet."""

    @override
    async def end(self, reply: Reply) -> None:
        """Tell the reply."""
        self.told = {
            "id": self.told["id"],
            "text": reply.text,
            "language": reply.language,
            "answer_id": reply.answer_id,
            "footnotes": [
                {"number": note.number, "title": note.title, "quote": note.quote, "url": note.url}
                for note in reply.notes
            ],
        }
        if self._bot.posts:
            await self._bot.post(self.told)

    @override
    async def fetch(self, dropped: Dropped, most_bytes: int) -> bytes:
        """Refuse: files are uploaded to `/v1/documents`."""
        raise UnsupportedTypeError("Files do not come by this way: upload them.")
