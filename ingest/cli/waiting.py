"""Waiting until documents are ready, with a bar on a terminal and plain lines elsewhere."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ingest.cli.console import err, opened, say
from ingest.cli.words import translated
from services.client.httpx_client import FootnoteClient

_LOOK_S = 0.3
_LINE_S = 5.0
# Failed lines of a file that are told one by one.
_MOST_TOLD = 20
_RESTING = frozenset({"ready", "failed"})


def wait_for(told: Sequence[dict[str, object]], collection: str) -> list[dict[str, object]]:
    """Wait for uploaded documents and batches; return them as they rest."""
    with opened() as service, _Bar(len(told)) as bar:
        return [_rested(service, one, collection, bar) for one in told]


def _rested(
    service: FootnoteClient, one: dict[str, object], collection: str, bar: "_Bar"
) -> dict[str, object]:
    if "batch" in one:
        return _rested_batch(service, one, collection, bar)
    now = one
    while now["status"] not in _RESTING:
        now = service.document(str(one["id"]))
        progress = now["progress"]
        bar.tell(
            f"{now['name']}: {progress}"
            if not isinstance(progress, dict)
            else _stage(now, progress)
        )
        if now["status"] not in _RESTING:
            # Of many, most are ready when their turn comes: those cost no pause.
            time.sleep(_LOOK_S)
    bar.advance()
    return now


def _rested_batch(
    service: FootnoteClient, one: dict[str, object], collection: str, bar: "_Bar"
) -> dict[str, object]:
    total = int(str(one["documents"]))
    while True:
        counts = service.counts(collection=collection, batch=str(one["batch"]))
        unfinished = sum(counts[name] for name in ("queued", "reading", "embedding"))
        bar.tell(translated("batch: {done} of {total}", done=total - unfinished, total=total))
        if not unfinished:
            bar.advance()
            found = {**one, "ready": counts["ready"], "failed": counts["failed"]}
            if not counts["failed"]:
                return found
            failures = service.documents(
                collection=collection, batch=str(one["batch"]), status="failed"
            )
            return {**found, "failures": list(islice(failures, _MOST_TOLD))}
        time.sleep(_LOOK_S)


def _stage(document: dict[str, object], progress: dict[str, object]) -> str:
    share = f" {progress['done']}/{progress['total']}" if progress["total"] else ""
    return f"{document['name']}: {translated(str(progress['stage']))}{share}"


class _Bar:
    """A progress bar on a terminal; elsewhere a line every few seconds."""

    def __init__(self, total: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task = self._progress.add_task("", total=total)
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def tell(self, text: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=text)
        if not err.is_terminal and time.monotonic() - self._told_at > _LINE_S:
            self._told_at = time.monotonic()
            say(text)

    def advance(self) -> None:
        """Count one as done."""
        self._progress.advance(self._task)
