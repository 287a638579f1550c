"""Ports for servers that a test starts."""

import random
import socket

# Below those that systems give to clients, and to whoever asks for any: between our choice and the
# server's start, none of the many connections of tests that run beside it can take the port.
_PORTS = range(20_000, 32_000)
# Not the shared generator: a test that seeds it would choose what another worker chooses.
_CHOICE = random.SystemRandom()


def free_port() -> int:
    """Return a port of this machine that nobody listens on, and that nobody gets by chance."""
    while True:
        port = _CHOICE.choice(_PORTS)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
