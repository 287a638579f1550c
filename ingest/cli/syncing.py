"""`sync`: a collection made equal to a folder or source."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.cli.console import (
    AsJson,
    InCollection,
    complain,
    fail,
    guarded,
    not_empty,
    opened,
    padded,
    say,
    show,
    show_json,
)
from ingest.cli.documents import NO_FILE, report_one, stands
from ingest.cli.files import LocalFile, readable_files
from ingest.cli.folder_sync import plan, watch_folder
from ingest.cli.source_sync import watch_source
from ingest.cli.uploading import upload_all
from ingest.cli.waiting import wait_for
from ingest.cli.words import reason_of, translated
from ingest.sources.opening import is_source
from services.client.wire import RefusedError, UnreachableError

# A file that shared its bytes with one that was replaced comes in the second pass.
_PASSES = 2
# A watch tries a service that is away again after so long.
_AGAIN_S = 5.0


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(sync)


def sync(  # noqa: PLR0913 - the options of a command
    source: Annotated[
        str,
        typer.Argument(
            help="A folder; or davs://, s3+https://, imaps://, https:// (sitemap or page).",
            callback=not_empty,
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
        files = _to_sync(folder)
        if not files:
            # An empty folder is rather a share that is not mounted than a wish.
            (say if watch else fail)(NO_FILE, where=source)
            continue
        summary, told = _synced_at_last(files, collection, dry_run=dry_run, waits=watch)
        if as_json:
            show_json({**summary, "documents": told})
        else:
            _tell_synced(summary, told, names_all=dry_run)
        if not watch and any(one["status"] == "failed" for one in told):
            raise typer.Exit(1)


def _synced_at_last(
    files: list[LocalFile], collection: str, *, dry_run: bool, waits: bool
) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """Do what `_synced` does; where *waits*, again and again while the service is away."""
    while True:
        try:
            with guarded(unless_away=waits):
                return _synced(files, collection, dry_run=dry_run)
        except (UnreachableError, RefusedError) as error:
            complain(reason_of(error))
            time.sleep(_AGAIN_S)


def _to_sync(folder: Path) -> list[LocalFile]:
    """Return the files of a folder that become one document each."""
    files, lines = [], 0
    for file in readable_files([folder]):
        is_lines = file.path.suffix.lower() == ".jsonl"
        lines += is_lines
        if not is_lines:
            files.append(file)
    if lines:
        say("{count} .jsonl files are left out: upload them with `footnote add`.", count=lines)
    return files


def _tell_synced(
    summary: dict[str, list[str]], told: list[dict[str, Any]], *, names_all: bool
) -> None:
    show("  ".join(f"{translated(name)}: {len(names)}" for name, names in summary.items()))
    # What goes is named always, what comes where it is not told of anyway.
    for kind in ("added", "replaced", "deleted") if names_all else ("deleted",):
        for name in summary[kind]:
            show(f"{padded(translated(kind), 9)} {name}")
    for one in told:
        report_one(one)


def _synced(
    files: list[LocalFile], collection: str, *, dry_run: bool
) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """Make the collection equal the files; return what was planned and what became of it."""
    summary: dict[str, list[str]] = {}
    told: list[dict[str, Any]] = []
    for _ in range(_PASSES):
        with opened() as service:
            known = list(service.documents(collection=collection)) if stands(collection) else []
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
