"""Who asks: the check in front of every route but the public ones."""

import contextlib
import functools
import hashlib
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from services.api.errors import error_reply
from services.api.refusal_pace import RefusalPace
from services.api.state import Service
from services.api.visitor_tokens import Visitor, VisitorTokens, sharer
from services.domain.access import ApiKey
from services.domain.errors import BusyError, ForbiddenError, HouseError, UnauthenticatedError
from services.domain.recent import Recent
from services.domain.scope import Role, Scope

# Public: health, the static files of the page and the widget, what visitors of other pages begin
# with (by their page's origin), and webhooks, which check a signature of their own.
PUBLIC_PATHS = frozenset(
    {"/", "/widget.js", "/favicon.svg", "/health/live", "/health/ready", "/v1/visitors"}
)
PUBLIC_PREFIXES = ("/assets/", "/webhooks/")


_QUESTIONS = frozenset({"/v1/ask", "/v1/chat/completions", "/v1/responses"})
_MOST_KNOWN = 10_000
# Milliseconds each: more at once would only take the interpreter from who answers the others.
_LOOKUPS_AT_ONCE = 4
# All that a visitor of another page may do.
VISITOR_ROUTE = ("POST", "/v1/ask")


def is_public(path: str) -> bool:
    """Say whether a path needs no key."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES)


class AccessMiddleware:
    """Lets a request in if its key is known, and resolves once what exists for its holder."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        # Whose the keys were that were shown last: for refusals alone, never for access.
        self._known = Recent[str](_MOST_KNOWN)
        self._pace = RefusalPace()
        self._lookups = anyio.CapacityLimiter(_LOOKUPS_AT_ONCE)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer 401 before a byte of the body is read, or pass the request on."""
        if scope["type"] != "http" or is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        with contextlib.ExitStack() as until_over:
            try:
                key = _presented(Headers(scope=scope))
                until_over.enter_context(await self._approach(scope, key))
                holder, held = await self._resolved(scope, key)
            except HouseError as error:
                await error_reply(scope["path"], error)(scope, receive, send)
                return
            scope.setdefault("state", {})
            scope["state"]["key"] = holder
            scope["state"]["scope"] = held
            await self._app(scope, receive, send)

    async def _approach(self, scope: AsgiScope, key: str) -> AbstractContextManager[None]:
        """Return what counts a question on its way to its place.

        BusyError where it has no chance of one: before anything is looked up, so that who floods
        takes next to nothing from the others.
        """
        is_question = scope["method"] == "POST" and scope["path"] in _QUESTIONS
        principal = self._known.get(_digest(key)) if is_question else None
        if principal is None:
            return contextlib.nullcontext()
        admission, owner = self._service.admission, sharer(principal)
        try:
            admission.refuse_if_full(owner)
        except BusyError:
            await anyio.sleep(self._pace.pause_s(owner))
            raise
        return admission.approaches.counted(owner)

    async def _resolved(self, scope: AsgiScope, key: str) -> tuple[ApiKey, Scope]:
        if VisitorTokens.is_token(key):
            route = (scope["method"], scope["path"])
            visitor = _visitor(self._service, key, route, Headers(scope=scope).get("origin"))
            resolve = functools.partial(_visiting, self._service, visitor)
        else:
            resolve = functools.partial(_resolve, self._service, key)
        holder, held = await anyio.to_thread.run_sync(resolve, limiter=self._lookups)
        self._known.put(_digest(key), held.principal)
        return holder, held


def _digest(key: str) -> str:
    """Return what a key is remembered by: never itself."""
    return hashlib.sha256(key.encode()).hexdigest()


def _presented(headers: Headers) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key.strip():
        message = "Send your key as `Authorization: Bearer KEY`."
        raise UnauthenticatedError(message)
    return key.strip()


def _resolve(service: Service, presented: str) -> tuple[ApiKey, Scope]:
    registry = service.house.registry
    verifier = service.verifier
    if verifier is not None and verifier.is_token(presented):
        holder = verifier.holder(presented)
    else:
        holder = registry.keys.holder(presented)
    return holder, registry.collections.scope_of(holder)


def _visitor(service: Service, token: str, route: tuple[str, str], origin: str | None) -> Visitor:
    """Return whose token this is; ForbiddenError for any other route, or another page."""
    visitor = service.visitor_tokens.visitor(token)
    if route != VISITOR_ROUTE or visitor.origin != origin:
        message = "A visitor of this page may ask questions, and nothing else."
        raise ForbiddenError(message)
    return visitor


def _visiting(service: Service, visitor: Visitor) -> tuple[ApiKey, Scope]:
    collections = service.house.registry.collections
    if visitor.collections is None:
        return visitor.holder, collections.scope_of(visitor.holder)
    asks_all = collections.scope_of(replace(visitor.holder, scopes=(Role.ASK,)))
    kept = tuple(held for held in asks_all.roles if held.name in visitor.collections)
    return visitor.holder, Scope(visitor.holder.principal, kept)


def asking_scope(request: Request) -> Scope:
    """Return the Scope that was resolved at the door."""
    scope: Scope = request.state.scope
    return scope


def owner_scope(request: Request) -> Scope:
    """Return the Scope of one who may do everything; ForbiddenError for anybody else."""
    scope = asking_scope(request)
    if not scope.may_everywhere(Role.ADMIN):
        message = "Only an admin key may do this."
        raise ForbiddenError(message)
    return scope


Asking = Annotated[Scope, Depends(asking_scope)]
Owner = Annotated[Scope, Depends(owner_scope)]
