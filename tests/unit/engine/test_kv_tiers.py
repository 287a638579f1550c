"""Saved states of other keys."""

import os
import time
from pathlib import Path

import numpy as np

from services.engine.kv_tiers import KVTiers, TierSizes

SIZES = TierSizes(host=0, disk=1 << 20)
TOKENS = np.arange(20, dtype=np.int32)


def folder_of(tiers: KVTiers, folder: Path) -> Path:
    """Return the folder of one key, with a state in it."""
    before = set(folder.iterdir()) if folder.is_dir() else set()
    tiers.keep("", TOKENS, b"state")
    tiers.close()
    return next(iter(set(folder.iterdir()) - before))


def test_a_file_that_differs_in_a_byte_is_no_state(tmp_path: Path) -> None:
    tiers = KVTiers(tmp_path, SIZES, "mine")
    name = tiers.keep("col_a", TOKENS, b"state")
    tiers.close()
    [file] = tmp_path.glob(f"*/{name}*")
    whole = file.read_bytes()
    changed = (whole.replace(b"col_a", b"col_b"), whole.replace(b'"tokens": 20', b'"tokens": 60'))
    flipped = (bytes([*whole[:at], whole[at] ^ 1, *whole[at + 1 :]]) for at in range(len(whole)))

    for damaged in (*changed, *flipped):
        file.write_bytes(damaged)
        again = KVTiers(tmp_path, SIZES, "mine")
        for known, _ in again.stored():
            assert again.fetch(known).result() is None
        again.close()

    file.write_bytes(whole)
    again = KVTiers(tmp_path, SIZES, "mine")
    [(known, _)] = again.stored()
    saved = again.fetch(known).result()
    again.close()
    assert saved is not None
    assert (saved.share, saved.tokens.tolist(), saved.state) == ("col_a", TOKENS.tolist(), b"state")


def test_states_of_a_key_that_nobody_uses_go_after_a_week(tmp_path: Path) -> None:
    gone = folder_of(KVTiers(tmp_path, SIZES, "another model"), tmp_path)
    fresh = folder_of(KVTiers(tmp_path, SIZES, "another service"), tmp_path)
    mine = folder_of(KVTiers(tmp_path, SIZES, "mine"), tmp_path)
    week_ago = time.time() - 7.1 * 86_400
    os.utime(gone, (week_ago, week_ago))
    os.utime(mine, (week_ago, week_ago))

    tiers = KVTiers(tmp_path, SIZES, "mine")
    tiers.close()

    assert not gone.exists()
    assert fresh.is_dir()
    assert [state.tokens.tolist() for _, state in KVTiers(tmp_path, SIZES, "mine").stored()] == [
        TOKENS.tolist()
    ]
