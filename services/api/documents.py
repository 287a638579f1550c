"""Documents: upload, list, look at, delete."""

import functools
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote

import anyio
import anyio.to_thread
from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import ValidationError

from services.api.access import Asking
from services.api.checks import check_storable
from services.api.errors import error_body
from services.api.page_drawing import drawn_page
from services.api.schemas import ReadersBody, document_out
from services.api.state import InHouse, InService
from services.api.streaming import EventStream, event
from services.api.uploads import Door, Upload, take, take_again
from services.api.wording import CURSOR_PATTERN, NAME_PATTERN, fault
from services.domain.documents import Document, DocumentFilter, Span, Status
from services.domain.errors import InvalidRequestError, NotFoundError, UnauthenticatedError
from services.domain.scope import Scope
from services.wiring import House

_FIELDS = {"file", "collection", "source_id", "metadata", "readers"}
router = APIRouter(prefix="/v1/documents", tags=["documents"])
_EVENTS_S = 0.3
_PDF = "application/pdf"
# Children that draw at the same time.
_DRAWING = anyio.Semaphore(2)
_RESTING = frozenset({Status.READY, Status.FAILED})


@router.post("", status_code=202, responses={200: {"description": "It is there already."}})
async def upload_document(  # noqa: PLR0913, PLR0917 - the fields of a form
    request: Request,
    service: InService,
    scope: Asking,
    file: Annotated[UploadFile, File(description="The file.")],
    collection: Annotated[str, Form(max_length=100, pattern=NAME_PATTERN)] = "default",
    source_id: Annotated[str | None, Form(max_length=2000)] = None,
    metadata: Annotated[str | None, Form(description="A JSON object.")] = None,
    readers: Annotated[
        str | None, Form(description="Who alone may read it: a JSON list like group:NAME.")
    ] = None,
) -> JSONResponse:
    """Take a file to be ingested: 202 with its Document, 200 if it is there already."""
    form = await request.form()
    if len(form.getlist("file")) > 1:
        message = "file: one file in each request; of several only one would be taken."
        raise InvalidRequestError(message)
    # Of a slip in "readers" everybody would read the document.
    for name in sorted(form.keys() - _FIELDS):
        message = f"{name}: there is no such field."
        raise InvalidRequestError(message)
    await service.counted(lambda: service.budgets.spend("uploads", scope.principal))
    upload = Upload(
        name=_unescaped(file.filename or ""),
        file=file.file,
        collection=collection,
        source_id=source_id or "",
        metadata=_metadata(metadata),
        readers=_readers(readers),
    )
    house = service.house
    door = Door(house.registry, house.spool, house.queue)
    taken = await anyio.to_thread.run_sync(
        functools.partial(take, door, scope, upload, service.settings.upload_bytes)
    )
    return JSONResponse(taken.body, 202 if taken.is_work else 200)


