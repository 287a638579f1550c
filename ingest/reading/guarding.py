"""Libraries that raise whatever their parts raise."""

from collections.abc import Callable
from typing import TypeVar

from services.domain.errors import UnreadableError

T = TypeVar("T")


def guarded(read: Callable[[], T]) -> T:
    """Run what reads a file by a library; whatever it raises means that the file is broken."""
    try:
        return read()
    except (MemoryError, UnreadableError):
        raise
    except Exception as error:
        message = f"It is corrupt: its parts do not fit together ({type(error).__name__}). "
        raise UnreadableError("corrupt", message + "Save it again.") from error
