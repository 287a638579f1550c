"""Tokens of visitors of other people's pages: short-lived, for one origin, for asking alone."""

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from services.domain.access import ApiKey
from services.domain.errors import InvalidRequestError, UnauthenticatedError

LIFE_S = 900
_MARK = "fnv-"
_NOBODY = "visitor:"
_ALGORITHM = "HS256"
_PURPOSE = b"footnote visitor tokens"
_BAD = "This visitor's token is not valid here: load the page again."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on a page of *origin*: a known person with their own permissions, or nobody in
    particular, who may ask in *collections*.
    """

    origin: str
    holder: ApiKey
    collections: tuple[str, ...] | None


def sharer(principal: str) -> str:
    """Return in whose name a place for a question is held: all visitors who are nobody in
    particular share one person's part, however many they are.
    """
    nobody = f"user:{_NOBODY}"
    return nobody if principal.startswith(nobody) else principal


class VisitorTokens:
    """Makes and checks tokens under a key that is derived from the owner's."""

    def __init__(self, owner_key: str) -> None:
        self._derived = hmac.new(owner_key.encode(), _PURPOSE, hashlib.sha256).digest()
        self._key = OctKey.import_key(self._derived)

    @staticmethod
    def is_token(presented: str) -> bool:
        """Say whether this looks like a visitor's token."""
        return presented.startswith(_MARK)

    def for_anybody(self, origin: str, collections: Sequence[str], address: str) -> str:
        """Return a token for nobody in particular, at a network *address*, which it does not show:
        whoever comes again from there has the same budget.
        """
        subject = (
            _NOBODY + hmac.new(self._derived, address.encode(), hashlib.sha256).hexdigest()[:16]
        )
        return self._made({"sub": subject, "org": origin, "col": list(collections)})

    def for_person(self, origin: str, user: str, groups: Sequence[str]) -> str:
        """Return a token for a person whom the page has signed in; InvalidRequestError for a name
        that nobody's are made of.
        """
        if user.startswith(_NOBODY):
            raise InvalidRequestError(f"No person's name begins with {_NOBODY!r}.")
        return self._made({"sub": user, "org": origin, "grp": list(groups)})

    def visitor(self, token: str) -> Visitor:
        """Return whose token this is; UnauthenticatedError if it is no good one."""
        try:
            claims = jwt.decode(
                token.removeprefix(_MARK), self._key, algorithms=[_ALGORITHM]
            ).claims
            jwt.JWTClaimsRegistry(exp={"essential": True}).validate(claims)
            name, collections = str(claims["sub"]), claims.get("col")
            holder = ApiKey(
                id="", name=name, scopes=(), user=name, groups=tuple(claims.get("grp", ()))
            )
            return Visitor(
                str(claims["org"]), holder, None if collections is None else tuple(collections)
            )
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnauthenticatedError(_BAD) from error

    def _made(self, claims: dict[str, object]) -> str:
        whole = {**claims, "exp": int(time.time()) + LIFE_S}
        return f"{_MARK}{jwt.encode({'alg': _ALGORITHM}, whole, self._key)}"
