"""`eval`: measure the service on sets of questions; `eval make`: draft such questions."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from ingest.cli.console import AsJson, client, fail, guarded, say, show_json, show_table, tell
from ingest.cli.words import translated

_SHOWN = (
    "ndcg@10",
    "recall@10",
    "mrr@10",
    "all@10",
    "holds",
    "exact_match",
    "token_f1",
    "words",
    "characters",
    "citation_precision",
    "citation_recall",
    "quotes_exact",
    "faithfulness",
    "refused",
    "wrongly_refused",
    "search_ms_p50",
    "search_ms_p95",
    "answer_ms_p50",
    "answer_ms_p95",
    "errors",
)
_RUN = "run"
_CHANGE = "{set}: {measure} {change:+.4f} (95%: {low:+.4f} to {high:+.4f}, {questions} questions)"
_NONE_JUDGED = "Nobody has judged an answer yet: there is nothing to draft from."
_NOTHING_TO_ASK = "It holds no sentence to ask about: there is nothing to draft from."


class _RunsByDefault(TyperGroup):
    """`footnote eval SET` means `footnote eval run SET`."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args.insert(0, _RUN)
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        cls=_RunsByDefault,
        no_args_is_help=True,
        help="Measure retrieval, answers, citations and refusals: `footnote eval SET…`.",
    )
    group.command(name=_RUN)(evaluate)
    group.command(name="make")(make)
    app.add_typer(group, name="eval")


def evaluate(  # noqa: PLR0913 - the options of a command
    sets: Annotated[
        list[Path],
        typer.Argument(
            help="Folders with corpus.jsonl and queries.jsonl, or files of questions.", exists=True
        ),
    ],
    searched: Annotated[int | None, typer.Option(help="Search only so many questions.")] = None,
    asked: Annotated[int | None, typer.Option(help="Ask only so many of each kind.")] = None,
    collection: Annotated[
        str | None,
        typer.Option("--collection", "-c", help="Ask of this collection; nothing is added."),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="A run stored with --json.", exists=True)
    ] = None,
    *,
    files: Annotated[
        bool, typer.Option("--files", help="Add the files of files.jsonl, not the corpus.")
    ] = False,
    gate: Annotated[bool, typer.Option("--gate", help="Status 1 if a set got worse.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure retrieval, answers, citations and refusals on sets of questions."""
    from services.evaluation.comparison import (  # noqa: PLC0415 - loads libraries of measures
        compared,
        stored_run,
    )
    from services.evaluation.runner import Amount, run  # noqa: PLC0415
    from services.evaluation.sets import load  # noqa: PLC0415

    with guarded():
        loaded = [load(path, with_files=files) for path in sets]
        before = stored_run(compare) if compare else []
    if gate and compare is None:
        fail("--gate needs --compare, a run stored with --json.")
    if collection is None and any(path.is_file() for path in sets):
        fail("A file of questions needs --collection, the one that holds its documents.")
    with client() as service:
        runs = [run(service, one, Amount(searched, asked), say, collection) for one in loaded]
    if as_json:
        show_json(runs)
    else:
        show_table(("measure", *(one["set"] for one in runs)), _rows(runs))
        for one in runs:
            _show_curve(one)
    changes = compared(runs, before)
    if gate and {one["set"] for one in runs} - {change["set"] for change in changes}:
        fail("The stored run has not these sets: nothing to compare with.")
    _judge(changes, gate=gate)


def make(
    path: Annotated[Path, typer.Argument(help="The file to write, one question a line.")],
    collection: Annotated[
        str, typer.Option("--collection", "-c", help="The collection to ask about.")
    ] = "default",
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many questions.")] = 30,
    *,
    judged: Annotated[
        bool, typer.Option("--judged", help="The questions that people gave a thumb, instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draft questions about a collection, for you to correct and then measure with."""
    from services.evaluation.drafting import drafted  # noqa: PLC0415
    from services.evaluation.judged import judged_questions  # noqa: PLC0415

    if path.exists():
        fail("{path} exists: name another file, or remove it.", path=path)
    if not os.access(path.absolute().parent, os.W_OK):
        fail("{path} cannot be written there.", path=path)
    with client() as service:
        if judged:
            rows = judged_questions(service)
        else:
            documents = service.documents(collection=collection, status="ready")
            rows = drafted(service, documents, count)
    if not rows:
        fail(_NONE_JUDGED if judged else _NOTHING_TO_ASK)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(lines, encoding="utf-8")
    if as_json:
        show_json({"path": str(path), "questions": len(rows)})
    else:
        tell(
            "{count} drafts in {path}. Correct them, then measure: footnote eval {path} -c {name}",
            count=len(rows),
            path=path,
            name=collection,
        )


def _judge(changes: list[dict[str, Any]], *, gate: bool) -> None:
    for change in changes:
        say(_CHANGE, **change)
    worse = [f"{change['set']} ({change['measure']})" for change in changes if change["high"] < 0]
    if gate and worse:
        fail("Worse than the stored run: {sets}.", sets=", ".join(worse))


def _rows(runs: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (name, *(f"{run['figures'][name]:.3f}" if name in run["figures"] else "" for run in runs))
        for name in _SHOWN
        if any(name in run["figures"] for run in runs)
    ]


def _show_curve(one: dict[str, Any]) -> None:
    if one["curve"]:
        points = ", ".join(
            translated("{refused:.2f} at {wrongly_refused:.2f}", **at) for at in one["curve"]
        )
        tell("{set}: refused at wrongly refused: {points}", set=one["set"], points=points)
