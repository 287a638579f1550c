"""The widget on other people's pages: who may hold it, and the tokens that it asks with."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import Field
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.access import VISITOR_ROUTE, Owner
from services.api.schemas import Body, Storable
from services.api.state import InService
from services.api.visitor_tokens import LIFE_S
from services.domain.errors import ForbiddenError, UnauthenticatedError
from services.settings import Settings

router = APIRouter(prefix="/v1", tags=["widget"])
_ANYBODY = "/v1/visitors"


class VisitorBody(Body):
    """A person whom a page has signed in."""

    origin: str = Field(max_length=300)
    user: Storable = Field(min_length=1, max_length=200)
    groups: list[Storable] = Field(default_factory=list, max_length=200)


@router.post("/visitors", status_code=201)
def begin_visit(
    request: Request, service: InService, origin: Annotated[str | None, Header()] = None
) -> dict[str, object]:
    """Give a visitor of a page on the list a token that can ask what such visitors may."""
    collections = listed(service.settings.widget_collections)
    if not collections or origin not in listed(service.settings.widget_origins):
        message = "This page is not on the list of pages that may ask here."
        raise UnauthenticatedError(message)
    address = request.client.host if request.client else ""
    made = service.visitor_tokens.for_anybody(str(origin), collections, address)
    return {"token": made, "expires_in_s": LIFE_S}


@router.post("/visitors/known", status_code=201)
def begin_known_visit(service: InService, _scope: Owner, body: VisitorBody) -> dict[str, object]:
    """Give a person whom a page has signed in a token to ask with, under their own permissions.
    The page's server asks for it, with an admin key.
    """
    if body.origin not in listed(service.settings.widget_origins):
        message = "This origin is not on the list of pages: FOOTNOTE_WIDGET_ORIGINS names them."
        raise ForbiddenError(message)
    made = service.visitor_tokens.for_person(body.origin, body.user, body.groups)
    return {"token": made, "expires_in_s": LIFE_S}


def listed(setting: str) -> list[str]:
    """Return what a setting names, separated by commas."""
    return [one.strip() for one in setting.split(",") if one.strip()]


class WidgetCors:
    """Lets pages on the list, and none other, begin visits and ask; without cookies."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._opened = CORSMiddleware(
            app,
            allow_origins=listed(settings.widget_origins),
            allow_methods=["POST"],
            allow_headers=["authorization", "content-type"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, by way of the list where it concerns the widget."""
        concerned = scope["type"] == "http" and scope["path"] in {_ANYBODY, VISITOR_ROUTE[1]}
        await (self._opened if concerned else self._app)(scope, receive, send)
