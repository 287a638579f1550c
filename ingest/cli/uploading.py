"""Uploading many files: a few at a time, and in order where the order matters."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeAlias

from ingest.cli.console import opened
from ingest.cli.files import LocalFile
from services.client.wire import RefusedError

Told: TypeAlias = dict[str, Any]

# One alone waits for the disk of the service most of the time.
_AT_ONCE = 4
_REFUSED_FILE = frozenset({413, 415, 422})


def upload_all(
    files: Sequence[LocalFile], collection: str, readers: Sequence[str] = ()
) -> list[Told]:
    """Upload *files*; return what the service told of each, in their order. A file that it does not
    take is told as failed; RefusedError if it takes none.
    """
    with opened() as service:

        def upload(file: LocalFile) -> Told:
            try:
                return service.upload(file.path, file.name, collection, file.source_id, readers)
            except RefusedError as error:
                if error.status not in _REFUSED_FILE:
                    raise
                # One bad file is no reason to leave the others behind.
                return _refused(file, error.code, str(error))
            except (OSError, UnicodeError) as error:
                return _refused(file, "unreadable_file", f"It cannot be read: {_why(error)}.")

        return in_turn(files, upload)


def in_turn(files: Sequence[LocalFile], upload: Callable[[LocalFile], Told]) -> list[Told]:
    """Call *upload* on a few files at a time; return what it returned, in their order.

    Files of one name are versions of one document, and files of one size may be the same bytes:
    those go one after the other. After an error no further file is begun.
    """
    begun: list[Future[Told]] = []
    running: dict[Future[Told], LocalFile] = {}
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for file in files:
            before = [one for one, other in running.items() if _may_be_same(file, other)]
            wait(before)
            if len(running) == _AT_ONCE:
                wait(running, return_when=FIRST_COMPLETED)
            ended = [one for one in running if one.done()]
            for one in ended:
                del running[one]
            if any(one.exception() for one in ended):
                break
            begun.append(threads.submit(upload, file))
            running[begun[-1]] = file
    return [one.result() for one in begun]


def _may_be_same(file: LocalFile, other: LocalFile) -> bool:
    if file.source_id == other.source_id:
        return True
    return file.size == other.size


def _refused(file: LocalFile, code: str, message: str) -> Told:
    error = {"code": code, "message": message}
    return {"name": file.shown, "status": "failed", "error": error}


def _why(error: OSError | UnicodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "its name is no UTF-8"
