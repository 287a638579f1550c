"""Damaged and deleted files, and deletes that must be complete: D5 to D7, D9, D12, D13."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.embedding import reembed
from services.data_folder import held
from services.domain.errors import DamagedGenerationError, DamagedStoreError, DataInUseError
from services.index.generations import Generations
from services.registry.backup import read_backup, write_backup
from services.registry.database import migrate, open_sqlite
from services.registry.keys import OWNER
from services.settings import Settings, clean_environment
from services.wiring import open_spool
from tests.bar.conftest import Figure, HashEmbedder, MakeRunning, Obedient, Running, lines

SCALE = int(os.environ.get("BAR_SCALE", "1"))
KEY = "fn-bar-owner-key-of-damage-tests"
_REBUILT_S = 30


def filled(folder: Path, count: int) -> list[list[str]]:
    """Fill a folder and end its service; return the best passages of some questions."""
    running = Running(folder, owner_key=KEY).start()
    draw = random.Random(count)
    texts = [f"Room {n} marker zq{n:05d}x: {draw.randbytes(6).hex()} seats." for n in range(count)]
    for start in range(0, count, 5000):
        running.upload("rooms.jsonl", lines(*texts[start : start + 5000], prefix=f"r{start}n"))
    running.ingest()
    best = answers(running)
    running.stop()
    return best


def answers(running: Running) -> list[list[str]]:
    """Return the best three passages' sources of 20 questions with three answers each."""
    found = []
    for number in range(20):
        query = {"query": f"zq{number:05d}x zq{number + 20:05d}x zq{number + 40:05d}x", "limit": 3}
        _, told = running.call("POST", "/v1/search", query)
        found.append(sorted(one["source_id"] for one in told["passages"]))
    return found


