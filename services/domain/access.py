"""Keys and grants."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """A principal (`key:ID`, `user:ID`, `group:NAME`) holds a role in a collection."""

    principal: str
    role: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the registry knows it: never the secret, only its hash stays behind."""

    id: str
    name: str
    scopes: tuple[str, ...]
    user: str | None = None
    groups: tuple[str, ...] = ()
    created_at: str = ""
    expires_at: str | None = None
    revoked_at: str | None = None
