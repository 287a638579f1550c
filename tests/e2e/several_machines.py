"""The machines of `test_several_of_everything`: run it inside `unshare --mount --net`.

Seven network namespaces on a bridge, and the balancer of `docker/haproxy.cfg` in the one around
them, with Postgres, Redis and a bucket. Prints what it saw as JSON.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import postgres, redis, served, wait_for_port
from tests.s3_server import KEY_ID, SECRET, Bucket

HERE = "10.77.0.1"
KEY = "fn-one-key-of-the-owner-for-all-machines"
SERVICE = [sys.executable, "-m", "services.api"]
WORKER = [str(Path(sys.executable).with_name("footnote")), "worker"]
ASKERS, FIRST, WARM_S, APART_S = 5, 12, 4.0, 6.0
# Questions answered between one kill and the next, however slow the machine is.
BETWEEN, PATIENCE_S = 4, 60.0


class Machine:
    """A process in a network of its own, known by its name as a container is."""

    def __init__(self, name: str, number: int, folder: Path) -> None:
        self.name, self.address = name, f"10.77.0.{number}"
        self._folder = folder / name
        self.log = folder / f"{name}.log"
        self._plug(f"v{number}")
        self._process: subprocess.Popen[bytes] | None = None

    def _plug(self, cable: str) -> None:
        for words in (
            f"netns add {self.name}",
            f"link add {cable} type veth peer name eth0 netns {self.name}",
            f"link set {cable} master bridge up",
            f"-n {self.name} addr add {self.address}/24 dev eth0",
            f"-n {self.name} link set eth0 up",
            f"-n {self.name} link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True)

    def start(self, command: list[str], **settings: str) -> None:
        """Start the process, as its container would."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        given = {"data_dir": str(self._folder), "public": "true", "owner_key": KEY} | settings
        given |= {"host": "0.0.0.0", "probe": "false", "answers_kept": "0", "threads": "1"}  # noqa: S104
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.name}", *command],
                env=kept | {f"FOOTNOTE_{name.upper()}": value for name, value in given.items()},
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until it says so."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            with contextlib.suppress(OSError):
                if call("GET", "/health/ready", address=self.address)[0] == 200:
                    return
            time.sleep(0.2)
        raise TimeoutError(self.name + self.log.read_text()[-3000:])

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def call(method: str, path: str, body: Any = None, address: str = HERE) -> tuple[int, Any]:
    """Return status and JSON (or text) of a call; to the one address, unless told otherwise."""
    connection = http.client.HTTPConnection(address, 8400, timeout=120)
    headers = {"Authorization": f"Bearer {KEY}"}
    if isinstance(body, dict):
        headers["Content-Type"], body = "application/json", json.dumps(body).encode()
    elif body is not None:
        mark, (name, text) = uuid.uuid4().hex, body
        headers["Content-Type"] = f"multipart/form-data; boundary={mark}"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = f"{head}{text}\r\n--{mark}--\r\n".encode()
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        told = response.read().decode("utf-8", "replace")
    finally:
        connection.close()
    with contextlib.suppress(ValueError):
        return response.status, json.loads(told)
    return response.status, told


class People:
    """Who asks and who uploads, all the while."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.questions = 0
        self.documents: dict[str, str] = {}
        self._over = threading.Event()

    def upload(self, number: int) -> None:
        """Send a document until it is acknowledged, as the command line does."""
        name = f"room-{number}.txt"
        text = f"Room {number} has {number + 100} seats. Teams of floor {number} meet in it."
        for _ in range(20):
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, told = call("POST", "/v1/documents", (name, text))
                if status in (200, 202):
                    self.documents[name] = told["id"]
                    return
            time.sleep(0.3)
        self.failed.append(f"{name} was not taken")

    def _upload_on(self) -> None:
        number = FIRST
        while not self._over.wait(0.5):
            self.upload(number)
            number += 1

    def _ask_on(self, asker: int) -> None:
        turn = asker
        while not self._over.is_set():
            turn += ASKERS
            self._ask(turn % FIRST)

    def _ask(self, room: int) -> None:
        question = {"question": f"How many seats does room {room} have?", "max_tokens": 24}
        began = time.monotonic()
        try:
            status, told = call("POST", "/v1/ask", question)
        except (OSError, http.client.HTTPException) as error:
            status, told = 0, repr(error)
        self.questions += 1
        if status != 200 or str(room + 100) not in told["answer"]:
            self.failed.append(f"{status} after {time.monotonic() - began:.1f} s: {told}"[:400])

    def go_on(self) -> None:
        """Wait for a while in which some more are answered."""
        asked, began = self.questions, time.monotonic()
        time.sleep(APART_S)
        while self.questions < asked + BETWEEN and time.monotonic() < began + PATIENCE_S:
            time.sleep(0.1)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Ask and upload until the block ends."""
        with ThreadPoolExecutor(ASKERS + 1) as threads:
            running = [threads.submit(self._upload_on)]
            running += [threads.submit(self._ask_on, one) for one in range(ASKERS)]
            try:
                yield
            finally:
                self._over.set()
            for one in running:
                one.result()


