"""The page and its static files, served from the package; nothing is fetched from elsewhere."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from services.domain.errors import NotFoundError

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parents[1] / "web"
_ASSETS = {path.name: path for path in (_FOLDER / "assets").glob("*") if path.is_file()}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # A browser asks each time whether its copy is still the one: files of two releases do not fit
    # together.
    "Cache-Control": "no-cache",
}


@router.head("/")
@router.get("/")
def page(request: Request) -> Response:
    """Return the page."""
    return _file(request, _FOLDER / "index.html", "text/html")


@router.get("/widget.js")
def widget(request: Request) -> Response:
    """Return the widget, which pages of other origins may load."""
    response = _file(request, _FOLDER / "widget.js", "text/javascript")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@router.get("/assets/{name}")
def asset(request: Request, name: str) -> Response:
    """Return a static file of the page."""
    path = _ASSETS.get(name)
    if path is None:
        message = f"There is no file {name!r}."
        raise NotFoundError(message)
    return _file(request, path)


def _file(request: Request, path: Path, media_type: str | None = None) -> Response:
    """Return a file, or that the browser's copy is still the one."""
    found = FileResponse(path, media_type=media_type, headers=_HEADERS, stat_result=path.stat())
    tag = found.headers["etag"]
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
    return found
