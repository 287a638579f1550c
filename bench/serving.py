"""A service that a measurement runs against."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.settings import environment_with

FOOTNOTE = str(Path(sys.executable).with_name("footnote"))
_POLL_S = 0.1


@contextmanager
def serving(data: Path, start_s: float = 120.0) -> Iterator[dict[str, str]]:
    """Run a service on a folder and a port of its own, ready; yields the environment of its
    commands. TimeoutError if it is not ready after *start_s*.
    """
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    url, key = f"http://127.0.0.1:{port}", f"fn-bench-{os.urandom(16).hex()}"
    environment = environment_with(
        data_dir=str(data), port=str(port), owner_key=key, url=url, key=key, probe="false"
    )
    process = subprocess.Popen([FOOTNOTE, "serve"], env=environment)  # noqa: S603
    try:
        until = time.monotonic() + start_s
        while not _is_ready(url):
            if time.monotonic() > until or process.poll() is not None:
                message = f"The service was not ready after {start_s} s."
                raise TimeoutError(message)
            time.sleep(_POLL_S)
        yield environment
    finally:
        process.terminate()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready") as reply:  # noqa: S310 - our own address
            return int(reply.status) == 200  # noqa: PLR2004
    except OSError:
        return False
