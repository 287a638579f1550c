"""What bots ask of the service: the way of `/v1/ask`, under the Scope of who wrote in the chat."""

import hashlib
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

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
    async def ask(self, heard: Heard) -> AsyncGenerator[Told]:
        """Answer a message in its conversation."""
        told: Told = HouseError("Nothing was said.")
        scope = Scope(f"user:{_user(heard.person)}")
        try:
            scope = await anyio.to_thread.run_sync(self._scope, heard)
            thread = _thread_of(heard)
            history = await anyio.to_thread.run_sync(self._history, scope, thread)
            body = question_body(question=heard.text, history=history)
            service = self._service
            asked = await service.counted(lambda: admitted(service, scope, body, thread))
            async with aclosing(asked.told()) as events:
                async for told in events:
                    yield told
        except HouseError as error:
            told = error
            yield told
        finally:
            status = _FAILED if isinstance(told, HouseError) else _DONE
            await self._note(scope.principal, heard.person, f"{heard.room}/ask", status)

    @override
    async def judge(self, judged: Judged) -> None:
        """Keep a thumb of who asked."""
        scope = await anyio.to_thread.run_sync(self._own_scope, judged.person)
        thumb = {"thumb": "up" if judged.is_good else "down", "note": ""}
        answers = self._service.house.registry.answers
        async with self._noted(scope, judged.person, f"{judged.answer_id}/feedback"):
            await anyio.to_thread.run_sync(answers.judge, scope, judged.answer_id, thumb)

    @override
    async def collections(self, heard: Heard) -> Sequence[str]:
        """Return the collections that the writer may add to, by name; in a room, those whose names
        the room may know.
        """
        scope = await anyio.to_thread.run_sync(self._own_scope, heard.person)
        known = {held.name for held in (await anyio.to_thread.run_sync(self._scope, heard)).roles}
        may_write = {held.name for held in scope.roles if held.role.covers(Role.WRITE)}
        return sorted(may_write & known)

    @override
    async def add(self, heard: Heard, collection: str, name: str, data: bytes) -> None:
        """Take a file to be ingested, as an upload."""
        house, most = self._service.house, self._service.settings.upload_bytes
        scope = await anyio.to_thread.run_sync(self._own_scope, heard.person)
        async with self._noted(scope, heard.person, f"{heard.room}/add"):
            budgets = self._service.budgets
            await self._service.counted(lambda: budgets.spend("uploads", scope.principal))
            upload = Upload(name, io.BytesIO(data), collection, "", {})
            door = Door(house.registry, house.spool, house.queue)
            await anyio.to_thread.run_sync(take, door, scope, upload, most)

    def _scope(self, heard: Heard) -> Scope:
        """Return what the person may read; in a room, only what the room may read, too."""
        own = self._own_scope(heard.person)
        if heard.is_direct:
            return own
        platform = heard.person.platform
        groups: tuple[str, ...] = (f"chat:{platform}:{heard.room}",)
        if not heard.is_shared:
            groups = (f"chat:{platform}", *groups)
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

    @asynccontextmanager
    async def _noted(self, scope: Scope, person: Person, action: str) -> AsyncIterator[None]:
        """Note in the audit log what is done meanwhile, also where it is refused."""
        status = _FAILED
        try:
            yield
            status = _DONE
        finally:
            await self._note(scope.principal, person, action, status)

    async def _note(self, principal: str, person: Person, action: str, status: int) -> None:
        trail = self._service.trail
        if trail is not None:
            path = f"/chat/{person.platform}/{quote(action)}"
            entry = AuditEntry(principal, "POST", path, status, "")
            await trail.note(replace(entry, client=person.platform))


def _user(person: Person) -> str:
    return f"{person.platform}:{person.id}"


def _thread_of(heard: Heard) -> str:
    """Return the name of a conversation: a room may be called as a person is, and either may hold
    any characters and many.
    """
    place = "direct" if heard.is_direct else "room"
    parts = json.dumps([heard.person.platform, place, heard.room, heard.thread])
    return f"chat:{heard.person.platform}:{hashlib.sha256(parts.encode()).hexdigest()[:32]}"
