"""Pages of a PDF as pictures, each drawn in a child without network, rights and secrets."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from services.domain.errors import UnreadableError
from services.settings import clean_environment

# The child, by name: services never import ingest.
_CHILD = "ingest.reading.drawing"
_TIMEOUT_S = 30
_ROOT = Path(__file__).parents[2]


def drawn_page(
    path: Path, page: int, quote: str, memory_mb: int, before: str = ""
) -> dict[str, Any]:
    """Return a page (from 1) of the PDF at *path* as JSON: its size in pixels, its picture, the
    boxes of *quote* on it, and its lines of text with theirs. What stands *before* the quote on the
    page tells which one is meant, where the same words stand several times. UnreadableError if
    there is no such page, or it cannot be drawn.
    """
    told_child = {"page": page, "quote": quote, "before": before, "memory_mb": memory_mb}
    wanted = json.dumps(told_child)
    with path.open("rb") as file, tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", _CHILD, str(file.fileno())],
                input=wanted.encode(),
                pass_fds=[file.fileno()],
                capture_output=True,
                env=clean_environment(TMPDIR=folder, OMP_NUM_THREADS="1", MALLOC_ARENA_MAX="2"),
                cwd=_ROOT,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = "Drawing this page took too long and was ended."
            raise UnreadableError("drawing_timeout", message) from error
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        message = "This page cannot be drawn: open the original."
        raise UnreadableError("drawing_died", message) from error
    if "error" in told:
        message = f"This page cannot be drawn: {told['error']}"
        raise UnreadableError("drawing_failed", message)
    return told
