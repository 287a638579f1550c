"""Collections and their grants."""

from dataclasses import asdict

from fastapi import APIRouter

from services.api.access import Asking, Owner
from services.api.checks import check_storable
from services.api.schemas import CollectionBody, CollectionChangeBody, GrantsBody
from services.api.state import InHouse
from services.domain.access import Grant

router = APIRouter(prefix="/v1/collections", tags=["collections"])


@router.post("", status_code=201)
def create_collection(house: InHouse, _scope: Owner, body: CollectionBody) -> dict[str, object]:
    """Make a collection."""
    check_storable(body.model_dump(), "The body")
    made = house.registry.collections.create(body.name, body.instructions, body.defaults.kept())
    return asdict(made)


@router.get("")
def list_collections(house: InHouse, scope: Asking) -> dict[str, object]:
    """List the collections that the asking key may use."""
    listed = house.registry.collections.listed(scope)
    return {"collections": [asdict(one) | {"documents": ready} for one, ready in listed]}


@router.put("/{name}")
def change_collection(
    house: InHouse, scope: Asking, name: str, body: CollectionChangeBody
) -> dict[str, object]:
    """Set how answers from the collection sound, and its defaults; what is not given stays."""
    check_storable(body.model_dump(), "The body")
    defaults = None if body.defaults is None else body.defaults.kept()
    return asdict(house.registry.collections.change(scope, name, body.instructions, defaults))


@router.delete("/{name}")
def drop_collection(house: InHouse, scope: Asking, name: str) -> dict[str, object]:
    """Remove an empty collection."""
    house.registry.collections.drop(scope, name)
    return {"name": name, "removed": True}


@router.get("/{name}/grants")
def list_grants(house: InHouse, scope: Asking, name: str) -> dict[str, object]:
    """List who holds which role in the collection."""
    return {"grants": [asdict(grant) for grant in house.registry.collections.grants(scope, name)]}


@router.put("/{name}/grants")
def set_grants(house: InHouse, scope: Asking, name: str, body: GrantsBody) -> dict[str, object]:
    """Replace the collection's grants."""
    wanted = {grant.principal: Grant(grant.principal, grant.role) for grant in body.grants}
    house.registry.collections.set_grants(scope, name, list(wanted.values()))
    return {"grants": [asdict(grant) for grant in wanted.values()]}
