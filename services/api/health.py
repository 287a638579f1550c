"""Whether the service lives, whether it is ready, and what it measures."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from services.api import metrics
from services.api.access import Asking
from services.api.errors import error_body
from services.api.state import InHouse, InService
from services.domain.errors import ForbiddenError
from services.domain.scope import Role

router = APIRouter(tags=["health"])


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "live"}


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses={503: {"description": "It is starting, or draining."}})
async def ready(service: InService) -> JSONResponse:
    """Say whether questions can be answered now: 200, or 503 with the reason."""
    if service.is_ready:
        return JSONResponse({"status": "ready"})
    status = "draining" if service.draining else "starting"
    error = error_body("not_ready", f"The service is {status}: ask again in a moment.", 1)
    return JSONResponse({"status": status, **error}, 503, headers={"Retry-After": "1"})


@router.get("/metrics", response_class=Response)
def show_metrics(service: InService, house: InHouse, scope: Asking) -> Response:
    """Return the metrics for Prometheus, to keys that may read everywhere: they count all."""
    if not scope.may_everywhere(Role.READ):
        message = "The metrics count everything: ask with a key of scope read."
        raise ForbiddenError(message)
    return Response(
        metrics.page(
            house.follower.passages(),
            house.generator.figures(),
            answers_alone=house.kept.is_left_alone,
            budgets_alone=service.budgets.is_redis_left_alone,
        ),
        media_type="text/plain; version=0.0.4",
    )
