"""`add`, `sync`, `documents`, `show`, `reread`, `remove`: documents from the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.cli.console import (
    AsJson,
    InCollection,
    client,
    fail,
    padded,
    say,
    show,
    show_json,
    show_table,
    tell,
)
from ingest.cli.files import LocalFile, readable_files
from ingest.cli.folder_sync import plan, watch_folder
from ingest.cli.source_sync import watch_source
from ingest.cli.uploading import upload_all
from ingest.cli.waiting import wait_for
from ingest.cli.words import reason, translated
from ingest.sources.opening import is_source
from services.client.httpx_client import FootnoteClient
from services.client.wire import RefusedError

Paths = Annotated[list[Path], typer.Argument(help="Files and folders.", exists=True)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until they are ready.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (add, sync, documents, show_document, reread, remove):
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
        fail(_NO_FILE, where=", ".join(map(str, paths)))
    if not _stands(collection):
        say("The collection {name} is new: it is made with the first file.", name=collection)
    told = upload_all(files, collection, reader or [])
    if not no_wait:
        told = wait_for(told, collection)
    _report(told, as_json=as_json)


def sync(  # noqa: PLR0913 - the options of a command
    source: Annotated[
        str,
        typer.Argument(
            help="A folder; or davs://, s3+https://, imaps://, https:// (sitemap or page)."
        ),
    ],
    collection: InCollection = "default",
    every: Annotated[
        float, typer.Option(min=1, help="With --watch: seconds between two looks at a source.")
    ] = 60.0,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on as it changes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the collection equal the folder or source: add, replace, delete."""
    if is_source(source):
        looks = watch_source(source, every_s=every, forever=watch)
    else:
        looks = watch_folder(source, forever=watch)
    for folder in looks:
        files = [file for file in readable_files([folder]) if file.path.suffix != ".jsonl"]
        if not files and not watch:
            fail(_NO_FILE, where=source)
        summary, told = _synced(files, collection, dry_run=dry_run)
        if as_json:
            show_json({**summary, "documents": told})
        else:
            counts = (f"{translated(name)}: {len(names)}" for name, names in summary.items())
            show("  ".join(counts))
            for one in told:
                _report_one(one)
        if not watch and any(one["status"] == "failed" for one in told):
            raise typer.Exit(1)


def _synced(
    files: list[LocalFile], collection: str, *, dry_run: bool
) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """Make the collection equal the files; return what was planned and what became of it."""
    summary: dict[str, list[str]] = {}
    told: list[dict[str, Any]] = []
    for _ in range(_PASSES):
        with client() as service:
            known = list(service.documents(collection=collection)) if _stands(collection) else []
            # The documents of a batch have no file of their own.
            planned = plan(files, [one for one in known if "batch" not in one])
            summary = summary or planned.summary()
            if dry_run or not (planned.coming or planned.leaving):
                break
            for document in planned.leaving:
                service.remove(str(document["id"]))
        told += wait_for(upload_all(planned.coming, collection), collection)
        if any(one["status"] == "failed" for one in told) or not planned.replaced:
            break
    return summary, told


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
        show(f"{name:>14}  {value}")


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
    with client() as service:
        receipts = [service.remove(document_id) for document_id in document_ids]
    if as_json:
        show_json(receipts)
        return
    for receipt in receipts:
        counted = receipt["removed"].items()
        counts = ", ".join(f"{translated(name)} {count}" for name, count in counted)
        tell(
            "removed {id} ({name}): {counts}",
            id=receipt["document_id"],
            name=receipt["name"],
            counts=counts,
        )


_GONE = 404
# A file that shared its bytes with one that was replaced comes in the second pass.
_PASSES = 2
_NO_FILE = "There is no file of a type that is read under {where}."


def _stands(collection: str) -> bool:
    with client() as service:
        listed = service.call("GET", "/v1/collections")["collections"]
    return any(one["name"] == collection for one in listed)


def _report(told: list[dict[str, object]], *, as_json: bool) -> None:
    """Print what became of each; status 1 if any failed."""
    if as_json:
        show_json(told)
    else:
        for one in told:
            _report_one(one)
    if any(one.get("status") == "failed" or one.get("failed") for one in told):
        raise typer.Exit(1)


def _report_one(one: dict[str, object]) -> None:
    if "batch" in one:
        tell("batch {batch}: {documents} documents", **one)
        return
    error = one.get("error")
    why = f"  {reason(error['code'], error['message'])}" if isinstance(error, dict) else ""
    show(f"{padded(translated(str(one['status'])), 9)} {one['name']}{why}")
