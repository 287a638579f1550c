"""`search` and `ask`: questions from the command line."""

from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from ingest.cli.console import AsJson, client, err, safe, show, show_json, show_table
from ingest.cli.words import translated

Collections = Annotated[
    list[str] | None, typer.Option("--collection", "-c", help="Only this collection; repeatable.")
]
_SHOWN = 160


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(search)
    app.command()(ask)
    app.command()(mcp)


def mcp() -> None:
    """Serve the Model Context Protocol on standard input and output, for agents that start it."""
    from services.integrations.mcp_stdio import serve_stdio  # noqa: PLC0415 - takes a second

    with client() as service:
        serve_stdio(service, version("footnote"))


def search(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    collection: Collections = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Find passages, best first."""
    body = {"query": text, "collections": collection, "limit": limit}
    with client() as service:
        found = service.call("POST", "/v1/search", json=body)
    if as_json:
        show_json(found)
        return
    rows = [
        (number, f"{one['score']:.3f}", _place(one), " ".join(one["text"].split())[:_SHOWN])
        for number, one in enumerate(found["passages"], 1)
    ]
    show_table(("#", "score", "place", "text"), rows)


def ask(
    text: Annotated[str, typer.Argument(help="The question.")],
    collection: Collections = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, max=4096)] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask a question; the answer comes with footnotes."""
    body: dict[str, object] = {"question": text, "collections": collection}
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    draft, answer = "", dict[str, Any]()
    # What is written meanwhile is no answer yet: it goes when that is there.
    with client() as service, Live(console=err, transient=True) as shown:
        for name, value in service.ask(body):
            if name == "delta" and err.is_terminal and not as_json:
                draft += safe(value["text"])
                shown.update(Text(draft, style="dim"))
            elif name == "answer":
                answer = value
    if as_json:
        show_json(answer)
    else:
        show_answer(answer)


def show_answer(answer: dict[str, Any]) -> None:
    """Print an answer, numbers behind its sentences, and its footnotes below."""
    if not answer["answered"]:
        show(answer["answer"])
        return
    joint = "" if answer["language"] == "zh" else " "
    show(joint.join(sentence["text"] + _marks(sentence) for sentence in answer["sentences"]))
    show()
    for citation in answer["citations"]:
        quote = " ".join(citation["quote"].split())
        show(f"[{citation['number']}] {_place(citation)}")
        show(f'    "{quote}"')


def _marks(sentence: dict[str, Any]) -> str:
    return "".join(f"[{number}]" for number in sentence["citations"])


def _place(one: dict[str, Any]) -> str:
    page = translated(", page {page}", page=one["page"]) if one.get("page") else ""
    mark = translated(" (unverified source)") if one.get("unverified") else ""
    place = translated(", characters {start}-{end}", start=one["start"], end=one["end"])
    return f"{one['document_name']}{page}{place}{mark}"