def wait_until_ready(documents: dict[str, str]) -> int:
    """Return how many of them are ready, when all are or two minutes have passed."""
    deadline = time.monotonic() + 120
    ready: set[str] = set()
    while len(ready) < len(documents) and time.monotonic() < deadline:
        for one in set(documents.values()) - ready:
            if call("GET", f"/v1/documents/{one}")[1]["status"] == "ready":
                ready.add(one)
        time.sleep(0.3)
    return len(ready)


def unfound(documents: dict[str, str]) -> list[str]:
    """Return which of them are not found, or whose original is not handed out."""
    missing = []
    for name, one in documents.items():
        room = name.removeprefix("room-").removesuffix(".txt")
        query = {"query": f"seats of room {room}", "limit": 10}
        found = [hit["document_name"] for hit in call("POST", "/v1/search", query)[1]["passages"]]
        status, text = call("GET", f"/v1/documents/{one}/file")
        if name not in found or status != 200 or f"Room {room} " not in text:
            missing.append(name)
    return missing


@contextlib.contextmanager
def balancer(folder: Path) -> Iterator[None]:
    """Run HAProxy by the file of the compose file; names come from a file instead of Docker."""
    text = Path("docker/haproxy.cfg").read_text(encoding="utf-8")
    config = folder / "haproxy.cfg"
    config.write_text(text.replace(" resolvers names", ""), encoding="utf-8")
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stdout=log, stderr=log)
    try:
        wait_for_port(8400, HERE)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def all_machines(folder: Path) -> Iterator[dict[str, Machine]]:
    """Build the network, and run all that stands in it."""
    names = ["api-1", "api-2", "engine-1", "engine-2", "worker-1", "worker-2", "worker-3"]
    (folder / "hosts").write_text(
        "".join(f"10.77.0.{number} {name}\n" for number, name in enumerate(names, 11))
    )
    Path("/run/netns").mkdir(exist_ok=True)
    for words in (
        "mount -t tmpfs none /run/netns",
        f"mount --bind {folder}/hosts /etc/hosts",
        "ip link set lo up",
        "ip link add bridge type bridge",
        f"ip addr add {HERE}/24 dev bridge",
        "ip link set bridge up",
    ):
        subprocess.run(words.split(), check=True)
    machines = {name: Machine(name, number, folder) for number, name in enumerate(names, 11)}
    with (
        tempfile.TemporaryDirectory(prefix="footnote-postgres-") as data,
        postgres(Path(data), HERE) as database_url,
        redis(folder, HERE) as redis_url,
        served(Bucket, HERE) as bucket_url,
    ):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE several")
        shared = {
            "database_url": database_url.replace("/postgres", "/several"),
            "redis_url": redis_url,
            "spool_url": f"s3+{bucket_url}/bucket?region=eu-1",
            "spool_key": KEY_ID,
            "spool_secret": SECRET,
        }
        try:
            start(machines, shared)
            with balancer(folder):
                yield machines
        finally:
            for machine in machines.values():
                machine.kill()


def start(machines: dict[str, Machine], shared: dict[str, str]) -> None:
    """Start all at once: the services find a database without tables."""
    engines = ",".join(f"http://engine-{one}:8400/v1" for one in (1, 2))
    writing = {"generation_key": KEY, "generation_model": "footnote-base"}
    for name, machine in machines.items():
        if name.startswith("engine"):
            machine.start(SERVICE)
        elif name.startswith("api"):
            machine.start(SERVICE, generation_url=engines, **writing, **shared)
        else:
            machine.start(WORKER, **shared)
    for name, machine in machines.items():
        if not name.startswith("worker"):
            machine.wait_until_ready()


def figures(machine: Machine, name: str) -> float:
    """Return a figure of a service's metrics, summed over its labels."""
    lines = call("GET", "/metrics", address=machine.address)[1].splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"footnote_{name}"))


def main(folder: Path) -> None:
    """Run all of it, kill one of each, and print what was seen."""
    people = People()
    with all_machines(folder) as machines:
        for number in range(FIRST):
            people.upload(number)
        wait_until_ready(people.documents)
        with people.at_work():
            time.sleep(WARM_S)
            for name in ("engine-1", "worker-1", "api-1"):
                machines[name].kill()
                people.go_on()
        ready = wait_until_ready(people.documents)
        told = {
            "failed": people.failed,
            "questions": people.questions,
            "written_by_engines": figures(machines["api-2"], "engine_remote_asked_total"),
            "engine_failures_seen": figures(machines["api-2"], "engine_remote_failed_total"),
            "documents": len(people.documents),
            "ready": ready,
            "unfound": unfound(people.documents),
        }
        for one in people.documents.values():
            call("DELETE", f"/v1/documents/{one}")
        told["left_in_the_bucket"] = len(Bucket.files)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
