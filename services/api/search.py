"""Search: the passages that a question would be answered from."""

import secrets

from fastapi import APIRouter

from services.api.access import Asking
from services.api.checks import plain_text
from services.api.schemas import SearchBody, passage_out, turns, within
from services.api.state import InService
from services.retrieval import Query

router = APIRouter(prefix="/v1", tags=["asking"])


@router.post("/search")
def search(service: InService, scope: Asking, body: SearchBody) -> dict[str, object]:
    """Find passages, best first; the same path that an answer takes."""
    query = plain_text(body.query, service.settings.question_bytes, "query")
    narrowed = within(scope, body)
    found = service.house.retriever.search(Query(query, turns(body.history)), narrowed, body.limit)
    return {
        "passages": [passage_out(one) for one in found.found],
        "trace_id": f"tr_{secrets.token_hex(12)}",
        "trace": dict(found.trace),
    }
