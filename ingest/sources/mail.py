"""A mailbox over IMAP: each message becomes a mail document; what is deleted there goes here."""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ingest.sources import Entry, Source, SourceError

_TIMEOUT_S = 60


class MailSource(Source):
    """One folder of a mailbox, opened for reading only."""

    def __init__(self, host: str, port: int, *, is_secure: bool) -> None:
        self._host = host
        try:
            self._imap: imaplib.IMAP4 = (
                imaplib.IMAP4_SSL(
                    host, port, ssl_context=ssl.create_default_context(), timeout=_TIMEOUT_S
                )
                if is_secure
                else imaplib.IMAP4(host, port, timeout=_TIMEOUT_S)
            )
        except (OSError, imaplib.IMAP4.error) as error:
            message = f"{host} does not answer: {error}"
            raise SourceError(message) from error
        self._generation = ""

    def open(self, user: str, password: str, folder: str) -> "MailSource":
        """Sign in and open *folder*."""
        try:
            self._said(lambda: self._imap.login(user, password), "sign in")
            self._said(lambda: self._imap.select(_quoted(folder), readonly=True), f"open {folder}")
        except SourceError:
            self.close()
            raise
        _, told = self._imap.response("UIDVALIDITY")
        self._generation = (told[0] or b"").decode() if told else ""
        return self

    def entries(self) -> Sequence[Entry]:
        """Return the messages; one that was moved in again has another number."""
        told = self._said(lambda: self._imap.uid("SEARCH", "ALL"), "list messages")
        numbers = (told[0] or b"").decode().split()
        return [Entry(f"{number}.eml", self._generation, number) for number in numbers]

    def fetch(self, entry: Entry, path: Path) -> None:
        """Fetch a message, without marking it as read."""
        told = self._said(
            lambda: self._imap.uid("FETCH", entry.place, "(BODY.PEEK[])"), "fetch a message"
        )
        found = [part[1] for part in told if isinstance(part, tuple)]
        if not found:
            message = f"Message {entry.place} of {self._host} is gone."
            raise SourceError(message)
        path.write_bytes(found[0])

    def close(self) -> None:
        """Sign out."""
        try:
            self._imap.logout()
        except (OSError, imaplib.IMAP4.error):
            # Whatever it says: the connection ends.
            self._imap.shutdown()

    def _said(self, act: Callable[[], tuple[str, Any]], what: str) -> Any:  # noqa: ANN401 - imaplib
        try:
            status, told = act()
        except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
            message = f"{self._host} does not let us {what}: {error}"
            raise SourceError(message) from error
        if status != "OK":
            message = f"{self._host} does not let us {what}: {told}"
            raise SourceError(message)
        return told


def _quoted(folder: str) -> str:
    plain = _encoded(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _encoded(folder: str) -> str:
    """Return a folder's name as IMAP writes it: UTF-7 with `&` and `,` (RFC 3501, 5.1.3)."""
    parts = re.split(r"([^\x20-\x7e]+)", folder)
    return "".join(
        f"&{b64encode(part.encode('utf-16-be')).decode().rstrip('=').replace('/', ',')}-"
        if at % 2
        else part.replace("&", "&-")
        for at, part in enumerate(parts)
    )
