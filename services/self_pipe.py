"""Pipes that say one thing, once: to the rest of a process, or to another that it started."""

import contextlib
import os
import select


class SelfPipe:
    """Told once, heard by whoever waits; the self-pipe of D. J. Bernstein.

    A `threading.Event` will not do in a handler: that runs wherever the main thread stands, also
    while it holds the lock of the event, and `set` would wait for that lock forever. So does the
    start of a thread.
    """

    def __init__(self) -> None:
        self._came, self._told = os.pipe()
        # A full pipe says as much: it may not stop the handler.
        os.set_blocking(self._told, False)

    @property
    def descriptor(self) -> int:
        """What another process, that inherits it, tells by (`tell`)."""
        return self._told

    def tell(self) -> None:
        """Let `wait` return, now and from now on."""
        tell(self._told)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait so long to be told, None for ever; return whether that has been."""
        return bool(select.select([self._came], [], [], timeout_s)[0])


def tell(descriptor: int) -> None:
    """Tell the pipe of another process, if that is there to hear it."""
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        os.write(descriptor, b"!")
