"""KV states below the context: in host memory, and on disk so that they outlive a restart.

A state on disk is written aside, synced, renamed, and read only if its checksum holds. Reading and
writing happen on a thread of their own: the scheduler never waits for a disk. A state that cannot
be written or read is one that is not there: the prompt is read again.
"""

import hashlib
import json
import os
import secrets
import shutil
import struct
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.engine.prefix_tree import Tokens

_MAGIC = b"FNKV1\n"
_HEAD = struct.Struct("<I")
_ENDING = ".kv"
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class SavedState:
    """The KV of *tokens*, as the context gave it."""

    share: str
    tokens: Tokens
    state: bytes


@dataclass(frozen=True, slots=True)
class TierSizes:
    """Most bytes in host memory and on disk; 0 closes a tier."""

    host: int = 0
    disk: int = 0


class KVTiers:
    """Saved states by name. *key* names all that a state depends on (model, adapters, KV type,
    weights, attention, template): states of another key are never read, and go at the start: they
    hold texts that may be deleted by now. `close` waits for what is being written.
    """

    def __init__(self, folder: Path | None, sizes: TierSizes, key: str) -> None:
        digest = hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
        self._folder = None if folder is None or not sizes.disk else folder / digest
        self._sizes = sizes
        self._host: OrderedDict[str, SavedState] = OrderedDict()
        self._disk: OrderedDict[str, int] = OrderedDict()
        self._gone: list[SavedState] = []
        self._lock = threading.Lock()
        self._io = ThreadPoolExecutor(1, thread_name_prefix="kv-tiers")
        self._io.submit(_swept, folder, digest if self._folder is not None else "")
        self.is_open = sizes.host > 0 or self._folder is not None

    @property
    def host_bytes(self) -> int:
        """Bytes of states in host memory."""
        with self._lock:
            return sum(len(one.state) for one in self._host.values())

    @property
    def disk_bytes(self) -> int:
        """Bytes of states on disk."""
        with self._lock:
            return sum(self._disk.values())

    def stored(self) -> Iterator[tuple[str, SavedState]]:
        """Yield what an earlier run left on disk, without its state, oldest first."""
        if self._folder is None or not self._folder.is_dir():
            return
        files = sorted(self._folder.glob(f"*{_ENDING}"), key=lambda file: file.stat().st_mtime)
        for file in files:
            head = _head(file)
            if head is None:
                file.unlink(missing_ok=True)
                continue
            with self._lock:
                self._disk[file.stem] = file.stat().st_size
            yield file.stem, SavedState(head[0], head[1], b"")

    def has_room_in_memory(self, size: int) -> bool:
        """Say whether a state of so many bytes would be kept in memory, and none go for it."""
        with self._lock:
            return size + sum(len(one.state) for one in self._host.values()) <= self._sizes.host

    def keep(self, share: str, tokens: Tokens, state: bytes, *, on_disk: bool = True) -> str:
        """Keep a state in memory, and let it be written to disk; return its name."""
        name = secrets.token_hex(12)
        saved = SavedState(share, tokens.copy(), state)
        with self._lock:
            if self._sizes.host:
                self._host[name] = saved
            if self._folder is not None and on_disk:
                self._disk[name] = len(state)
        if self._folder is not None and on_disk:
            self._io.submit(self._write, name, saved)
        self._shrink()
        return name

    def fetch(self, name: str) -> "Future[SavedState | None]":
        """Return the state called *name*, at once from memory, later from disk; None if it is
        gone or damaged.
        """
        with self._lock:
            saved = self._host.get(name)
            if saved is not None:
                self._host.move_to_end(name)
            if name in self._disk:
                self._disk.move_to_end(name)
        if saved is None:
            return self._io.submit(self._read, name)
        done: Future[SavedState | None] = Future()
        done.set_result(saved)
        return done

    def drop(self, name: str) -> None:
        """Let a state go, in memory and on disk."""
        with self._lock:
            self._host.pop(name, None)
            on_disk = self._disk.pop(name, None) is not None
        if on_disk:
            self._io.submit(self._unlink, name)

    def dropped(self) -> list[SavedState]:
        """Return the states that had to go for others since the last call."""
        with self._lock:
            gone, self._gone = self._gone, []
        return gone

    def close(self) -> None:
        """Wait until everything is written."""
        self._io.shutdown()

    def _shrink(self) -> None:
        """Keep both tiers within their sizes: the longest unused goes first."""
        with self._lock:
            while self._host and sum(len(s.state) for s in self._host.values()) > self._sizes.host:
                name, saved = self._host.popitem(last=False)
                if name not in self._disk:
                    self._gone.append(saved)
            over = sum(self._disk.values()) - self._sizes.disk
        while over > 0 and self._disk:
            with self._lock:
                name, size = self._disk.popitem(last=False)
                self._host.pop(name, None)
            over -= size
            self._io.submit(self._give_up, name)

    def _write(self, name: str, saved: SavedState) -> None:
        if self._folder is None:
            return
        aside = self._folder / f"{name}.aside"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT, _PRIVATE), "wb") as file:
                for part in _packed(saved):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(self._folder / f"{name}{_ENDING}")
        except OSError:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            with self._lock:
                self._disk.pop(name, None)
                if name not in self._host:
                    self._gone.append(saved)

    def _read(self, name: str) -> SavedState | None:
        if self._folder is None:
            return None
        file = self._folder / f"{name}{_ENDING}"
        try:
            saved = _unpacked(file.read_bytes())
        except OSError:
            saved = None
        # On a disk that is only read its time stays.
        with suppress(OSError):
            file.touch()
        if saved is None:
            self._give_up(name)
        return saved

    def _give_up(self, name: str) -> None:
        """Take a file away and remember whose state is gone."""
        if self._folder is None:
            return
        head = _head(self._folder / f"{name}{_ENDING}")
        self._unlink(name)
        with self._lock:
            self._disk.pop(name, None)
            if head is not None:
                self._gone.append(SavedState(head[0], head[1], b""))

    def _unlink(self, name: str) -> None:
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / f"{name}{_ENDING}").unlink(missing_ok=True)


