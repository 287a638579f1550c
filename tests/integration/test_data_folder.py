"""The data folder: who holds it, what may not be written, and an older release's registry."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.data_folder import held, kept_key
from services.domain.errors import SettingsError
from services.registry.database import as_refused, check_sqlite
from services.settings import Settings
from services.wiring import open_registry


def test_a_service_does_not_start_on_an_index_that_another_writes(tmp_path: Path) -> None:
    environment = {**os.environ, "FOOTNOTE_DATA_DIR": str(tmp_path)}

    with held(tmp_path / "index", "index", "FOOTNOTE_INDEX_DIR"):
        ended = subprocess.run(
            [sys.executable, "-m", "services.api"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert ended.returncode == 1
    assert f"in use by process {os.getpid()}" in ended.stderr
    assert "FOOTNOTE_INDEX_DIR" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("held_text", [b"", b"x\n", "ключключключключ".encode()])
def test_an_owner_key_that_is_none_stops_the_start(tmp_path: Path, held_text: bytes) -> None:
    made = kept_key(tmp_path)
    again = kept_key(tmp_path)
    mode = (tmp_path / "owner.key").stat().st_mode & 0o777
    (tmp_path / "owner.key").write_bytes(held_text)

    with pytest.raises(SettingsError, match="remove it"):
        kept_key(tmp_path)

    assert made == again
    assert mode == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["owner.key"]


def test_a_file_that_may_not_be_written_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t (a)")
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as read_only,
        pytest.raises(sqlite3.OperationalError) as refused,
    ):
        read_only.execute("INSERT INTO t VALUES (1)")

    told = as_refused(path, refused.value)

    assert "cannot be written" in str(told)
    assert as_refused(path, sqlite3.DatabaseError("malformed")) is None
    with pytest.raises(SettingsError, match="cannot be written"):
        check_sqlite(tmp_path)


def test_looking_at_an_older_registry_changes_nothing(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path)
    registry = open_registry(settings)
    with registry.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0003'"))
    registry.close()

    with pytest.raises(SettingsError, match="schema 0003 of an older release"):
        open_registry(settings, changes=False)
    with held(tmp_path), pytest.raises(SettingsError, match="end the service that runs"):
        open_registry(settings)

    with closing(sqlite3.connect(tmp_path / "registry.sqlite")) as file:
        assert file.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)
