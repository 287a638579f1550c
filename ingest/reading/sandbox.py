"""What a reading child gives up before it looks at a file: network, memory, time, processes."""

import contextlib
import ctypes
import os
import platform
import resource
import struct
from pathlib import Path

from ingest.reading.landlock import forbid_files

_CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_KILL_PROCESS = 0x80000000
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
# Audit architecture, number of socket(2), first number of the foreign 32-bit calls.
_ARCHITECTURES = {
    "x86_64": (0xC000003E, 41, 0x40000000),
    "aarch64": (0xC00000B7, 198, 0xFFFFFFFF),
}
_IO_URING_SETUP = 425
_MOST_FILES = 256
_MOST_PROCESSES = 4096
_MIB = 1024 * 1024


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def enter_sandbox(memory_mb: int, cpu_seconds: int, file: int, folder: Path) -> None:
    """Give up everything that reading a file does not need, for this process and its children.

    *memory_mb* bounds the address space in MiB; *cpu_seconds* the time on a core. Only the open
    *file*, and what is beneath *folder*, can be read beside programs and libraries. A network
    namespace needs rights that not every host gives; forbidding `socket` needs none.
    """
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_NOFILE, _MOST_FILES)
    _set(resource.RLIMIT_NPROC, _MOST_PROCESSES)
    _set(resource.RLIMIT_FSIZE, 512 * _MIB)
    _set(resource.RLIMIT_CPU, cpu_seconds)
    _set(resource.RLIMIT_AS, memory_mb * _MIB)
    with contextlib.suppress(OSError):
        os.nice(5)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(_CLONE_NEWNET)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    forbid_files(libc, file, folder)
    _forbid_sockets(libc)


def _set(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (wanted, wanted))


def _forbid_sockets(libc: ctypes.CDLL) -> None:
    """Let the kernel refuse every new socket (seccomp; see the man pages seccomp(2), bpf(2))."""
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return
    architecture, socket_number, foreign = known
    rules = (
        (0x20, 0, 0, 4),  # load the architecture
        (0x15, 1, 0, architecture),
        (0x06, 0, 0, _KILL_PROCESS),
        (0x20, 0, 0, 0),  # load the number of the call
        (0x35, 3, 0, foreign),
        (0x15, 2, 0, socket_number),
        (0x15, 1, 0, _IO_URING_SETUP),
        (0x06, 0, 0, _ALLOW),
        (0x06, 0, 0, _REFUSE),
    )
    packed = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    program = _Program(len(rules), packed)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "The kernel does not let a reader give up its network.")
