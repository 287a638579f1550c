"""`add`, `documents`, `show`, `reread`, `remove`: documents from the command line."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.cli.console import (
    AsJson,
    InCollection,
    client,
    complain,
    fail,
    guarded,
    opened,
    padded,
    say,
    show,
    show_json,
    show_table,
    tell,
)
from ingest.cli.files import readable_files
from ingest.cli.uploading import upload_all
from ingest.cli.waiting import wait_for
from ingest.cli.words import reason, reason_of, translated
from services.client.httpx_client import FootnoteClient
from services.client.wire import RefusedError
from services.domain.errors import InvalidRequestError


def _existing(given: str) -> Path:
    """Return a path that is there; an empty one is none, though Python takes it for this folder."""
    path = Path(given)
    if not given.strip() or not path.exists():
        raise typer.BadParameter(translated("there is no file or folder {path!r}.", path=given))
    if not os.access(path, os.R_OK):
        raise typer.BadParameter(translated("{path!r} may not be read.", path=given))
    return path


Paths = Annotated[
    list[Path],
    typer.Argument(help="Files and folders.", parser=_existing, metavar="PATH..."),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until they are ready.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (add, documents, show_document, reread, remove):
        app.command(name="show" if command is show_document else None)(command)


def add(
    paths: Paths,
    collection: InCollection = "default",
    reader: Annotated[
        list[str] | None,
        typer.Option(help="Who alone may read them: user:NAME, group:NAME, key:ID; repeatable."),
    ] = None,
    *,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Upload files and folders, and wait until each is ready or failed."""
    files = readable_files(paths)
    if not files:
        fail(NO_FILE, where=", ".join(map(str, paths)))
    with guarded():
        is_new = not stands(collection)
    if is_new:
        say("The collection {name} is new: it is made with the first file.", name=collection)
    with guarded():
        told = upload_all(files, collection, reader or [])
        if not no_wait:
            told = wait_for(told, collection)
    _report(told, as_json=as_json)


def documents(
    collection: Annotated[str | None, typer.Option("--collection", "-c")] = None,
    status: Annotated[str | None, typer.Option(help="Only documents in this status.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List documents."""
    with client() as service:
        listed = list(service.documents(collection=collection, status=status))
    if as_json:
        show_json(listed)
        return
    rows = [
        (one["id"], one["status"], one["collection"], one["passages"], one["name"])
        for one in listed
    ]
    show_table(("id", "status", "collection", "passages", "name"), rows, worded=("status",))


def show_document(
    document_id: Annotated[str, typer.Argument(metavar="ID")], *, as_json: AsJson = False
) -> None:
    """Look at one document."""
    with client() as service:
        document = service.document(document_id)
    if as_json:
        show_json(document)
        return
    for name, value in document.items():
        show(f"{name:>14}  {_plain(value)}")


def _plain(value: object) -> str:
    """Return a value of a document as a line tells it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    return "" if value is None else str(value)


def reread(
    document_ids: Annotated[list[str] | None, typer.Argument(metavar="ID...")] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="All documents of this collection.")
    ] = None,
    *,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Read documents again, as after an upgrade; until they are ready the old text answers."""
    if bool(document_ids) == (collection is not None):
        fail("Name either documents, or with --collection all of one.")
    with client() as service:
        if document_ids:
            told = [service.read_again(one) for one in document_ids]
        else:
            told = list(_all_read_again(service, collection))
    for one in told:
        # Each is waited for by itself, also where they came in one file of lines.
        one.pop("batch", None)
    if not no_wait:
        with guarded():
            told = wait_for(told, collection or "")
    _report(told, as_json=as_json)


def _all_read_again(service: FootnoteClient, collection: str | None) -> Iterator[dict[str, object]]:
    for one in list(service.documents(collection=collection)):
        try:
            yield service.read_again(str(one["id"]))
        except RefusedError as error:
            # It was replaced or removed since it was listed.
            if error.status != _GONE:
                raise


def remove(
    document_ids: Annotated[list[str], typer.Argument(metavar="ID...")], *, as_json: AsJson = False
) -> None:
    """Delete documents everywhere, with a receipt for each."""
    receipts, refused = [], 0
    with client() as service:
        for document_id in dict.fromkeys(document_ids):
            try:
                receipts.append(service.remove(document_id))
            except (RefusedError, InvalidRequestError) as error:
                refused += 1
                complain(reason_of(error))
                continue
            if not as_json:
                _tell_receipt(receipts[-1])
    if as_json:
        show_json(receipts)
    if refused:
        raise typer.Exit(1)


def _tell_receipt(receipt: dict[str, Any]) -> None:
    counted = receipt["removed"].items()
    counts = ", ".join(f"{translated(name)} {count}" for name, count in counted)
    tell(
        "removed {id} ({name}): {counts}",
        id=receipt["document_id"],
        name=receipt["name"],
        counts=counts,
    )


_GONE = 404
NO_FILE = "There is no file of a type that is read under {where}."


def stands(collection: str) -> bool:
    """Say whether there is such a collection."""
    with opened() as service:
        listed = service.call("GET", "/v1/collections")["collections"]
    return any(one["name"] == collection for one in listed)


def _report(told: list[dict[str, object]], *, as_json: bool) -> None:
    """Print what became of each; status 1 if any failed."""
    if as_json:
        show_json(told)
    else:
        for one in told:
            report_one(one)
    if any(one.get("status") == "failed" or one.get("failed") for one in told):
        raise typer.Exit(1)


def report_one(one: dict[str, object]) -> None:
    """Print what became of a document, or of a file of lines."""
    if "batch" in one:
        tell("batch {batch}: {documents} documents", **one)
        if one.get("failed"):
            tell("{failed} of them failed:", **one)
            for failed in one.get("failures", ()):  # type: ignore[attr-defined]
                report_one(failed)
        return
    error = one.get("error")
    why = f"  {reason(error['code'], error['message'])}" if isinstance(error, dict) else ""
    before = translated(" (in the place of an earlier version)") if one.get("replaces") else ""
    show(f"{padded(translated(str(one['status'])), 9)} {one['name']}{before}{why}")
