"""Where a service may listen."""

import socket

from services.domain.errors import SettingsError
from services.settings import Settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def refuse_unsafe_address(settings: Settings) -> None:
    """Raise SettingsError if the service would be open to others without a word about TLS."""
    if settings.host not in _LOOPBACK and not settings.public:
        message = (
            f"FOOTNOTE_HOST {settings.host} can be reached from other machines: put TLS in front "
            "of it and set FOOTNOTE_PUBLIC=true, or listen on 127.0.0.1."
        )
        raise SettingsError(message)


def refuse_taken_port(settings: Settings) -> None:
    """Raise SettingsError if something listens already where the service should."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.host, settings.port))
        except OSError as error:
            message = (
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}): "
                "stop what listens there, or set FOOTNOTE_PORT."
            )
            raise SettingsError(message) from error
