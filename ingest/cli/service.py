"""`serve` and `worker`: the processes of the service."""

import typer

from ingest.cli.console import AsJson, fail, guarded, settings, show_json
from services.domain.errors import HouseError


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(serve)
    app.command()(worker)


def serve(*, as_json: AsJson = False) -> None:
    """Run the service: HTTP, worker and models on this machine, until Ctrl-C."""
    from ingest.supervisor import supervise  # noqa: PLC0415 - only this command needs it

    with guarded():
        status = supervise(settings())
    if as_json:
        show_json({"status": status})
    raise typer.Exit(status)


def worker(*, as_json: AsJson = False) -> None:
    """Run an ingest worker of its own; it shares Redis and the registry with the service."""
    from ingest import worker as ingest_worker  # noqa: PLC0415

    if settings().redis_url is None:
        fail("A worker of its own needs FOOTNOTE_REDIS_URL; `footnote serve` runs one by itself.")
    try:
        ingest_worker.run(settings())
    except HouseError as error:
        fail(str(error))
    if as_json:
        show_json({"status": 0})
