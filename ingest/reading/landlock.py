"""What a reading child may open: its own file, programs and libraries, and one folder to work in.

Landlock (man page landlock(7), Linux 5.13 and later) needs no rights. Where the kernel has none,
nothing is forbidden here.
"""

import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

import ingest
import services

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_LOOK = _EXECUTE | _READ_FILE | _READ_DIR
# Rights that each version of the interface knows: reading, writing, making and removing; then
# moving between folders; then truncating.
_FIRST, _SECOND, _THIRD = (1 << 13) - 1, 1 << 13, 1 << 14
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/sys", "/dev", "/nix")
# Not all of /proc: other processes' environments lie there.
_PROC = ("self", "cpuinfo", "meminfo", "stat", "sys", "filesystems", "version")


def forbid_files(libc: ctypes.CDLL, file: int, folder: Path) -> bool:
    """Let this process and its children open nothing but *file*, programs, and what is beneath
    *folder*. Return whether the kernel can do that.
    """
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    rights = _FIRST | (_SECOND if version > 1 else 0) | (_THIRD if version > 2 else 0)  # noqa: PLR2004
    attribute = struct.pack("Q", rights)
    ruleset = libc.syscall(_CREATE_RULESET, attribute, len(attribute), 0)
    if ruleset < 0:
        return False
    try:
        _allow(libc, ruleset, file, _READ_FILE)
        for path in _readable():
            _allow_path(libc, ruleset, path, _LOOK)
        _allow_path(libc, ruleset, "/dev/null", _READ_FILE | _WRITE_FILE)
        _allow_path(libc, ruleset, str(folder), rights)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _readable() -> Iterable[str]:
    """Return where programs and libraries lie: never a folder that may hold data."""
    packages = {str(Path(one).parent) for one in (ingest.__file__, services.__file__) if one}
    own = (f"/proc/{name}" for name in _PROC)
    return {*_SYSTEM, *own, sys.prefix, sys.base_prefix, *packages}


def _allow_path(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            _allow(libc, ruleset, handle, rights)
        finally:
            os.close(handle)


def _allow(libc: ctypes.CDLL, ruleset: int, handle: int, rights: int) -> None:
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, handle), 0)
