"""Events that are not as a platform documents them: one is left out, and the connection stays."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from services.domain.errors import InvalidRequestError

log = structlog.get_logger("bots")

# What reading an odd event raises.
ODD = (KeyError, IndexError, TypeError, AttributeError, ValueError, InvalidRequestError)


@contextmanager
def left_out(platform: str) -> Iterator[None]:
    """Say which event could not be read, and go on."""
    try:
        yield
    except ODD as error:
        log.exception("an odd event is left out", platform=platform, exc_info=error)
