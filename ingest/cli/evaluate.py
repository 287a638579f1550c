"""`eval`: measure the service on a set of questions."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.cli.console import AsJson, client, fail, guarded, say, show_json, show_table
from services.evaluation.comparison import compared
from services.evaluation.runner import Amount, run
from services.evaluation.sets import load

_SHOWN = (
    "ndcg@10",
    "recall@10",
    "mrr@10",
    "all@10",
    "holds",
    "token_f1",
    "citation_precision",
    "citation_recall",
    "refused",
    "wrongly_refused",
    "search_ms_p50",
    "answer_ms_p50",
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(name="eval")(evaluate)


def evaluate(  # noqa: PLR0913 - the options of a command
    sets: Annotated[
        list[Path],
        typer.Argument(help="Folders with corpus.jsonl and queries.jsonl.", exists=True),
    ],
    searched: Annotated[int | None, typer.Option(help="Search only so many questions.")] = None,
    asked: Annotated[int | None, typer.Option(help="Ask only so many of each kind.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="A run stored with --json.", exists=True)
    ] = None,
    *,
    gate: Annotated[bool, typer.Option("--gate", help="Status 1 if a set got worse.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure retrieval, answers, citations and refusals on sets of questions."""
    with guarded():
        loaded = [load(folder) for folder in sets]
    with client() as service:
        runs = [run(service, one, Amount(searched, asked), say) for one in loaded]
    changes = compared(runs, json.loads(compare.read_text(encoding="utf-8"))) if compare else []
    if as_json:
        show_json(runs)
    else:
        show_table(("measure", *(one["set"] for one in runs)), _rows(runs))
    for change in changes:
        say("{set}: nDCG@10 {change:+.4f} (95%: {low:+.4f} to {high:+.4f})".format(**change))
    worse = [change["set"] for change in changes if change["high"] < 0]
    if gate and worse:
        fail(f"Worse than the stored run: {', '.join(worse)}.")


def _rows(runs: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (name, *(f"{run['figures'][name]:.3f}" if name in run["figures"] else "" for run in runs))
        for name in _SHOWN
    ]
