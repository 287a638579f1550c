"""Opening the database, transactions, and what its errors mean."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError, OperationalError

from services.domain.errors import (
    DamagedStoreError,
    HouseError,
    InvalidRequestError,
    NotReadyError,
    SettingsError,
    StorageFullError,
)

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 30
# So long a start looks for damage; a million passages (14 GB) would take 25 s to read through.
LOOK_S = 1.0
_AGAIN_S = 0.05
# Where Alembic keeps it.
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
# SQLite's primary result codes are the last byte of the extended ones.
_PRIMARY = 0xFF
_REFUSED = frozenset(
    (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
)
_NO_ANSWER = "The registry does not answer right now: try again."
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # Every commit reaches the disk before it is acknowledged.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What is deleted is overwritten with zeros.
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -65536",
)


_UNWRITABLE = (
    "The registry cannot be written: run as the user whose folder it is, and look whether its disk "
    "is mounted for reading only."
)
_MEANINGS: tuple[tuple[tuple[str, ...], type[HouseError], str], ...] = (
    (
        ("disk is full", "no space left", "disk i/o error"),
        StorageFullError,
        "The disk is full or failing: free some space, then try again.",
    ),
    (
        ("readonly database", "unable to open database"),
        SettingsError,
        _UNWRITABLE,
    ),
    (
        ("malformed", "not a database"),
        DamagedStoreError,
        "The registry is damaged: put a backup of the data folder in its place.",
    ),
)


class Database:
    """Connections to one database and its transactions. `close` gives them back."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        # SQLite lets one write; who waits in it looks again after up to 0.1 s, so threads take
        # turns here. Other processes wait in it.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one state of the database."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that commits as a whole or leaves nothing behind.

        SQLite's write lock is taken at once: a transaction that began by reading could otherwise
        find at its first write that it came too late.
        """
        with translated(), self._in_turn(), self.engine.connect() as connection:
            writing = connection.execution_options(footnote_write=True)
            with writing.begin():
                yield writing

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise NotReadyError(_NO_ANSWER)
        try:
            yield
        finally:
            self._turn.release()

    def clear_log(self) -> None:
        """Write SQLite's log into the database file and empty it: deleted text stands in neither
        then. Others that read at the time put it off until the next call.
        """
        if self.engine.dialect.name == "sqlite":
            with translated(), self.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")

    def check(self) -> None:
        """Read SQLite's file through; DamagedStoreError at a fault. Postgres looks after itself."""
        if self.engine.dialect.name == "sqlite":
            check_sqlite(Path(str(self.engine.url.database)))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_sqlite(path: Path, *, looks: bool = True) -> Database:
    """Open the database file at *path*, made if absent; DamagedStoreError if it is empty, or if a
    look at it (unless somebody has just had one) finds that it is no good.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_empty(path)
    if looks and path.exists():
        check_sqlite(path, LOOK_S)
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=8,
        max_overflow=24,
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return Database(engine)


def open_url(url: str) -> Database:
    """Open the Postgres database at *url* (`postgresql://…`)."""
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return Database(sa.create_engine(driver, pool_pre_ping=True, pool_size=8, max_overflow=24))


def migrate(database: Database, *, changes: bool = True) -> None:
    """Bring the schema to this release's version; refuse data of a newer release untouched, and
    where nothing *changes*, that of an older one too.
    """
    version = _version(database)
    if version == newest_version():
        return
    if version is not None and not changes:
        message = (
            f"The registry has the schema {version} of an older release, this one reads "
            f"{newest_version()}: end the service that runs, make a backup with it, then start "
            "this release."
        )
        raise SettingsError(message)
    from services.registry.alembic_migrations import upgrade  # noqa: PLC0415 - says its docstring

    with database.write() as connection:
        upgrade(connection, MIGRATIONS)


def newest_version() -> str:
    """Return the version of this release's schema, by the names of its migrations."""
    names = (path.stem for path in (MIGRATIONS / "versions").glob("v*.py"))
    return max((name.split("_")[0].removeprefix("v") for name in names), default="")


def _version(database: Database) -> str | None:
    """Return the version of the schema in the database, None if it has none."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return None
        return connection.scalar(sa.select(_VERSION.c.version_num))


def _refuse_empty(path: Path) -> None:
    """Raise if the file was emptied: SQLite would begin anew in it."""
    if path.exists() and path.stat().st_size == 0:
        message = f"The registry {path} is empty: put a backup of the data folder in its place."
        raise DamagedStoreError(message)


def check_sqlite(path: Path, seconds: float = threading.TIMEOUT_MAX) -> None:
    """Read the database file at *path* through, for *seconds* at most; DamagedStoreError if a fault
    was found by then.
    """
    try:
        with (
            closing(sqlite3.connect(path, BUSY_TIMEOUT_S, check_same_thread=False)) as connection,
            _ended_after(seconds, connection),
        ):
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        is_enough = error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
        if not is_enough and (refused := as_refused(path, error)) is not None:
            raise refused from error
        verdict = "ok" if is_enough else str(error)
    if verdict != "ok":
        message = (
            f"The registry {path} is damaged ({verdict}): "
            "put a backup of the data folder in its place."
        )
        raise DamagedStoreError(message)


def as_refused(path: Path, error: sqlite3.Error) -> SettingsError | None:
    """Return what to say of a database file that is not damaged, but cannot be read or written."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code not in _REFUSED:
        return None
    message = (
        f"The registry {path} cannot be written ({error}): run as the user whose folder it is, "
        "and look whether its disk is mounted for reading only."
    )
    return SettingsError(message)


@contextmanager
def _ended_after(seconds: float, connection: sqlite3.Connection) -> Iterator[None]:
    """Interrupt what goes on longer: again and again, since an interrupt before it has begun is
    lost.
    """
    done = threading.Event()

    def end() -> None:
        wait_s = seconds
        while not done.wait(wait_s):
            connection.interrupt()
            wait_s = _AGAIN_S

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Transactions are opened by `_begin`, not guessed by the driver.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("footnote_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def translated() -> Iterator[None]:
    """Say in the house's words what a database error means."""
    try:
        yield
    except DatabaseError as error:
        known = _meaning(error)
        if known is None:
            raise
        raise known from error


def _meaning(error: DatabaseError) -> HouseError | None:
    text = str(error.orig).lower()
    for said, means, message in _MEANINGS:
        if any(one in text for one in said):
            return means(message)
    if isinstance(error, DataError):
        return InvalidRequestError("A value holds what cannot be stored, such as a NUL character.")
    if isinstance(error, OperationalError) and ("locked" in text or "connection" in text):
        return NotReadyError(_NO_ANSWER)
    return None


def one(row: sa.Row[Any] | None, missing: HouseError) -> sa.Row[Any]:
    """Return *row*, or raise *missing*."""
    if row is None:
        raise missing
    return row