@router.get("")
def list_documents(  # noqa: PLR0913, PLR0917 - the filters of a list
    house: InHouse,
    scope: Asking,
    collection: str | None = None,
    status: Status | None = None,
    source_id: str | None = None,
    batch: str | None = None,
    sha256: str | None = None,
    order: Literal["oldest", "newest"] = "oldest",
    cursor: Annotated[str | None, Query(pattern=CURSOR_PATTERN)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, object]:
    """List documents in the order of their arrival, and count them by status.

    A cursor belongs to the order in which it was given.
    """
    wanted = DocumentFilter(
        collection, status, source_id, batch, sha256, newest_first=order == "newest"
    )
    documents = house.registry.documents
    # Counted first: where nothing is left to be done, the list shows how everything ended.
    counts = documents.counts(scope, DocumentFilter(collection, None, source_id, batch, sha256))
    listed, following = documents.listed(scope, wanted, int(cursor or 0), limit)
    told: dict[str, object] = {
        "documents": [document_out(document) for document in listed],
        "counts": counts,
    }
    return told if following is None else {**told, "cursor": str(following)}


@router.get("/{document_id}")
def show_document(house: InHouse, scope: Asking, document_id: str) -> dict[str, object]:
    """Show one document."""
    return document_out(house.registry.documents.get(scope, document_id))


@router.get("/{document_id}/text", response_class=PlainTextResponse)
def show_text(house: InHouse, scope: Asking, document_id: str) -> PlainTextResponse:
    """Return the canonical text that offsets count in."""
    text = house.registry.documents.text(scope, document_id)
    return PlainTextResponse(text, headers={"X-Content-Type-Options": "nosniff"})


@router.get("/{document_id}/file", response_class=StreamingResponse)
def download_file(house: InHouse, scope: Asking, document_id: str) -> StreamingResponse:
    """Return the original, always as an attachment that no browser runs."""
    document = house.registry.documents.get(scope, document_id)
    name = quote(document.name.rsplit("/", 1)[-1])
    return StreamingResponse(
        house.spool.opened(document.blob),
        media_type=document.media_type,
        headers={
            "Content-Length": str(document.blob.length),
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@router.get("/{document_id}/pages/{page}")
async def draw_page(  # noqa: PLR0913, PLR0917 - which page, and what to mark on it
    house: InHouse,
    scope: Asking,
    document_id: str,
    page: Annotated[int, Path(ge=0, le=1_000_000, description="From 1; 0: where `start` is.")],
    start: Annotated[int, Query(ge=0)] = 0,
    end: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, object]:
    """Draw a page of a PDF, and tell where the text from *start* to *end* stands on it."""

    def drawn() -> dict[str, object]:
        document = house.registry.documents.get(scope, document_id)
        if document.media_type != _PDF:
            message = "Only a PDF has pages to draw: read its text."
            raise InvalidRequestError(message)
        documents = house.registry.documents
        text, spans = documents.text(scope, document_id), documents.pages(scope, document_id)
        number = page or max(1, sum(1 for span in spans if span.start <= start))
        own = spans[number - 1] if number <= len(spans) else Span(0, len(text))
        # Of the quote, what stands on this page.
        quote, before = text[max(start, own.start) : min(end, own.end)], text[own.start : start]
        memory_mb = house.settings.reader_memory_mb
        with house.spool.lent(document.blob.sha256) as path:
            return drawn_page(path, number, quote, memory_mb, before)

    async with _DRAWING:
        return await anyio.to_thread.run_sync(drawn)


@router.get("/{document_id}/events", response_class=EventStream)
async def follow_document(
    service: InService, house: InHouse, scope: Asking, document_id: str
) -> EventStream:
    """Tell progress as server-sent events until the document rests."""
    look = functools.partial(house.registry.documents.get, scope, document_id)
    await anyio.to_thread.run_sync(look)

    async def events() -> AsyncIterator[bytes]:
        try:
            with service.key_watch.watched(scope.principal):
                async for told in _progress(look):
                    service.key_watch.refuse_if_over(scope.principal)
                    if told is not None:
                        yield event("document", told)
        except (NotFoundError, UnauthenticatedError) as error:
            yield event("error", error_body(error.code, str(error)))

    return EventStream(events())


async def _progress(look: Callable[[], Document]) -> AsyncIterator[dict[str, object] | None]:
    """Yield a document until it rests, None where nothing is new."""
    last: dict[str, object] = {}
    while True:
        document = await anyio.to_thread.run_sync(look)
        told = document_out(document)
        yield told if told != last else None
        if document.status in _RESTING:
            return
        last = told
        await anyio.sleep(_EVENTS_S)


@router.post(
    "/{document_id}/reread",
    status_code=202,
    responses={200: {"description": "It is being read already."}},
)
def read_document_again(service: InService, scope: Asking, document_id: str) -> JSONResponse:
    """Have a document read again from the bytes that are kept: 202 with the Document that takes its
    place when it is ready; until then the one that is there answers.
    """
    service.budgets.spend("uploads", scope.principal)
    house = service.house
    door = Door(house.registry, house.spool, house.queue)
    taken = take_again(door, scope, document_id)
    return JSONResponse(taken.body, 202 if taken.is_work else 200)


@router.put("/{document_id}/readers")
def set_readers(
    house: InHouse, scope: Asking, document_id: str, body: ReadersBody
) -> dict[str, object]:
    """Let some people or groups alone read the document, or everybody of its collection again."""
    readers = None if body.readers is None else tuple(dict.fromkeys(body.readers))
    document, left = house.registry.documents.set_readers(scope, document_id, readers)
    house.follower.catch_up()
    house.generator.forget(left)
    return document_out(document)


@router.delete("/{document_id}")
def remove_document(house: InHouse, scope: Asking, document_id: str) -> dict[str, object]:
    """Delete a document everywhere, and say what was removed where."""
    return _removed(house, scope, document_id)


def _removed(house: House, scope: Scope, document_id: str) -> dict[str, object]:
    document, receipt = house.registry.documents.remove(scope, document_id)
    receipt = house.follower.removed(receipt)
    sha256 = document.blob.sha256
    with house.registry.documents.unused_blob(sha256) as is_unused:
        if is_unused:
            house.spool.remove(sha256)
    # Its own bytes, also where another document has the same: that is nothing to tell.
    removed = {**receipt.removed, "file_bytes": document.blob.length}
    return {"document_id": document_id, "name": document.name, "removed": removed}


def _unescaped(name: str) -> str:
    """Undo how a form escapes names of files (HTML, 4.10.21.8)."""
    for escaped, plain in (("%22", '"'), ("%0A", "\n"), ("%0D", "\r")):
        name = name.replace(escaped, plain)
    return name


def _readers(given: str | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    try:
        body = ReadersBody.model_validate({"readers": json.loads(given)})
    except ValidationError as error:
        raise InvalidRequestError(fault(error.errors())) from error
    except (ValueError, RecursionError) as error:
        message = 'readers: a JSON list is expected, like ["group:sales", "user:alice"].'
        raise InvalidRequestError(message) from error
    return None if body.readers is None else tuple(dict.fromkeys(body.readers))


def _metadata(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        message = "metadata: a JSON object is expected."
        raise InvalidRequestError(message)
    check_storable(value, "metadata")
    return value
