"""Keys: made, listed, revoked by an admin."""

from dataclasses import asdict

from fastapi import APIRouter

from services.api.access import Owner
from services.api.schemas import KeyBody, without_none
from services.api.state import InHouse
from services.domain.access import ApiKey

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.post("", status_code=201)
def create_key(house: InHouse, _scope: Owner, body: KeyBody) -> dict[str, object]:
    """Make a key. Its secret is in this answer and nowhere else."""
    wanted = ApiKey(
        id="",
        name=body.name,
        scopes=tuple(body.scopes),
        user=body.user,
        groups=tuple(body.groups),
        expires_at=body.expires_at,
    )
    made, secret = house.registry.keys.create(wanted)
    return {"id": made.id, "key": secret, "name": made.name}


@router.get("")
def list_keys(house: InHouse, _scope: Owner) -> dict[str, object]:
    """List the keys, without their secrets."""
    return {"keys": [without_none(asdict(key)) for key in house.registry.keys.listed()]}


@router.delete("/{key_id}")
def revoke_key(house: InHouse, _scope: Owner, key_id: str) -> dict[str, object]:
    """Make a key worthless at once."""
    house.registry.keys.revoke(key_id)
    return {"id": key_id, "revoked": True}
