"""A look at a zip container before anything unpacks it."""

import zipfile
from pathlib import Path

from services.domain.errors import UnreadableError

_MOST_BYTES = 500 * 1024 * 1024
_MOST_ENTRIES = 10_000
# Real documents seldom compress better than 1:100; small ones may, and do no harm.
_MOST_RATIO = 150
_RATIO_COUNTS_ABOVE = 20 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def check_container(path: Path) -> None:
    """Raise UnreadableError for a protected, damaged or bomb-like container."""
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            message = "It is encrypted with a password: save it without one."
            raise UnreadableError("encrypted", message)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        message = "It is corrupt: its container cannot be opened. Save it again."
        raise UnreadableError("corrupt", message) from error
    if any(entry.flag_bits & 1 for entry in entries):
        message = "It is encrypted with a password: save it without one."
        raise UnreadableError("encrypted", message)
    _refuse_bomb(path, entries)


def _refuse_bomb(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    packed = max(path.stat().st_size, 1)
    too_dense = total > _RATIO_COUNTS_ABOVE and total / packed > _MOST_RATIO
    if total > _MOST_BYTES or len(entries) > _MOST_ENTRIES or too_dense:
        message = f"It would unpack to {total:,} bytes in {len(entries):,} parts: refused."
        raise UnreadableError("too_large", message)
