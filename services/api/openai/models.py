"""Which models there are, and what a model's name means."""

import time
from dataclasses import dataclass

from fastapi import APIRouter

from services.api.access import Asking
from services.api.openai_errors import ModelNotFoundError
from services.domain.errors import CollectionNotFoundError, ForbiddenError
from services.domain.scope import Role, Scope

router = APIRouter(prefix="/v1/models", tags=["openai"])

ALL, BASE, EMBEDDING = "footnote", "footnote-base", "footnote-embedding"
_LEAD = f"{ALL}/"
_STARTED = int(time.time())


@dataclass(frozen=True, slots=True)
class Meant:
    """What a model's name means: the collections to look into (None: all), or no documents."""

    collections: list[str] | None = None
    is_base: bool = False


def meant_by(name: str, scope: Scope) -> Meant:
    """Return what the model *name* means to *scope*; ModelNotFoundError if nothing."""
    if name in {ALL, BASE}:
        return Meant(is_base=name == BASE)
    if name.startswith(_LEAD):
        collection = name.removeprefix(_LEAD)
        try:
            scope.collection(collection, Role.ASK)
        except CollectionNotFoundError as error:
            raise ModelNotFoundError(name) from error
        return Meant([collection])
    raise ModelNotFoundError(name)


def refuse_who_may_nothing(scope: Scope) -> None:
    """Raise ForbiddenError for a key that has neither a scope nor a role."""
    if not scope.roles and scope.everywhere is None:
        message = "This key may ask nothing: give it a scope, or a role in a collection."
        raise ForbiddenError(message)


@router.get("")
def list_models(scope: Asking) -> dict[str, object]:
    """List the models: all documents, each collection, the bare generator, the embedder."""
    return {"object": "list", "data": [_model(name) for name in _names(scope)]}


@router.get("/{name:path}")
def show_model(scope: Asking, name: str) -> dict[str, object]:
    """Show one model."""
    if name not in _names(scope):
        raise ModelNotFoundError(name)
    return _model(name)


def _names(scope: Scope) -> list[str]:
    held = sorted(one.name for one in scope.roles if one.role.covers(Role.ASK))
    return [ALL, *(f"{_LEAD}{name}" for name in held), BASE, EMBEDDING]


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": _STARTED, "owned_by": "footnote"}
