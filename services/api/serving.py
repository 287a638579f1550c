"""Serve HTTP until SIGTERM: `python -m services.api [--holder DESCRIPTOR]`.

With a descriptor, that of a pipe of who holds the data folder, the data are prepared first, and the
pipe is told when the house stands.
"""

import argparse
import gc
import os
import signal
import socket
import threading
import time
from functools import partial
from types import FrameType

import uvicorn
from typing_extensions import override

from services.api.app import create_app
from services.api.state import Service
from services.api.uvicorn_protocol import ImpatientProtocol
from services.data_folder import held
from services.listening import refuse_unsafe_address
from services.logs import set_up_logs
from services.self_pipe import SelfPipe, tell
from services.settings import Settings, set_quiet_offline
from services.wiring import House, build_house

# Questions at work may take so long to end after SIGTERM, and then so long to be told that they
# will not.
_GRACE_S = 9.0
_LAST_WORDS_S = 1
_LOOK_S = 0.05
_BACKLOG = 512


class _DrainingServer(uvicorn.Server):
    """Goes on listening after SIGTERM, not ready, until the questions at work are answered."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._signal = signal.SIGTERM.value
        self._asked_to_end = SelfPipe()

    @override
    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal has come and the questions of that moment are over."""
        threading.Thread(target=self._drain, daemon=True).start()
        super().run(sockets)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; a second signal ends at once."""
        if self._service.draining:
            super().handle_exit(sig, frame)
            return
        self._service.draining = True
        self._signal = sig
        self._asked_to_end.tell()

    def _drain(self) -> None:
        self._asked_to_end.wait()
        until = time.monotonic() + _GRACE_S
        while self._service.admission.inside and time.monotonic() < until:
            time.sleep(_LOOK_S)
        self._service.over.set()
        super().handle_exit(self._signal, None)


def serve() -> None:
    """Listen at once; answer when the house stands; drain at SIGTERM."""
    holder = _arguments().holder
    settings = Settings.load()
    # What it writes holds texts of the owner's.
    os.umask(0o077)
    set_quiet_offline()
    set_up_logs(settings)
    refuse_unsafe_address(settings)
    app = create_app(settings, partial(_built, holder), fail=_end)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        backlog=_BACKLOG,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=ImpatientProtocol,
        timeout_graceful_shutdown=_LAST_WORDS_S,
        forwarded_allow_ips=settings.proxies,
    )
    # Two that write one index would ruin it for each other, whoever holds the data folder.
    with held(settings.index_folder, "index", "FOOTNOTE_INDEX_DIR"):
        _DrainingServer(config, app.state.service).run()
    if app.state.service.fault is not None:
        raise SystemExit(1)


def _built(holder: int | None, settings: Settings) -> House:
    """Build the house, and let the collector of garbage never look through it again: that would
    hold up everybody for a third of a second, again and again.
    """
    house = build_house(settings, is_holder=holder is not None)
    gc.collect()
    gc.freeze()
    if holder is not None:
        tell(holder)
    return house


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.api", description=__doc__)
    parser.add_argument("--holder", type=int)
    return parser.parse_args()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
