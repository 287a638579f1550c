"""Saved states of other keys."""

from pathlib import Path

import numpy as np
import pytest

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


def test_states_of_other_keys_go_at_the_start(tmp_path: Path) -> None:
    gone = folder_of(KVTiers(tmp_path, SIZES, "another model"), tmp_path)
    assert gone.is_dir()
    mine = folder_of(KVTiers(tmp_path, SIZES, "mine"), tmp_path)
    assert not gone.exists()

    KVTiers(tmp_path, SIZES, "mine").close()
    assert mine.is_dir()
    # Who keeps none on disk any more leaves none there.
    KVTiers(tmp_path, TierSizes(host=1 << 20), "mine").close()
    assert not mine.exists()


@pytest.mark.parametrize("failing", ["touch", "unlink"])
def test_a_disk_that_is_only_read_fails_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    tiers = KVTiers(tmp_path, SIZES, "mine")
    name = tiers.keep("col", TOKENS, b"state")
    tiers.close()
    tiers = KVTiers(tmp_path, SIZES, "mine")
    assert [known for known, _ in tiers.stored()] == [name]
    if failing == "unlink":
        next(tmp_path.glob("*/*.kv")).write_bytes(b"damaged")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, failing, refuse)

    saved = tiers.fetch(name).result()
    tiers.drop(name)
    tiers.close()
    assert (saved is None) is (failing == "unlink")


def test_a_state_is_kept_in_memory_alone() -> None:
    tiers = KVTiers(None, TierSizes(host=10), "mine")
    assert tiers.has_room_in_memory(10)
    name = tiers.keep("col", TOKENS, b"state", on_disk=False)
    assert not tiers.has_room_in_memory(6)
    assert tiers.fetch(name).result() is not None
    tiers.close()
