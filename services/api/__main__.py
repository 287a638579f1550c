"""Serve HTTP until SIGTERM: `python -m services.api`."""

import os
import signal

import uvicorn

from services.api.app import create_app
from services.logs import set_up_logs
from services.settings import Settings, set_quiet_offline
from services.wiring import build_house, refuse_unsafe_address

_GRACE_S = 10
_BACKLOG = 512


def main() -> None:
    """Listen at once; answer when the house stands; drain at SIGTERM."""
    settings = Settings.load()
    set_quiet_offline()
    set_up_logs(settings)
    refuse_unsafe_address(settings)
    app = create_app(settings, build_house, fail=_end)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        backlog=_BACKLOG,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    if app.state.service.fault is not None:
        raise SystemExit(1)


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
