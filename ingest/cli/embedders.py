"""`reembed` and `preview`: from one embedding model to another, and back."""

from pathlib import Path
from typing import Annotated

import typer

from ingest.cli.console import AsJson, fail, guarded, say, settings, show_json, tell
from ingest.cli.words import translated
from services.domain.errors import SettingsError

Model = Annotated[
    str | None,
    typer.Argument(help="Name from `footnote models`, or a local folder; none: the one set."),
]


_DONE = {
    "embedded": "embedded {count} passages; vectors by model: {kept}",
    "forgotten": "forgotten {count} passages; vectors by model: {kept}",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(reembed)
    app.command()(preview)


def reembed(
    model: Model = None,
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete the vectors of this model instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Embed all passages with another model, beside their vectors; the service may go on."""
    from ingest.embedding import Pace  # noqa: PLC0415 - these load models
    from ingest.embedding import reembed as embed_all  # noqa: PLC0415
    from services.wiring import open_embedder, open_registry  # noqa: PLC0415

    def told(pace: Pace) -> None:
        say(
            "{done} of {total} passages, {rate} a second, {minutes} minutes left",
            done=pace.done,
            total=pace.total,
            rate=round(pace.rate),
            minutes=round(pace.left_s / 60),
        )

    wanted = model or settings().embedding_model
    # Vectors are kept under the name of the model's card: of a folder, its last part.
    name = Path(wanted).name
    with guarded():
        registry = open_registry(settings())
        try:
            if forget:
                _refuse_the_one_set(name)
                counted = {"forgotten": registry.vectors.forget(name)}
            else:
                chosen = settings().model_copy(update={"embedding_model": wanted})
                counted = {"embedded": embed_all(registry.vectors, open_embedder(chosen), told)}
            held = registry.vectors.count()
        finally:
            registry.close()
    if as_json:
        show_json({"model": name, **counted, "vectors": held})
    else:
        ((what, count),) = counted.items()
        kept = ", ".join(f"{one} {held[one]}" for one in sorted(held)) or translated("none")
        tell(_DONE[what], count=count, kept=kept)


def preview(
    model: Annotated[str, typer.Argument(help="A model that `footnote reembed` was run with.")],
    *,
    port: Annotated[int, typer.Option(help="Where it listens.", min=1, max=65535)] = 8401,
    as_json: AsJson = False,
) -> None:
    """Answer with another embedding model beside the service, to compare them, until Ctrl-C."""
    from ingest.preview import preview as run  # noqa: PLC0415 - only this command needs it

    with guarded():
        if port == settings().port:
            fail(
                "The service listens on port {port}: give the preview another with --port.",
                port=port,
            )
        status = run(settings(), model, port)
    if as_json:
        show_json({"status": status})
    raise typer.Exit(status)


def _refuse_the_one_set(name: str) -> None:
    if name == Path(settings().embedding_model).name:
        message = (
            f"{name} is the embedding model that is set: set FOOTNOTE_EMBEDDING_MODEL to another "
            "before its vectors go."
        )
        raise SettingsError(message)
