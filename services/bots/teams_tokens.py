"""Tokens of Teams: those that its deliveries bear, checked; those that our calls bear, fetched.

Bot Connector authentication: RS256 by a key that the issuer publishes and endorses for Teams,
issuer, audience, expiry (five minutes of leeway), and a claim that says where replies go.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.bots.outgoing import Outgoing, PlatformError
from services.bots.signatures import WINDOW_S, refused
from services.domain.errors import NotReadyError

ISSUER = "https://api.botframework.com"
_SCOPE = "https://api.botframework.com/.default"
_CHANNEL = "msteams"
_BAD = "its token is not good"
# Keys are fetched again once in so many seconds at most for an unknown one, and once a day.
_REFETCH_S, _KEYS_S = 60.0, 86_400.0
_EARLY_S = 300.0


@dataclass(frozen=True, slots=True)
class TeamsApp:
    """A single-tenant app registration with a bot. The addresses are Microsoft's own."""

    client_id: str
    client_secret: str
    tenant_id: str
    login_url: str = "https://login.microsoftonline.com"
    keys_url: str = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    asks_emails: bool = False


class TeamsTokens:
    """Checks tokens of deliveries and fetches ours. One loop uses it."""

    def __init__(self, app: TeamsApp, out: Outgoing) -> None:
        self._app = app
        self._out = out
        self._keys: list[Mapping[str, Any]] = []
        self._fetched_at = 0.0
        self._token, self._until = "", 0.0
        self._lock = asyncio.Lock()

    async def service_url(self, authorization: str) -> str:
        """Return where replies to a delivery go, as its token says; UnauthenticatedError if the
        token is no good one, NotReadyError if the keys cannot be had.
        """
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise refused("it needs a token")
        try:
            kid = jws.extract_compact(token.encode()).headers().get("kid")
            keys = KeySet.import_key_set({"keys": [dict(await self._key(kid))]})
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
            jwt.JWTClaimsRegistry(
                leeway=WINDOW_S,
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": self._app.client_id},
                exp={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise refused(_BAD) from error
        told = claims.get("serviceurl") or claims.get("serviceUrl")
        if not isinstance(told, str) or not told:
            raise refused(_BAD)
        return told

    async def authorized(self) -> dict[str, str]:
        """Return the header of a call to the connector."""
        async with self._lock:
            if time.monotonic() > self._until:
                form = {
                    "grant_type": "client_credentials",
                    "client_id": self._app.client_id,
                    "client_secret": self._app.client_secret,
                    "scope": _SCOPE,
                }
                path = f"{self._app.login_url}/{self._app.tenant_id}/oauth2/v2.0/token"
                told = await self._out.call("POST", path, form=form)
                self._token = str(told["access_token"])
                self._until = time.monotonic() + float(told["expires_in"]) - _EARLY_S
        return {"Authorization": f"Bearer {self._token}"}

    async def _key(self, kid: object) -> Mapping[str, Any]:
        """Return the published key *kid* if it is endorsed for Teams."""
        async with self._lock:
            age_s = time.monotonic() - self._fetched_at
            is_known = any(key.get("kid") == kid for key in self._keys)
            if not self._keys or age_s > (_KEYS_S if is_known else _REFETCH_S):
                await self._fetch_keys()
        for key in self._keys:
            if key.get("kid") == kid and _CHANNEL in key.get("endorsements", ()):
                return {name: key[name] for name in ("kty", "n", "e", "kid")}
        raise refused(_BAD)

    async def _fetch_keys(self) -> None:
        try:
            about = await self._out.call("GET", self._app.keys_url)
            told = await self._out.call("GET", str(about["jwks_uri"]))
        except (PlatformError, KeyError) as error:
            if self._keys:
                return
            message = "The keys that Teams signs with cannot be fetched right now."
            raise NotReadyError(message) from error
        self._keys = [key for key in told.get("keys", []) if isinstance(key, dict)]
        self._fetched_at = time.monotonic()
