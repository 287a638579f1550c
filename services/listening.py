"""Where a service may listen."""

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
