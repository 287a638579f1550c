"""`backup` and `restore`: the data folder as one file."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from ingest.cli.console import AsJson, err, fail, guarded, say, settings, show_json, tell
from ingest.cli.words import translated
from services.data_folder import held

if TYPE_CHECKING:
    from services.registry.backup import BackupCounts

_MIB = 1024 * 1024
_BACKED_UP = "backed up {documents} documents, {originals} originals, {size}: {file}"
_RESTORED = "restored {documents} documents, {originals} originals, {size}: {file}"
_NEW_KEY = (
    "The owner's key is a new one, made with the first start: {file}. Other keys are as before."
)
File = Annotated[Path, typer.Argument(help="The backup: .tar, or .tar.gz to pack it.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(backup)
    app.command()(restore)


def backup(file: File, *, as_json: AsJson = False) -> None:
    """Write registry and originals into one file; the service may go on meanwhile."""
    from services.registry.backup import write_backup  # noqa: PLC0415 - loads the database's library
    from services.wiring import open_spool  # noqa: PLC0415

    if settings().database_url is not None:
        fail("The registry is on Postgres: back it up with pg_dump, and copy the spool or bucket.")
    if file.exists():
        fail("{file} exists already: choose another name.", file=file)
    if not file.parent.is_dir():
        fail("There is no folder {folder}: make it first.", folder=file.parent)
    registry = settings().data_dir / "registry.sqlite"
    with guarded(), Progress(console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task(translated("originals"), total=None)
        counts = write_backup(
            registry,
            open_spool(settings()),
            file,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    _told(_BACKED_UP, file, counts, as_json=as_json)


def restore(file: File, *, as_json: AsJson = False) -> None:
    """Fill an empty data folder from a backup, and verify it. The service must not run."""
    from ingest.cli.verification import verify_data  # noqa: PLC0415
    from services.registry.backup import read_backup  # noqa: PLC0415

    if not file.is_file():
        fail("There is no file {file}.", file=file)
    if settings().spool_url is not None:
        fail("Unset FOOTNOTE_SPOOL_URL, restore, then copy DATA_DIR/spool into the bucket.")
    with guarded(), held(settings().data_dir):
        counts = read_backup(file, settings().data_dir, lambda _done, _total: None)
        faults = verify_data(settings(), is_holder=True)["faults"]
    for fault in faults:
        say(f"{translated('FAULT')} {fault}")
    _told(_RESTORED, file, counts, as_json=as_json)
    if settings().owner_key is None:
        # A backup holds no keys in clear.
        say(_NEW_KEY, file=settings().data_dir / "owner.key")
    if faults:
        fail("{count} faults.", count=len(faults))


def _told(done: str, file: Path, counts: "BackupCounts", *, as_json: bool) -> None:
    if as_json:
        show_json({"file": str(file)} | asdict(counts))
        return
    size = f"{counts.bytes / _MIB:.1f} MiB"
    tell(done, **(asdict(counts) | {"size": size, "file": file}))
