"""People who sign in elsewhere: bearer tokens of an OpenID Connect issuer, checked by its keys.

OpenID Connect Core 1.0, section 3.1.3.7, and RFC 9068 say what is checked: issuer, audience, times,
an asymmetric signature by a key that the issuer publishes. Nothing of a token is believed before.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import httpx2 as httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.domain.access import ApiKey
from services.domain.errors import NotReadyError, UnauthenticatedError

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
_LEEWAY_S = 30
# An unknown key id makes the keys be fetched again, once in so many seconds at most; sooner where
# the issuer did not answer.
_REFETCH_S, _RETRY_S = 60.0, 5.0
_FIRST_S = 0.5
_TIMEOUT_S = 5.0
_MOST_GROUPS = 200
_DOTS = 2
_BAD = "This token is not valid here: sign in again."
_AWAY = "Whoever signs people in does not answer right now: try again."


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are taken: its URL, the audience they must be for, and the claims that name the
    person and the groups.
    """

    url: str
    audience: str
    user_claim: str = "sub"
    groups_claim: str = "groups"


class TokenVerifier:
    """Checks tokens of one issuer. Threads may share it."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._keys: KeySet | None = None
        self._next_fetch = 0.0
        self._is_away = self._is_fetching = False
        self._turn = threading.Condition()

    @staticmethod
    def is_token(presented: str) -> bool:
        """Say whether this looks like a token and not like a key of ours."""
        return presented.count(".") == _DOTS and not presented.startswith("fn-")

    def holder(self, token: str) -> ApiKey:
        """Return who *token* is about; UnauthenticatedError if it is no good one, NotReadyError
        while the issuer does not tell its keys.
        """
        try:
            kid = jws.extract_compact(token.encode()).headers().get("kid")
            keys = self._keys_with(kid)
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            _registry(self._issuer).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnauthenticatedError(_BAD) from error
        user = claims.get(self._issuer.user_claim)
        if not isinstance(user, str) or not user.strip():
            raise UnauthenticatedError(_BAD)
        return ApiKey(
            id="",
            name=user,
            scopes=(),
            user=user,
            groups=_groups(claims.get(self._issuer.groups_claim)),
        )

    def _keys_with(self, kid: object) -> KeySet:
        """Return the issuer's keys, fetched again if *kid* is none of them.

        One thread fetches. The first ones after a start, which come together as a page opens, wait
        for it for a moment; else nobody does: an issuer that is slow holds up no others.
        """
        if _has(self._keys, kid):
            return self._keys
        with self._turn:
            fetches = not self._is_fetching and time.monotonic() >= self._next_fetch
            self._is_fetching |= fetches
            if not fetches and self._keys is None:
                self._turn.wait_for(lambda: not self._is_fetching, _FIRST_S)
        if fetches:
            self._fetch()
        if _has(self._keys, kid):
            return self._keys
        if self._is_away or self._is_fetching:
            raise NotReadyError(_AWAY)
        raise UnauthenticatedError(_BAD)

    def _fetch(self) -> None:
        try:
            self._keys, self._is_away = self._fetched(), False
        except NotReadyError:
            self._is_away = True
            raise
        finally:
            pause_s = _RETRY_S if self._is_away else _REFETCH_S
            with self._turn:
                self._next_fetch = time.monotonic() + pause_s
                self._is_fetching = False
                self._turn.notify_all()

    def _fetched(self) -> KeySet:
        try:
            with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client:
                about = _json(client, f"{self._issuer.url}/.well-known/openid-configuration")
                if about.get("issuer") != self._issuer.url:
                    raise UnauthenticatedError(_BAD)
                return KeySet.import_key_set(_json(client, str(about["jwks_uri"])))  # type: ignore[arg-type]
        except (httpx.HTTPError, ValueError, KeyError, JoseError) as error:
            raise NotReadyError(_AWAY) from error


def _has(keys: KeySet | None, kid: object) -> TypeGuard[KeySet]:
    return keys is not None and any(key.kid == kid for key in keys.keys)


def _registry(issuer: Issuer) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": issuer.url},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
        sub={"essential": True},
    )


def _groups(claimed: object) -> tuple[str, ...]:
    if not isinstance(claimed, list):
        return ()
    return tuple(one for one in claimed if isinstance(one, str))[:_MOST_GROUPS]


def _json(client: httpx.Client, url: str) -> Mapping[str, Any]:
    response = client.get(url)
    response.raise_for_status()
    told = response.json()
    if not isinstance(told, dict):
        message = f"{url} tells no JSON object."
        raise ValueError(message)  # noqa: TRY004 - a bad value, not a caller's mistake
    return told
