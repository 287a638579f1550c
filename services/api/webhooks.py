"""Deliveries of chat platforms: no key, but a signature over the raw bytes, checked first."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from services.api.state import InHouse, InService
from services.bots import Delivery
from services.domain.errors import UnauthenticatedError

router = APIRouter(prefix="/webhooks", tags=["chat"])


@router.post("/{platform}", response_model=None)
async def deliver(request: Request, service: InService, _house: InHouse, platform: str) -> Response:
    """Take what a chat platform delivers; 401 unless its signature is good, 503 while the service
    starts: platforms deliver again then.
    """
    bot = service.bots.get(platform)
    if bot is None:
        message = f"No bot for {platform!r} is set up here: docs/chat says how."
        raise UnauthenticatedError(message)
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.raw:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    told = await bot.receive(Delivery(headers, await request.body()))
    if isinstance(told.body, str):
        return PlainTextResponse(told.body, told.status)
    return JSONResponse(dict(told.body), told.status)
