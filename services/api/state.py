"""What the routes share: the house once it is built, and the count of those who ask."""

import threading
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Annotated, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request

from services.api.admission import Admission
from services.api.audit_trail import AuditTrail
from services.api.joserfc_tokens import Issuer, TokenVerifier
from services.api.key_watch import KeyWatch
from services.api.limits_budgets import Budgets, Spans
from services.api.visitor_tokens import VisitorTokens
from services.bots import Bot
from services.domain.errors import NotReadyError
from services.settings import Settings
from services.wiring import House, owner_key

Work = TypeVar("Work")
# Threads of their own: uploads may take all others.
_COUNTING = 16


class Service:
    """A service that listens at once and is ready when its house stands."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Set where a signal is handled: it may hold no lock.
        self.draining = False
        self.over = threading.Event()
        self.admission = Admission(
            settings.questions_running, settings.questions_waiting, self.over.is_set
        )
        self.budgets = Budgets(
            Spans(settings.budget_questions, settings.budget_tokens, settings.budget_uploads),
            settings.redis_url,
        )
        self._counting = anyio.CapacityLimiter(_COUNTING)
        self.verifier = _verifier(settings)
        self.key_watch = KeyWatch(self._ended_keys)
        self.fault: Exception | None = None
        self.trail: AuditTrail | None = None
        self.bots: dict[str, Bot] = {}
        self._house: House | None = None

    @property
    def house(self) -> House:
        """The house; NotReadyError while it is being built."""
        if self._house is None:
            message = "The service is starting, its models are being loaded: ask again in a moment."
            raise NotReadyError(message)
        return self._house

    @cached_property
    def visitor_tokens(self) -> VisitorTokens:
        """What makes and checks tokens of visitors; NotReadyError while there may be no key yet."""
        return VisitorTokens(owner_key(self.house.settings))

    def _ended_keys(self, principals: Collection[str]) -> frozenset[str]:
        return self.house.registry.keys.ended(principals)

    @property
    def is_ready(self) -> bool:
        """Say whether questions can be answered now."""
        return self._house is not None and not self.draining

    def refuse_if_draining(self) -> None:
        """Raise NotReadyError if the service is about to end."""
        if self.draining:
            raise NotReadyError("The service is shutting down.")

    def take_question(self, principal: str) -> None:
        """Count a question of *principal*; HouseError if the service takes none, or none of theirs,
        right now. Nothing else has been done for it before.
        """
        self.refuse_if_draining()
        self.admission.refuse_if_full(principal)
        self.budgets.check("tokens", principal)
        self.budgets.spend("questions", principal)

    async def counted(self, work: Callable[[], Work]) -> Work:
        """Do what counts in budgets: where Redis counts, in a thread, so that nobody else waits for
        its answer.
        """
        if not self.budgets.are_shared:
            return work()
        return await anyio.to_thread.run_sync(work, limiter=self._counting)

    def open(self, house: House) -> None:
        """Begin to answer with *house*."""
        self.trail = AuditTrail(house.registry.audit)
        self._house = house

    def close(self) -> None:
        """End the house, if it ever stood."""
        if self.trail is not None:
            self.trail.close()
        if self._house is not None:
            self._house.close()


def _verifier(settings: Settings) -> TokenVerifier | None:
    if settings.oidc_issuer is None:
        return None
    issuer = Issuer(
        settings.oidc_issuer.rstrip("/"),
        settings.oidc_audience,
        settings.oidc_user_claim,
        settings.oidc_groups_claim,
    )
    return TokenVerifier(issuer)


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    service: Service = request.app.state.service
    return service


def house_of(request: Request) -> House:
    """Return the house that a request came to."""
    return service_of(request).house


InService = Annotated[Service, Depends(service_of)]
InHouse = Annotated[House, Depends(house_of)]