def _swept(folder: Path | None, mine: str) -> None:
    """Take away what services of other keys left in *folder*."""
    if folder is None or not folder.is_dir():
        return
    for other in folder.iterdir():
        if other.name != mine:
            shutil.rmtree(other, ignore_errors=True)


def _packed(saved: SavedState) -> list[bytes]:
    """Return a file's parts: magic, size of the head, head, tokens, state."""
    tokens = saved.tokens.astype("<i4").tobytes()
    head = json.dumps(
        {
            "share": saved.share,
            "tokens": len(saved.tokens),
            "sum": _sum(saved.share, len(saved.tokens), tokens, saved.state),
        }
    ).encode()
    return [_MAGIC, _HEAD.pack(len(head)), head, tokens, saved.state]


def _unpacked(data: bytes) -> SavedState | None:
    parsed = _parsed_head(data)
    if parsed is None:
        return None
    told, at = parsed
    try:
        share, count = str(told["share"]), int(told["tokens"])
        is_whole = _sum(share, count, memoryview(data)[at:]) == told["sum"]
        end = at + 4 * count
        tokens = np.frombuffer(data[at:end], dtype="<i4").astype(np.int32)
    except (ValueError, KeyError, TypeError):
        return None
    return SavedState(share, tokens, data[end:]) if is_whole else None


def _sum(share: str, count: int, *parts: bytes | memoryview) -> str:
    """Return the checksum of a saved state, and of whose it is."""
    digest = hashlib.blake2b(f"{count} {share}".encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _head(file: Path) -> tuple[str, Tokens] | None:
    """Return whose state a file holds and of which tokens; None if it does not say."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(_MAGIC) + _HEAD.size)
            size = _HEAD.unpack(start[len(_MAGIC) :])[0] if start.startswith(_MAGIC) else 0
            told = json.loads(opened.read(size))
            tokens = np.frombuffer(opened.read(4 * int(told["tokens"])), dtype="<i4")
            return str(told["share"]), tokens.astype(np.int32)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def _parsed_head(data: bytes) -> tuple[dict[str, Any], int] | None:
    begin = len(_MAGIC) + _HEAD.size
    try:
        if not data.startswith(_MAGIC):
            return None
        size = _HEAD.unpack(data[len(_MAGIC) : begin])[0]
        return json.loads(data[begin : begin + size]), begin + size
    except (ValueError, struct.error):
        return None
