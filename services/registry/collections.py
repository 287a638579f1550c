"""Collections and who may do what in them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.domain.access import ApiKey, Grant
from services.domain.documents import UNFINISHED, Collection, Standing, Status, is_low_trust
from services.domain.errors import ConflictError, InvalidRequestError
from services.domain.scope import CollectionRole, Role, Scope
from services.registry.database import Database
from services.registry.rows import collection_of, new_id, now
from services.registry.tables import collections, compartments, documents, grants, keys


class Collections:
    """The collections of the registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scope_of(self, key: ApiKey) -> Scope:
        """Resolve what exists for the holder of *key*: its own scopes, and grants to it."""
        everywhere = [Role(scope) for scope in key.scopes if scope in set(Role)]
        widest = max(everywhere, key=list(Role).index, default=None)
        with self._database.read() as connection:
            known = sa.select(collections.c.id, collections.c.name, collections.c.defaults)
            rows = connection.execute(known).all()
            parts = connection.execute(sa.select(compartments)).all()
            granted = connection.execute(
                sa.select(grants.c.collection_id, grants.c.role).where(
                    grants.c.principal.in_(key.principals)
                )
            ).all()
        roles, principals = _widest_roles(granted), frozenset(key.principals)
        parts_of: dict[str, list[sa.Row[Any]]] = defaultdict(list)
        for part in parts:
            parts_of[part.collection_id].append(part)
        held = [
            CollectionRole(
                row.id,
                row.name,
                role,
                _readable(parts_of[row.id], role, principals),
                is_low_trust(row.defaults),
                row.defaults,
            )
            for row in rows
            if (role := _wider(widest, roles.get(row.id))) is not None
        ]
        return Scope(key.principal, tuple(held), widest, frozenset(key.groups))

    def create(self, name: str, instructions: str, defaults: Mapping[str, object]) -> Collection:
        """Make a collection; ConflictError if the name is taken."""
        made = Collection(new_id("col"), name, instructions, dict(defaults), now())
        try:
            with self._database.write() as connection:
                connection.execute(sa.insert(collections), asdict(made))
        except IntegrityError as error:
            message = f"There is a collection {name!r} already."
            raise ConflictError(message) from error
        return made

    def listed(self, scope: Scope) -> Sequence[tuple[Collection, int]]:
        """Return the collections of *scope* by name, each with its number of ready documents."""
        ready = (
            sa.select(sa.func.count())
            .where(
                documents.c.collection_id == collections.c.id,
                documents.c.status == "ready",
                documents.c.segment_id.in_(scope.segments),
            )
            .scalar_subquery()
        )
        query = (
            sa.select(collections, ready.label("ready"))
            .where(collections.c.id.in_(scope.holding(Role.ASK)))
            .order_by(collections.c.name)
        )
        with self._database.read() as connection:
            return [(collection_of(row), row.ready) for row in connection.execute(query)]

    def change(
        self,
        scope: Scope,
        name: str,
        instructions: str | None,
        defaults: Mapping[str, object] | None,
    ) -> Collection:
        """Set how answers from the collection sound and its defaults; None leaves one as it is."""
        held = scope.collection(name, Role.ADMIN)
        told = {
            "instructions": instructions,
            "defaults": None if defaults is None else dict(defaults),
        }
        change = {column: value for column, value in told.items() if value is not None}
        with self._database.write() as connection:
            if change:
                here = collections.c.id == held.collection_id
                connection.execute(sa.update(collections).where(here).values(change))
            row = connection.execute(
                sa.select(collections).where(collections.c.id == held.collection_id)
            ).one()
        return collection_of(row)

    def of_scope(self, scope: Scope) -> Sequence[Collection]:
        """Return the collections that *scope* looks into."""
        query = sa.select(collections).where(collections.c.id.in_(scope.holding(Role.ASK)))
        with self._database.read() as connection:
            return [collection_of(row) for row in connection.execute(query)]

    def standing(self, scope: Scope) -> Standing:
        """Return how far the documents are that *scope* may ask."""
        asked = sa.select(documents.c.id).where(
            documents.c.collection_id.in_(scope.holding(Role.ASK)),
            documents.c.segment_id.in_(scope.segments),
        )
        ready = asked.where(documents.c.status == Status.READY).limit(1)
        unread = asked.where(documents.c.status.in_(UNFINISHED)).subquery()
        with self._database.read() as connection:
            return Standing(
                may_ask=bool(scope.segments),
                has_ready=connection.execute(ready).first() is not None,
                unread=connection.scalar(sa.select(sa.func.count()).select_from(unread)) or 0,
            )

    def drop(self, scope: Scope, name: str) -> None:
        """Remove an empty collection; ConflictError while documents are in it."""
        held = scope.collection(name, Role.ADMIN)
        with self._database.write() as connection:
            if connection.execute(
                sa.select(documents.c.id).where(documents.c.collection_id == held.collection_id)
            ).first():
                message = f"Collection {name!r} holds documents: remove them first."
                raise ConflictError(message)
            connection.execute(
                sa.delete(grants).where(grants.c.collection_id == held.collection_id)
            )
            connection.execute(
                sa.delete(compartments).where(compartments.c.collection_id == held.collection_id)
            )
            connection.execute(sa.delete(collections).where(collections.c.id == held.collection_id))

    def grants(self, scope: Scope, name: str) -> Sequence[Grant]:
        """Return who holds which role in the collection."""
        held = scope.collection(name, Role.ADMIN)
        query = (
            sa.select(grants.c.principal, grants.c.role)
            .where(grants.c.collection_id == held.collection_id)
            .order_by(grants.c.principal)
        )
        with self._database.read() as connection:
            return [Grant(*row) for row in connection.execute(query)]

    def set_grants(self, scope: Scope, name: str, wanted: Sequence[Grant]) -> None:
        """Replace the collection's grants by *wanted*."""
        held = scope.collection(name, Role.ADMIN)
        rows = [
            {"collection_id": held.collection_id, "principal": g.principal, "role": g.role}
            for g in wanted
        ]
        with self._database.write() as connection:
            _refuse_unknown_keys(connection, wanted)
            connection.execute(
                sa.delete(grants).where(grants.c.collection_id == held.collection_id)
            )
            if rows:
                connection.execute(sa.insert(grants), rows)


def _refuse_unknown_keys(connection: sa.Connection, wanted: Sequence[Grant]) -> None:
    named = {g.principal.removeprefix("key:") for g in wanted if g.principal.startswith("key:")}
    known = set(connection.scalars(sa.select(keys.c.id).where(keys.c.id.in_(named))))
    if unknown := sorted(named - known):
        message = f"There is no key {unknown[0]}: `footnote keys list` shows their ids."
        raise InvalidRequestError(message)


def _readable(
    parts: Sequence[sa.Row[Any]], role: Role, principals: frozenset[str]
) -> tuple[str, ...]:
    """Return those of a collection's compartments that one of *principals* reads: an admin all."""
    reads_all = role.covers(Role.ADMIN)
    return tuple(part.id for part in parts if reads_all or principals.intersection(part.readers))


def _widest_roles(granted: Sequence[sa.Row[str, str]]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for collection_id, role in granted:
        wider = _wider(roles.get(collection_id), Role(role))
        if wider is not None:
            roles[collection_id] = wider
    return roles


def _wider(one: Role | None, other: Role | None) -> Role | None:
    if one is None or other is None:
        return one or other
    return one if one.covers(other) else other
