"""The worker's side of reading: hand a file to a child, watch it, end it when it overstays."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.reading import Tell
from ingest.reading.scratch import Scratch
from ingest.reading.wire import Request, own_folder, reading_of_json
from services.domain.documents import Reading
from services.domain.errors import UnreadableError
from services.settings import clean_environment

# Formats whose readers need unstructured, which takes seconds to import: a nursery of their own.
_OFFICE = frozenset({"docx", "pptx", "xlsx", "odt", "epub", "rtf", "html", "md", "eml", "msg"})
_PRELOADED = {
    "light": ("ingest.reading.plain", "ingest.reading.pypdfium2_pdf"),
    "office": (
        "ingest.reading.unstructured_offline",
        "ingest.reading.unstructured_office",
        "ingest.reading.unstructured_markup",
        "ingest.reading.unstructured_mail",
    ),
}
_START_S = 120
_BLOCK = 1 << 20
# What is read is bounded by characters long before.
_LONGEST_LINE = 1 << 30
# A process that is being ended is seen to have ended within this.
_DYING_S = 0.3
_QUIET = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "DO_NOT_TRACK": "1",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


class ReadingChildren:
    """Reads files in children, one child a file. Threads may share it. `close` ends it."""

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._nurseries: dict[str, _Nursery] = {}
        self._lock = threading.Lock()

    def read(self, path: Path, request: Request, tell: Tell) -> Reading:
        """Return what the child read. UnreadableError if it cannot be read, if the child dies, or
        if it makes no progress for *silence_s* seconds.
        """
        nursery = self._nursery(request.format)
        reading = self._ask(nursery, path, request, tell)
        if reading is None and nursery.has_died():
            # The nursery went down, perhaps by no fault of this file: once more with a new one.
            reading = self._ask(self._nursery(request.format), path, request, tell)
        if reading is None:
            message = "Its reader ended without an answer: the file breaks it, or needs too much."
            raise UnreadableError("reader_died", message)
        return reading

    def _ask(self, nursery: "_Nursery", path: Path, request: Request, tell: Tell) -> Reading | None:
        """Return what a child read, None if it ended without a word."""
        try:
            lines = nursery.ask(path, request)
        except ConnectionError:
            return None
        child: int | None = None
        try:
            for line in _within(lines, self._silence_s):
                if "pid" in line:
                    child = int(line["pid"])
                elif "done" in line:
                    tell(int(line["done"]), int(line["total"]))
                elif "error" in line:
                    raise UnreadableError(str(line["error"]["code"]), str(line["error"]["message"]))
                elif "reading" in line:
                    return reading_of_json(line["reading"])
        finally:
            os.close(lines)
            _end(child)
            if child is not None:
                shutil.rmtree(own_folder(child, nursery.folder), ignore_errors=True)
        return None

    def close(self) -> None:
        """End the nurseries; children that still read end with them."""
        with self._lock:
            for nursery in self._nurseries.values():
                nursery.close()
            self._nurseries.clear()

    def _nursery(self, kind: str) -> "_Nursery":
        name = "office" if kind in _OFFICE else "light"
        with self._lock:
            nursery = self._nurseries.get(name)
            if nursery is not None and not nursery.alive:
                nursery.close()
                nursery = None
            if nursery is None:
                nursery = self._nurseries[name] = _Nursery(_PRELOADED[name])
            return nursery


class _Nursery:
    """A process that forks reading children, spoken to over a socket pair."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._scratch = Scratch()
        self.folder = self._scratch.folder
        root = str(Path(__file__).parents[2])
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "ingest.reading.nursery", *preload],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=clean_environment(**_QUIET, TMPDIR=str(self.folder)),
                cwd=root,
            )
        self._lock = threading.Lock()
        self._socket.settimeout(_START_S)
        with contextlib.suppress(TimeoutError):
            self._socket.recv(64)

    @property
    def alive(self) -> bool:
        """Say whether it still runs."""
        return self._process.poll() is None

    def has_died(self) -> bool:
        """Say whether it is ending or has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_S)
        return not self.alive

    def ask(self, path: Path, request: Request) -> int:
        """Send a file to be read; return the descriptor that answers come from."""
        answers, theirs = os.pipe()
        try:
            with path.open("rb") as file, self._lock:
                socket.send_fds(self._socket, [request.encoded()], [file.fileno(), theirs])
        except OSError:
            os.close(answers)
            raise
        finally:
            os.close(theirs)
        return answers

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.kill()
        self._process.wait()
        self._scratch.remove()


def _within(answers: int, silence_s: float) -> Iterator[dict[str, Any]]:
    """Yield the lines that come; UnreadableError after *silence_s* seconds without one."""
    held: list[bytes] = []
    size = 0
    deadline = time.monotonic() + silence_s
    while True:
        ready, _, _ = select.select([answers], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            message = f"Its reader made no progress for {silence_s:g} seconds and was ended."
            raise UnreadableError("reader_timeout", message)
        block = os.read(answers, _BLOCK)
        if not block:
            return
        # Who writes makes progress, a long line piece by piece.
        deadline = time.monotonic() + silence_s
        held.append(block)
        size += len(block)
        if size > _LONGEST_LINE:
            message = "Its reader told more than any document may hold, and was ended."
            raise UnreadableError("too_large", message)
        if b"\n" not in block:
            continue
        *lines, rest = b"".join(held).split(b"\n")
        held, size = [rest], len(rest)
        for line in lines:
            yield json.loads(line)
            deadline = time.monotonic() + silence_s


def _end(child: int | None) -> None:
    """End the child and whatever it started; it leads a process group of its own."""
    if child is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
