"""What all tests share: quiet libraries, the evaluation data where it is there, real servers.

Redis and Postgres are started here, listen on 127.0.0.1 only, and end with the tests.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from services import wiring
from services.settings import set_quiet_offline
from tests.ports import free_port

set_quiet_offline()
SHARED = Path(__file__).parents[2] / "shared"
# Names the folder of what was made from the models.
MADE = "TESTS_MADE"


@pytest.fixture(scope="session")
def eval_folder() -> Path:
    """Return the folder of evaluation sets, or skip where it is absent."""
    folder = SHARED / "eval"
    if not folder.is_dir():
        pytest.skip("The evaluation data (../shared/eval) is not on this machine.")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all services of a run share what each would make from the models: 200 MB a folder."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    shared.mkdir(exist_ok=True)
    os.environ[MADE] = str(shared)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep the environment and `.env` of this machine out of tests."""
    monkeypatch.setattr(wiring, "_MADE", os.environ[MADE])
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests that are marked `alone` last: amid the others, each would wait until all that run
    beside it have ended, and nobody would begin another meanwhile.
    """
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Under `pytest -n`, let no test run beside one that is marked `alone`."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    wanted = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
    place = Path(tempfile.gettempdir()) / f"footnote-turns-{os.getuid()}"
    with place.with_suffix(".door").open("w") as door, place.open("w") as room:
        # One waits at the door: who wants the room alone is not overtaken for ever.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, wanted)
        fcntl.flock(door, fcntl.LOCK_UN)
        return (yield)


@contextlib.contextmanager
def served(handler: type[BaseHTTPRequestHandler], address: str = "127.0.0.1") -> Iterator[str]:
    """Serve HTTP by *handler* on a free port of *address*; yield the URL."""
    with ThreadingHTTPServer((address, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{address}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@contextlib.contextmanager
def redis(folder: Path, address: str = "127.0.0.1") -> Iterator[str]:
    """Run a Redis on a free port of *address*; yield the URL."""
    port = free_port()
    process = subprocess.Popen(
        # Without a password it would refuse whoever comes from another address.
        f"redis-server --port {port} --bind {address} --dir {folder} --protected-mode no".split(),
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, address)
        yield f"redis://{address}:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def milvus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus(Path(tmp_path_factory.mktemp("milvus"))) as (url, _process):
        yield url


@contextlib.contextmanager
def milvus(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a Milvus from an environment of its own: it needs a FAISS that is not ours."""
    port = free_port()
    program = str(Path(__file__).parents[1] / ".venv-milvus/bin/milvus-lite")
    process = subprocess.Popen(
        [program, "server", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    # Not in pytest's own folder: another run of it would close that to Postgres.
    with (
        tempfile.TemporaryDirectory(prefix="footnote-postgres-") as folder,
        postgres(Path(folder)) as url,
    ):
        yield url


def wait_for_database(url: str, seconds: float = 60) -> None:
    """Wait until a Postgres that listens takes connections: it may be starting up still."""
    until = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


@contextlib.contextmanager
def postgres(folder: Path, address: str = "127.0.0.1") -> Iterator[str]:
    """Run a Postgres on a free port of *address*; yield the URL. It refuses to run as root, so it
    runs as `postgres` there.
    """
    bin_folder = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    port = free_port()
    prefix: list[str] = []
    if os.getuid() == 0:
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    subprocess.run(
        [*prefix, str(bin_folder / "initdb"), "-D", str(data), "-A", "trust", "-U", "footnote"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with (data / "pg_hba.conf").open("a") as admitted:
        admitted.write(f"host all all {address}/24 trust\n")
    process = subprocess.Popen(
        [
            *prefix,
            str(bin_folder / "postgres"),
            *(
                "-D",
                str(data),
                "-p",
                str(port),
                "-k",
                str(folder),
                "-c",
                f"listen_addresses={address}",
            ),
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, address)
        url = f"postgresql://footnote@{address}:{port}/postgres"
        wait_for_database(url)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait_for_port(port: int, address: str = "127.0.0.1") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
            time.sleep(0.3)
            return
        time.sleep(0.1)
    message = f"Nothing listens on port {port}."
    raise TimeoutError(message)
