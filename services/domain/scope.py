"""Who asks, and what exists for them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from services.domain.errors import CollectionNotFoundError, ForbiddenError


class Role(StrEnum):
    """What one may do in a collection; each role holds the ones before it."""

    ASK = "ask"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Say whether this role includes *other*."""
        order = list(Role)
        return order.index(self) >= order.index(other)


def segment_of(collection_id: str, readers: Sequence[str] | None) -> str:
    """Return the segment that a document belongs to: its collection, or, with *readers* of its own,
    a compartment that all documents of the collection with the same readers share.
    """
    if readers is None:
        return collection_id
    digest = hashlib.sha256("\n".join(sorted(set(readers))).encode()).hexdigest()
    return f"{collection_id}.{digest[:16]}"


def glossed_segment(segment: str) -> str:
    """Return where the vectors of a segment's glossed passages lie: no question in their own
    language is compared with them.
    """
    return f"{segment}.glossed"


@dataclass(frozen=True, slots=True)
class CollectionRole:
    """One collection that exists for the one who asks, and which of its compartments (documents
    with readers of their own) may be read. What stands in one of low trust is told with a mark;
    `defaults` are those of questions that are asked of it alone.
    """

    collection_id: str
    name: str
    role: Role
    compartments: tuple[str, ...] = ()
    is_low_trust: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks and which collections exist for them, resolved once at the door.

    Every look-up in registry, index and cache takes one. What it does not hold does not exist.
    """

    principal: str
    roles: tuple[CollectionRole, ...] = ()
    everywhere: Role | None = None
    groups: frozenset[str] = field(default_factory=frozenset)

    def holding(self, role: Role) -> frozenset[str]:
        """Return the ids of the collections in which *role* is held."""
        return frozenset(held.collection_id for held in self.roles if held.role.covers(role))

    @property
    def segments(self) -> frozenset[str]:
        """What may be searched: collections, and compartments within them."""
        return self.holding(Role.ASK) | {
            compartment for held in self.roles for compartment in held.compartments
        }

    def collection(self, name: str, role: Role) -> CollectionRole:
        """Return the collection called *name* if *role* is held in it.

        Raises CollectionNotFoundError where nothing may be known of it, ForbiddenError where it
        may be seen but the role is too small.
        """
        for held in self.roles:
            if held.name == name:
                if held.role.covers(role):
                    return held
                message = f"Your role in collection {name!r} is {held.role}: this takes {role}."
                raise ForbiddenError(message)
        raise CollectionNotFoundError(name)

    def narrowed(self, names: Iterable[str] | None) -> "Scope":
        """Return the same person looking only into the named collections (None: all of them)."""
        if names is None:
            return self
        kept = tuple(self.collection(name, Role.ASK) for name in dict.fromkeys(names))
        return Scope(self.principal, kept, self.everywhere, self.groups)

    def trusted(self) -> "Scope":
        """Return the same person looking only where nothing is of low trust."""
        kept = tuple(held for held in self.roles if not held.is_low_trust)
        return Scope(self.principal, kept, self.everywhere, self.groups)

    def shared(self, other: "Scope") -> "Scope":
        """Return the same person looking only into what *other* may read, too, and may do no more
        than ask there.
        """
        theirs = {held.collection_id: held for held in other.roles}
        kept = tuple(
            replace(
                held,
                role=Role.ASK,
                compartments=tuple(
                    one
                    for one in held.compartments
                    if one in theirs[held.collection_id].compartments
                ),
            )
            for held in self.roles
            if held.collection_id in theirs
        )
        return Scope(self.principal, kept, None, self.groups)

    @property
    def glossed(self) -> "Scope":
        """The same person looking only at the vectors of glossed passages."""
        segments = (glossed_segment(one) for one in sorted(self.segments))
        kept = tuple(CollectionRole(one, one, Role.ASK) for one in segments)
        return Scope(self.principal, kept, None, self.groups)

    @property
    def low_trust(self) -> frozenset[str]:
        """The ids of the collections of low trust."""
        return frozenset(held.collection_id for held in self.roles if held.is_low_trust)

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The defaults of questions, where there is but one collection to ask."""
        return self.roles[0].defaults if len(self.roles) == 1 else {}

    def may_everywhere(self, role: Role) -> bool:
        """Say whether *role* is held in every collection, those to come included."""
        return self.everywhere is not None and self.everywhere.covers(role)
