"""What bots ask of the service: the way of `/v1/ask`, under the Scope of who wrote in the chat."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import anyio.to_thread
from typing_extensions import override

from services.api.admitted import Told
from services.api.ask import admitted
from services.api.schemas import question_body
from services.api.state import Service
from services.api.uploads import Door, Upload, take
from services.bots import Desk, Heard, Judged, Person
from services.domain.access import ApiKey
from services.domain.audit import AuditEntry
from services.domain.errors import HouseError
from services.domain.scope import Role, Scope

_MOST_TURNS = 6
_DONE, _FAILED = 200, 400


class ServiceDesk(Desk):
    """The desk of a running service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @override
    async def is_new(self, event: str) -> bool:
        """Say whether this event was not taken up before."""
        return await anyio.to_thread.run_sync(self._service.house.registry.chat_events.take, event)

    @override
    async def ask(self, heard: Heard) -> AsyncIterator[Told]:
        """Answer a message in its conversation."""
        told: Told = HouseError("Nothing was said.")
        scope = Scope(f"user:{_user(heard.person)}")
        try:
            scope = await anyio.to_thread.run_sync(self._scope, heard)
            thread = f"chat:{heard.person.platform}:{heard.room}:{heard.thread}"
            history = await anyio.to_thread.run_sync(self._history, scope, thread)
            body = question_body(question=heard.text, history=history)
            async for told in admitted(self._service, scope, body, thread).told():
                yield told
        except HouseError as error:
            told = error
            yield told
        finally:
            status = _FAILED if isinstance(told, HouseError) else _DONE
            await self._note(scope, "ask", heard.person.platform, status)

    @override
    async def judge(self, judged: Judged) -> None:
        """Keep a thumb of who asked."""
        scope = await anyio.to_thread.run_sync(self._own_scope, judged.person)
        thumb = {"thumb": "up" if judged.is_good else "down", "note": ""}
        answers = self._service.house.registry.answers
        await anyio.to_thread.run_sync(answers.judge, scope, judged.answer_id, thumb)

    @override
    async def collections(self, person: Person) -> Sequence[str]:
        """Return the collections that the person may add to, by name."""
        scope = await anyio.to_thread.run_sync(self._own_scope, person)
        return sorted(held.name for held in scope.roles if held.role.covers(Role.WRITE))

    @override
    async def add(self, person: Person, collection: str, name: str, data: bytes) -> None:
        """Take a file to be ingested, as an upload."""
        house, most = self._service.house, self._service.settings.upload_bytes
        scope = await anyio.to_thread.run_sync(self._own_scope, person)
        self._service.budgets.spend("uploads", scope.principal)
        upload = Upload(name, io.BytesIO(data), collection, "", {})
        door = Door(house.registry, house.spool, house.queue)
        await anyio.to_thread.run_sync(take, door, scope, upload, most)
        await self._note(scope, "add", person.platform, _DONE)

    def _scope(self, heard: Heard) -> Scope:
        """Return what the person may read; in a room, only what the room may read, too."""
        own = self._own_scope(heard.person)
        if heard.is_direct:
            return own
        platform = heard.person.platform
        groups = (f"chat:{platform}", f"chat:{platform}:{heard.room}")
        return own.shared(self._resolved(ApiKey(id="", name=heard.room, scopes=(), groups=groups)))

    def _own_scope(self, person: Person) -> Scope:
        user = _user(person)
        if self._service.settings.chat_identity == "email" and person.email:
            user = person.email.lower()
        everybody = f"chat:{person.platform}"
        return self._resolved(ApiKey(id="", name=user, scopes=(), user=user, groups=(everybody,)))

    def _resolved(self, holder: ApiKey) -> Scope:
        return self._service.house.registry.collections.scope_of(holder)

    def _history(self, scope: Scope, thread: str) -> list[dict[str, str]]:
        records = self._service.house.registry.answers.of_thread(scope, thread, _MOST_TURNS)
        return [
            turn
            for record in records
            for turn in (
                {"role": "user", "content": str(record.question["text"])},
                {"role": "assistant", "content": str(record.answer["answer"])},
            )
        ]

    async def _note(self, scope: Scope, action: str, platform: str, status: int) -> None:
        trail = self._service.trail
        if trail is not None:
            entry = AuditEntry(scope.principal, "POST", f"/chat/{platform}/{action}", status, "")
            await asyncio.wrap_future(trail.record(replace(entry, client=platform)))


def _user(person: Person) -> str:
    return f"{person.platform}:{person.id}"
