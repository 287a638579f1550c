"""The process that reading children are forked from: clean, warm, and without secrets.

Started by `children` with an empty environment. It takes requests over the socket on standard
input, forks a child for each, and never opens a file itself. A fork costs milliseconds where a
fresh interpreter with its libraries would cost seconds.
"""

import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

from ingest.reading import Source
from ingest.reading.readers import read
from ingest.reading.sandbox import enter_sandbox
from ingest.reading.wire import Request, own_folder, reading_as_json
from services.domain.errors import UnreadableError
from services.settings import use_folder

_LONGEST_REQUEST = 65_536
_TOO_MUCH_MEMORY = "It needs more memory than a reader may take: split it, or raise the limit."


def main(preload: list[str]) -> None:
    """Serve requests until the worker closes its end."""
    for name in preload:
        module = importlib.import_module(name)
        if hasattr(module, "prepare"):
            module.prepare()
    # Children are waited for by nobody: the kernel buries them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=os.dup(0)) as requests:
        requests.send(b"ready\n")
        while True:
            line, descriptors, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, 2)
            if not line:
                return
            file, answers = descriptors
            _fork(Request(**json.loads(line)), file, answers, requests)


def _fork(request: Request, file: int, answers: int, requests: socket.socket) -> None:
    child = os.fork()
    if child == 0:
        requests.close()
        status = _read(request, file, answers)
        os._exit(status)
    os.close(file)
    os.close(answers)


def _read(request: Request, file: int, answers: int) -> int:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # The nursery's own socket stands on standard input: not for readers.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    with os.fdopen(answers, "w", encoding="utf-8", errors="surrogatepass") as out:

        def say(value: dict[str, object]) -> None:
            out.write(json.dumps(value, ensure_ascii=False) + "\n")
            out.flush()

        # So that the worker can end this child and whatever it starts.
        say({"pid": os.getpid()})
        try:
            folder = own_folder(os.getpid())
            folder.mkdir(mode=0o700)
            use_folder(folder)
            enter_sandbox(request.memory_mb, request.cpu_seconds, file, folder)
            source = Source(
                # By our number, not "self": a converter that the reader starts opens it too.
                Path(f"/proc/{os.getpid()}/fd/{file}"),
                request.name,
                request.format,
                request.most_pages,
                request.most_characters,
            )
            reading = read(source, lambda done, total: say({"done": done, "total": total}))
            say({"reading": reading_as_json(reading)})
        except UnreadableError as error:
            say({"error": {"code": error.code, "message": str(error)}})
        except (MemoryError, ImportError):
            say({"error": {"code": "too_large", "message": _TOO_MUCH_MEMORY}})
        except BaseException as error:  # noqa: BLE001 - the last handler of a process that ends
            text = f"It cannot be read ({type(error).__name__}): save it again."
            say({"error": {"code": "corrupt", "message": text}})
    return 0


if __name__ == "__main__":
    main(sys.argv[1:])
