"""The data folder belongs to one service at a time."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from services.domain.errors import DataInUseError, SettingsError

# Of an owner's key, in characters.
SHORTEST_KEY = 16
_MOMENT_S = 0.05
_ENDING_S = 10.0


@contextmanager
def held(folder: Path, name: str = "data", setting: str = "FOOTNOTE_DATA_DIR") -> Iterator[int]:
    """Hold the data folder, or the *name* one, for this service alone; DataInUseError names who has
    it.

    Yields the lock's descriptor: a child that inherits it holds the folder as long as it lives.
    Those of a service that was killed are waited for: with gigabytes to give back they take a
    while to end.
    """
    make_private(folder)
    with _opened_lock(folder) as file:
        if not _locked(file) and not _left_over(file):
            holder = _holder(file)
            message = (
                f"The {name} folder {folder} is in use by process {holder}: "
                f"stop that service, or set {setting} to another folder."
            )
            raise DataInUseError(message)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _opened_lock(folder: Path) -> TextIO:
    try:
        return _lock_of(folder).open("a+", encoding="ascii")
    except OSError as error:
        message = (
            f"The data folder {folder} cannot be written ({error.strerror}): run as the user whose "
            "folder it is, or give that user the right to write there."
        )
        raise SettingsError(message) from error


def make_private(folder: Path) -> None:
    """Make the data folder, for its owner alone: it holds all texts. SettingsError if it cannot be
    made. One that is there stays as it is.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = (
            f"The data folder {folder} cannot be made ({error.strerror}): set FOOTNOTE_DATA_DIR."
        )
        raise SettingsError(message) from error


def is_held(folder: Path) -> bool:
    """Say whether a service holds the data folder: this one, or another."""
    try:
        with _lock_of(folder).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def kept_key(folder: Path) -> str:
    """Return the owner's key that is kept in the data folder (mode 0600) and made once.
    SettingsError for a file that holds none.
    """
    path = folder / "owner.key"
    if not path.exists():
        make_private(folder)
        aside = folder / f".owner-{secrets.token_hex(4)}"
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"fn-{secrets.token_urlsafe(32)}\n")
            file.flush()
            os.fsync(file.fileno())
        # Of two that make one at once, the first key stays.
        with suppress(FileExistsError):
            path.hardlink_to(aside)
        aside.unlink()
    key = path.read_bytes().strip() if path.is_file() else b""
    if len(key) < SHORTEST_KEY or not key.isascii():
        message = f"{path} holds no key: remove it, and a new one is made at the next start."
        raise SettingsError(message)
    return key.decode("ascii")


def _left_over(file: TextIO) -> bool:
    """Lock *file* once the last children of a holder that is gone have ended; False if the holder
    runs, or they do not end.
    """
    until = time.monotonic() + _ENDING_S
    while not _runs(_holder(file)) and time.monotonic() < until:
        if _locked(file):
            return True
        time.sleep(_MOMENT_S)
    return False


def _holder(file: TextIO) -> str:
    file.seek(0)
    return file.read().strip() or "unknown"


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True


def _locked(file: TextIO) -> bool:
    """Lock *file*; say whether that was possible. Who only looks is gone in a moment."""
    for wait_s in (_MOMENT_S, 0.0):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(wait_s)
        else:
            return True
    return False


def _lock_of(folder: Path) -> Path:
    return folder / "lock"
