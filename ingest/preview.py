"""`footnote preview`: a second service over the same registry, with another embedding model."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.processes import StopSignals, process
from services.data_folder import make_private
from services.domain.errors import DataInUseError
from services.settings import Settings, environment_with

_LOOK_S = 0.2
_FOLDER, _LOCK = "preview", "preview.lock"


def preview(settings: Settings, model: str, port: int) -> int:
    """Answer on *port* with *model* until SIGTERM or SIGINT; return the status to exit with.

    Its index is its own and goes with it; it serves no chat, and has no worker. DataInUseError if
    there is a preview already.
    """
    stopping = StopSignals()
    with _held_folder(settings) as folder:
        environment = environment_with(
            embedding_model=model,
            port=str(port),
            index_dir=str(folder),
            # The files of KV are the other service's.
            kv_disk_mb="0",
            chats="false",
        )
        with process("services.api", environment=environment) as api:
            while not stopping.wait(_LOOK_S) and api.poll() is None:
                pass
        return 0 if stopping.came() else max(api.returncode or 1, 1)


def remove_left_over(settings: Settings) -> None:
    """Remove the index of a preview that was killed: no deletion would reach it."""
    try:
        with _held_folder(settings):
            pass
    except DataInUseError:
        return


@contextmanager
def _held_folder(settings: Settings) -> Iterator[Path]:
    make_private(settings.data_dir)
    folder = settings.data_dir / _FOLDER
    with (settings.data_dir / _LOCK).open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = "A preview runs on this data folder already: stop that one first."
            raise DataInUseError(message) from None
        shutil.rmtree(folder, ignore_errors=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
