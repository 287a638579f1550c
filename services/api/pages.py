"""The page and its static files, served from the package; nothing is fetched from elsewhere."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

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
}


@router.head("/")
@router.get("/")
def page() -> FileResponse:
    """Return the page."""
    return FileResponse(_FOLDER / "index.html", media_type="text/html", headers=_HEADERS)


@router.get("/widget.js")
def widget() -> FileResponse:
    """Return the widget, which pages of other origins may load."""
    headers = {**_HEADERS, "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(_FOLDER / "widget.js", media_type="text/javascript", headers=headers)


@router.get("/assets/{name}")
def asset(name: str) -> FileResponse:
    """Return a static file of the page."""
    path = _ASSETS.get(name)
    if path is None:
        message = f"There is no file {name!r}."
        raise NotFoundError(message)
    return FileResponse(path, headers=_HEADERS)