def test_d5_damaged_indexes_are_built_again(tmp_path: Path, figure: Figure) -> None:
    folder = tmp_path / "data"
    best = filled(folder, 300)
    generations = Generations(folder / "index" / "generations")
    number = generations.numbers()[-1]
    files = sorted(path for path in (folder / "index" / "generations").rglob("*") if path.is_file())
    generations.verify(number)
    draw = random.Random(7)
    detected = 0
    for harm in ["flip"] * 100 + ["cut"] * 20:
        path = draw.choice([one for one in files if one.stat().st_size])
        whole = path.read_bytes()
        broken = bytearray(whole)
        if harm == "flip":
            broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        else:
            del broken[draw.randrange(len(broken)) :]
        # Live files are links to these: a new file, as a disk that rots would not touch them.
        path.unlink()
        path.write_bytes(broken)
        try:
            generations.verify(number)
        except DamagedGenerationError:
            detected += 1
        path.write_bytes(whole)
    broken = bytearray(files[0].read_bytes())
    broken[len(broken) // 2] ^= 255
    files[0].write_bytes(broken)
    again = Running(folder, owner_key=KEY).start()
    rebuilt, same = again.house.follower.rebuilt, answers(again) == best
    again.stop()
    assert (detected, rebuilt, same) == (120, True, True)
    figure("D5", "100 bit flips, 20 cuts: 120 of 120 seen before a library opened the file")


def test_d6_deleted_indexes_are_built_again(tmp_path: Path, figure: Figure) -> None:
    folder = tmp_path / "data"
    count = 2500 * SCALE
    best = filled(folder, count)
    shutil.rmtree(folder / "index")
    began = time.monotonic()
    again = Running(folder, owner_key=KEY).start()
    took = time.monotonic() - began
    found = answers(again)
    again.stop()
    assert found == best
    assert took < _REBUILT_S
    figure("D6", f"{count:,} passages without their indexes: the same answers after {took:.1f} s")


def test_d7_a_damaged_registry_stops_the_start(tmp_path: Path, figure: Figure) -> None:
    folder, backup = tmp_path / "data", tmp_path / "backup.tar"
    filled(folder, 300)
    registry = folder / "registry.sqlite"
    settings = Settings.load(data_dir=folder)
    write_backup(registry, open_spool(settings), backup, lambda _done, _total: None)
    whole = registry.read_bytes()
    refused = 0
    harms = (
        lambda data: data[:50] + b"\xff" * 50 + data[100:],
        lambda data: b"not a database" + data[14:],
        lambda data: data[: len(data) // 2],
        lambda data: data[:8192] + os.urandom(60_000) + data[68_192:],
        lambda _data: b"",
    )
    for harm in harms:
        registry.write_bytes(harm(whole))
        for aside in folder.glob("registry.sqlite-*"):
            aside.unlink()
        with pytest.raises(DamagedStoreError, match="backup"):
            open_sqlite(registry)
        refused += 1
    done = subprocess.run(
        [str(Path(sys.executable).with_name("footnote")), "serve"],
        env=clean_environment(FOOTNOTE_DATA_DIR=str(folder)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert "backup" in done.stderr
    assert registry.stat().st_size == 0
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert read_backup(backup, fresh, lambda _done, _total: None).documents == 300
    restored = Running(fresh, owner_key=KEY).start()
    assert restored.call("GET", "/v1/documents?limit=1")[1]["counts"]["ready"] == 300
    restored.stop()
    figure("D7", f"{refused} kinds of damage: start refused, nothing made; restored from a backup")


def _holding(folder: Path, marker: bytes) -> list[str]:
    """Return the files that hold *marker*, whatever they are."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and marker in path.read_bytes().lower()
    ]


def test_d9_what_is_deleted_is_gone_everywhere(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running(Obedient())
    texts = [f"Room {n} has marker zq{n:05d}x and seats {n % 90 + 4} people." for n in range(60)]
    running.upload("rooms.jsonl", lines(*texts))
    running.upload("secret.txt", b"The vault code is zqsecretzq and nobody may know it.")
    running.ingest()
    _, answer = running.call("POST", "/v1/ask", {"question": "What is the vault code?"})
    assert "zqsecretzq" in str(answer)
    running.house.follower.publish()
    folder = running.settings.data_dir
    words, owner = running.house.follower._words, running.house.registry.collections.scope_of(OWNER)

    def often() -> int:
        known = words.statistics(["zqsecretzq"], owner, "body").values()
        return sum(one.often["zqsecretzq"] for one in known)

    assert _holding(folder, b"zqsecretzq")
    assert often() == 1
    _, listed = running.call("GET", "/v1/documents?limit=200")
    secret = next(one for one in listed["documents"] if one["name"] == "secret.txt")
    status, receipt = running.call("DELETE", f"/v1/documents/{secret['id']}")
    assert status == 200
    assert receipt["removed"]["answers"] == 1
    running.house.follower.clean()
    found = [
        str(running.call("POST", "/v1/search", {"query": "zqsecretzq"})[1]["passages"]),
        str(running.call("GET", f"/v1/answers/{answer['id']}")[1]),
    ]
    assert not [text for text in found if "zqsecretzq" in text]
    assert _holding(folder, b"zqsecretzq") == []
    # The index's own dictionary, whose bytes are packed, knows it no more either.
    assert often() == 0
    # The positive control: what was not deleted is still there and found.
    assert _holding(folder, b"zq00007x")
    assert "zq00007x" in str(running.call("POST", "/v1/search", {"query": "zq00007x"})[1])
    figure(
        "D9",
        f"a deleted text: 0 of the folder's files hold a word of it; receipt {receipt['removed']}",
    )


def test_d11_data_of_the_last_release_goes_on(tmp_path: Path, figure: Figure) -> None:
    folder = tmp_path / "data"
    filled(folder, 40)
    with sqlite3.connect(folder / "registry.sqlite") as database:
        # As the release before left it: without what this one added.
        database.executescript(
            "DROP TABLE audit; DROP TABLE audit_head; DROP TABLE compartments;"
            "DROP INDEX ix_documents_collection_id_status_segment_id;"
            "ALTER TABLE documents DROP COLUMN replaces;"
            "ALTER TABLE documents DROP COLUMN uploader;"
            "ALTER TABLE documents DROP COLUMN readers;"
            "ALTER TABLE documents DROP COLUMN segment_id;"
            "UPDATE alembic_version SET version_num='0001'"
        )
    again = Running(folder, owner_key=KEY).start()
    ready = again.call("GET", "/v1/documents?limit=1")[1]["counts"]["ready"]
    entries = again.call("GET", "/v1/audit")
    again.stop()
    assert (ready, entries[0]) == (40, 200)
    with sqlite3.connect(folder / "registry.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num='9999'")
    before = (folder / "registry.sqlite").read_bytes()
    with pytest.raises(DamagedStoreError, match="newer Footnote"):
        migrate(open_sqlite(folder / "registry.sqlite"))
    assert (folder / "registry.sqlite").read_bytes() == before
    figure(
        "D11", "data of the release before: 40 of 40 documents; of a newer one: refused, untouched"
    )


def test_d12_a_second_writer_is_refused_with_the_holders_pid(
    tmp_path: Path, figure: Figure
) -> None:
    settings = Settings.load(data_dir=tmp_path / "data")
    with (
        held(settings.data_dir),
        pytest.raises(DataInUseError, match=str(os.getpid())),
        held(settings.data_dir),
    ):
        pass
    with held(settings.data_dir):
        pass
    figure("D12", "a second service is refused, and told the holder's pid")


def test_d13_another_embedder_gives_no_mixed_results(tmp_path: Path, figure: Figure) -> None:
    folder = tmp_path / "data"
    filled(folder, 50)
    again = Running(folder, owner_key=KEY, embedder=HashEmbedder("another")).start()
    vectors = again.house.registry.vectors.missing("another")
    question = {"query": "marker zq00007x", "limit": 5}
    _, told = again.call("POST", "/v1/search", question)
    embedded = reembed(again.house.registry.vectors, HashEmbedder("another"), lambda _pace: None)
    _, after = again.call("POST", "/v1/search", question)
    again.stop()
    assert vectors == embedded == 50
    assert {one["scores"]["dense"] for one in told["passages"]} == {0.0}
    assert told["passages"]
    assert all(one["scores"]["dense"] > 0 for one in after["passages"])
    figure(
        "D13",
        "50 vectors of another model: none is compared; words still find; doctor tells; "
        "`reembed` gives the other's",
    )
