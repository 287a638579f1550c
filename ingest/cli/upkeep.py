"""`models`, `doctor`, `verify`, `rebuild`: looking after a service and its data folder."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingest.cli.console import (
    AsJson,
    err,
    fail,
    guarded,
    padded,
    settings,
    show,
    show_json,
    show_table,
    tell,
)
from ingest.cli.words import same_in_every_language, translated
from services.data_folder import make_private
from services.domain.errors import ModelFileError
from services.settings import allow_hub

if TYPE_CHECKING:
    from services.engine.catalogue import ModelSource

models = typer.Typer(help="The model catalogue.", invoke_without_command=True)
_MIB = 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(models, name="models")
    for command in (doctor, verify, rebuild):
        app.command()(command)


@models.callback()
def list_models(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the models that Footnote knows, with what each needs."""
    if context.invoked_subcommand is not None:
        return
    from services.engine.catalogue import catalogue  # noqa: PLC0415 - loads numpy

    listed = [_described(source) for source in catalogue()]
    if as_json:
        show_json(listed)
        return
    show_table(
        ("name", "kind", "languages", "MiB", "memory MiB", "for", "licence", "here", "about"),
        [
            (
                one["name"],
                one["kind"],
                ",".join(one["languages"]),
                one["bytes"] // _MIB,
                one["memory_bytes"] // _MIB,
                f"GPU {one['gpu_gb']} GB" if one["gpu_gb"] else "CPU",
                one["licence"],
                "yes" if one["here"] else "no",
                one["about"],
            )
            for one in listed
        ],
        worded=("kind", "here"),
    )
    tell("Largest generator for this machine: {name}", name=_recommended().card.name)


@models.command("verify")
def verify_models(*, as_json: AsJson = False) -> None:
    """Check every model on this machine against its pinned SHA-256."""
    from services.engine.catalogue import catalogue, model_path, verify_files  # noqa: PLC0415

    told = []
    for source in catalogue():
        try:
            path = model_path(source, settings().data_dir / "models")
        except ModelFileError:
            continue
        try:
            told.append({"name": source.card.name, "files": verify_files(source, path), "ok": True})
        except ModelFileError as error:
            told.append({"name": source.card.name, "ok": False, "error": str(error)})
    if as_json:
        show_json(told)
    else:
        show_table(
            ("model", "files", "verdict"),
            [(one["name"], one.get("files", ""), one.get("error", "ok")) for one in told],
            worded=("verdict",),
        )
    if not all(one["ok"] for one in told):
        raise typer.Exit(1)


@models.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(help="A name from `footnote models`.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Fetch a model of the catalogue from its hub into the data folder."""
    allow_hub(shows_progress=err.is_terminal)
    from services.engine.hub_download import pull  # noqa: PLC0415 - the only code that fetches

    def told(file: str, size: int) -> None:
        if not err.is_terminal:
            err.print(f"{file} {size / _MIB:.1f} MiB")

    with guarded():
        make_private(settings().data_dir)
        path = pull(name, settings().data_dir / "models", settings().hub_url, told)
    if as_json:
        show_json({"name": name, "path": str(path)})
    else:
        tell("{name} is in {path}", name=name, path=path)


def doctor(*, as_json: AsJson = False) -> None:
    """Say what runs where and why; each fault comes with its mend. Status 1 if there is one."""
    from ingest.cli.checkup import checkup  # noqa: PLC0415 - imports every library

    with guarded(), same_in_every_language(yes=as_json):
        found = checkup(settings())
    if as_json:
        show_json(found)
    else:
        for one in found:
            verdict = translated("ok" if one["ok"] else "FAULT")
            show(f"{padded(verdict, 5)} {padded(translated(one['what']), 12)} {one['told']}")
    if not all(one["ok"] for one in found):
        raise typer.Exit(1)


def verify(*, as_json: AsJson = False) -> None:
    """Check the data folder: database, texts, passages, spool, index generations."""
    from ingest.cli.verification import verify_data  # noqa: PLC0415

    with guarded(), same_in_every_language(yes=as_json):
        told = verify_data(settings())
    _report(told, as_json=as_json)


def rebuild(*, as_json: AsJson = False) -> None:
    """Throw the derived indexes away; the service builds them again at its next start."""
    from ingest.cli.verification import drop_indexes  # noqa: PLC0415

    with guarded():
        dropped = drop_indexes(settings())
    if as_json:
        show_json({"generations_removed": dropped})
    else:
        tell(
            "removed {count} index generations; they are built again at the next start",
            count=dropped,
        )


def _recommended() -> "ModelSource":
    """Return the largest generator that the memory of this machine holds, on its GPU if any."""
    from services.engine.catalogue import catalogue  # noqa: PLC0415
    from services.engine.devices import free_memory  # noqa: PLC0415 - loads llama.cpp

    memory = free_memory()
    fitting = [
        source
        for source in catalogue()
        if source.card.kind == "generation"
        and source.card.memory_bytes <= (memory.gpu or memory.host)
        and (memory.gpu > 0 or source.card.gpu_gb == 0)
    ]
    return max(fitting, key=lambda one: one.card.bytes, default=catalogue()[0])


def _described(source: "ModelSource") -> dict[str, Any]:
    from services.engine.catalogue import model_path  # noqa: PLC0415

    try:
        here = model_path(source, settings().data_dir / "models").exists()
    except ModelFileError:
        here = False
    card = source.card
    return {
        "name": card.name,
        "kind": card.kind,
        "languages": sorted(card.languages),
        "bytes": card.bytes,
        "memory_bytes": card.memory_bytes,
        "gpu_gb": card.gpu_gb,
        "context_tokens": card.max_tokens,
        "licence": card.licence,
        "here": here,
        "about": source.about,
    }


def _report(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(told)
    else:
        for name, value in told["counts"].items():
            show(f"{padded(translated(name), 22)} {value}")
        for fault in told["faults"]:
            show(f"{translated('FAULT')} {fault}")
    if told["faults"]:
        fail("{count} faults.", count=len(told["faults"]))
