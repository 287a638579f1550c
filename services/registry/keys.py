"""API keys: 256 random bits, shown once; only their hash is stored."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from services.domain.access import ApiKey
from services.domain.errors import KeyNotFoundError, UnauthenticatedError
from services.registry.database import Database
from services.registry.rows import new_id, now
from services.registry.tables import keys

OWNER = ApiKey(id="owner", name="owner", scopes=("admin",))


class Keys:
    """The keys of the registry, and the owner's key that stands outside of it."""

    def __init__(self, database: Database, owner_key: str) -> None:
        self._database = database
        self._owner_hash = key_hash(owner_key)

    def holder(self, presented: str) -> ApiKey:
        """Return whose key this is; UnauthenticatedError if nobody's, expired or revoked."""
        wanted = key_hash(presented)
        if secrets.compare_digest(wanted, self._owner_hash):
            return OWNER
        with self._database.read() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.hash == wanted)).first()
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now()):
            message = "This key is unknown, expired or revoked: ask the owner for a new one."
            raise UnauthenticatedError(message)
        return _key_of(row)

    def ended(self, principals: Collection[str]) -> frozenset[str]:
        """Return those of *principals* who are a key that has been revoked or has expired."""
        asked = {one.removeprefix("key:"): one for one in principals if one.startswith("key:")}
        asked.pop(OWNER.id, None)
        if not asked:
            return frozenset()
        good = sa.select(keys.c.id).where(
            keys.c.id.in_(asked),
            keys.c.revoked_at.is_(None),
            sa.or_(keys.c.expires_at.is_(None), keys.c.expires_at > now()),
        )
        with self._database.read() as connection:
            for key_id in connection.execute(good).scalars():
                del asked[key_id]
        return frozenset(asked.values())

    def create(self, wanted: ApiKey) -> tuple[ApiKey, str]:
        """Make a key with the name, scopes, user, groups and expiry of *wanted*; return it with
        its secret, which is stored nowhere.
        """
        secret = f"fn-{secrets.token_urlsafe(32)}"
        key = ApiKey(
            id=new_id("key"),
            name=wanted.name,
            scopes=wanted.scopes,
            user=wanted.user,
            groups=wanted.groups,
            created_at=now(),
            expires_at=wanted.expires_at,
        )
        with self._database.write() as connection:
            connection.execute(
                sa.insert(keys),
                {
                    "id": key.id,
                    "name": key.name,
                    "hash": key_hash(secret),
                    "scopes": list(key.scopes),
                    "user": key.user,
                    "groups": list(key.groups),
                    "created_at": key.created_at,
                    "expires_at": key.expires_at,
                },
            )
        return key, secret

    def listed(self) -> Sequence[ApiKey]:
        """Return every key, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(keys).order_by(keys.c.created_at))
            return [_key_of(row) for row in rows]

    def revoke(self, key_id: str) -> None:
        """Make the key worthless from the next request on."""
        with self._database.write() as connection:
            done = connection.execute(
                sa.update(keys)
                .where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
                .values(revoked_at=now())
            )
        if not done.rowcount:
            raise KeyNotFoundError(key_id)


def key_hash(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def _key_of(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        user=row.user,
        groups=tuple(row.groups),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
