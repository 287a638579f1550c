"""Folders for what readers write beside a file: they go with whoever made them, or, if that was
killed, a worker removes them minutes later.
"""

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "footnote-reading-"
# Between its making and its holding a folder looks as if it was left over.
_YOUNG_S = 60.0


class Scratch:
    """A folder that is held as long as this process lives, or until `remove`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._handle = os.open(self.folder, os.O_RDONLY)
        # A file system without locks: nobody else could take this one for left over.
        with suppress(OSError):
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._handle)


def remove_left_over() -> None:
    """Remove the folders of processes that were killed: parts of documents may lie in them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Somebody else's, or held by who still runs: none of ours.
        with suppress(OSError):
            if time.time() - folder.lstat().st_mtime > _YOUNG_S:
                _remove_unheld(folder)


def _remove_unheld(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid == os.getuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(handle)
