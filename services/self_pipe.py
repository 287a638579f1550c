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

    def tell(self) -> None:
        """Let `wait` return, now and from now on."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._told, b"!")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait so long to be told, None for ever; return whether that has been."""
        return bool(select.select([self._came], [], [], timeout_s)[0])


class GoAhead:
    """Tells a process that was started early that it may begin; `close` without it says never."""

    def __init__(self) -> None:
        # What the other process inherits, and waits on by `went_ahead`.
        self.descriptor, self._told = os.pipe()

    def give(self) -> None:
        """Let it begin."""
        os.write(self._told, b"!")

    def close(self) -> None:
        """Say no more: who still waits will never begin."""
        os.close(self.descriptor)
        os.close(self._told)


def went_ahead(descriptor: int) -> bool:
    """Wait for the word; False if whoever could give it is gone, or will not."""
    with os.fdopen(descriptor, "rb") as pipe:
        return bool(pipe.read(1))
