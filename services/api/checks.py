"""Checks that several routes make before any work."""

from services.domain.errors import InvalidRequestError, TooLargeError


def check_length(text: str, most_bytes: int, field: str) -> None:
    """Raise unless *text* says something within *most_bytes* bytes of UTF-8."""
    if not text.strip():
        message = f"{field}: it is empty."
        raise InvalidRequestError(message)
    if len(text.encode("utf-8", "surrogatepass")) > most_bytes:
        message = f"{field}: it is longer than {most_bytes:,} bytes."
        raise TooLargeError(message)
