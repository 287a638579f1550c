"""The audit log, for an admin."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from services.api.access import Owner
from services.api.state import InHouse

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("")
def list_entries(
    house: InHouse,
    _scope: Owner,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, object]:
    """List the entries with numbers above *after*, in order; `last` is the log's end."""
    entries = house.registry.audit.after(after, limit)
    number, digest = house.registry.audit.last()
    return {
        "entries": [asdict(entry) for entry in entries],
        "last": {"seq": number, "hash": digest},
    }
