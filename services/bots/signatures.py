"""What signed deliveries have in common: one value a header, a fresh time, a safe compare."""

import hmac
import time

from services.bots import Delivery
from services.domain.errors import UnauthenticatedError

# How old, or how far ahead, a signed time may be: Slack's own rule, kept for all.
WINDOW_S = 300


def refused(reason: str) -> UnauthenticatedError:
    """Return the error for a delivery that is not the platform's."""
    return UnauthenticatedError(f"This delivery is not taken: {reason}.")


def signed_header(delivery: Delivery, name: str) -> str:
    """Return a header that must be there once; UnauthenticatedError if not."""
    value = delivery.header(name)
    if not value:
        raise refused(f"it needs {name}, once")
    return value


def check_fresh(timestamp: str, *, unit_s: float = 1.0) -> None:
    """Raise UnauthenticatedError unless *timestamp*, in units of *unit_s*, is about now."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > len("1700000000000"):
        raise refused("its time is none")
    if abs(time.time() - int(timestamp) * unit_s) > WINDOW_S:
        raise refused("it is not of now")


def check_equal(given: str, wanted: str) -> None:
    """Raise UnauthenticatedError unless two signatures are the same, in constant time."""
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise refused("its signature is wrong")
