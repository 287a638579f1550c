"""Keys and grants."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """A principal (`key:ID`, `user:ID`, `group:NAME`) holds a role in a collection."""

    principal: str
    role: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the registry knows it: never the secret, only its hash stays behind.

    A person who signed in elsewhere has no key: `id` is empty then, and `user` says who it is.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    user: str | None = None
    groups: tuple[str, ...] = ()
    created_at: str = ""
    expires_at: str | None = None
    revoked_at: str | None = None

    @property
    def principal(self) -> str:
        """Who acts, as grants and the audit log name them."""
        return f"key:{self.id}" if self.id else f"user:{self.user}"

    @property
    def principals(self) -> list[str]:
        """All whom a grant may name to mean this holder."""
        own = [f"key:{self.id}"] if self.id else []
        user = [f"user:{self.user}"] if self.user else []
        return [*own, *user, *(f"group:{group}" for group in self.groups)]
