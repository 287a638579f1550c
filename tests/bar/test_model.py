"""A registry and its indexes against a dictionary, step by step: D8 of the bar."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.bar.conftest import Figure, Running

SCALE = int(os.environ.get("BAR_SCALE", "1"))
KEY = "fn-bar-owner-key-of-the-model-test"
NAMES = st.sampled_from([f"d{number}" for number in range(6)])
COLLECTIONS = st.sampled_from(["one", "two"])
VERSIONS = st.integers(0, 4)


class Against(RuleBasedStateMachine):
    """Every step is taken by the service and by `model`: (collection, name) to its text."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="footnote-bar-"))
        self.model: dict[tuple[str, str], str] = {}
        self.granted: set[str] = set()
        self.running = Running(self.folder / "data", owner_key=KEY).start()
        for name in ("one", "two"):
            self.running.call("POST", "/v1/collections", {"name": name})
        self.reader_id, self.reader = self.running.key_for("reader")

    @rule(collection=COLLECTIONS, name=NAMES, version=VERSIONS)
    def put(self, collection: str, name: str, version: int) -> None:
        """Upload; the same source with other bytes replaces, with the same changes nothing."""
        text = f"marker zq{collection}{name}v{version}x of {name}"
        status, _ = self.running.upload(
            f"{name}.txt", text.encode(), source_id=name, collection=collection
        )
        same = self.model.get((collection, name)) == text
        assert status == (200 if same else 202)
        self.running.ingest()
        self.model[collection, name] = text

    @rule(collection=COLLECTIONS, name=NAMES)
    def delete(self, collection: str, name: str) -> None:
        """Delete, if it is there."""
        path = f"/v1/documents?collection={collection}&source_id={name}"
        _, listed = self.running.call("GET", path)
        assert len(listed["documents"]) == ((collection, name) in self.model)
        for document in listed["documents"]:
            assert self.running.call("DELETE", f"/v1/documents/{document['id']}")[0] == 200
        self.model.pop((collection, name), None)

    @rule(collection=COLLECTIONS)
    def grant(self, collection: str) -> None:
        """Let the reader ask, or no longer."""
        self.granted ^= {collection}
        held = [(f"key:{self.reader_id}", "ask")] if collection in self.granted else []
        self.running.grant(collection, *held)

    @rule(publishes=st.booleans())
    def reopen(self, publishes: bool) -> None:
        """End the service and start it again, with or without a fresh generation."""
        if publishes:
            self.running.house.follower.clean()
        self.running.stop()
        self.running = Running(self.folder / "data", owner_key=KEY).start()

    @rule(collection=COLLECTIONS, name=NAMES, version=VERSIONS)
    def look(self, collection: str, name: str, version: int) -> None:
        """Search for one text as owner and as reader."""
        text = f"zq{collection}{name}v{version}x"
        for key, allowed in ((KEY, {"one", "two"}), (self.reader, self.granted)):
            body = {"query": text, "limit": 20}
            status, told = self.running.call("POST", "/v1/search", body, key)
            assert status == 200
            found = {one["collection"] for one in told["passages"] if text in one["text"]}
            there = text in self.model.get((collection, name), "") and collection in allowed
            assert found == ({collection} if there else set())

    @invariant()
    def lists_agree(self) -> None:
        """What is listed is what the model holds, all of it ready."""
        _, listed = self.running.call("GET", "/v1/documents?limit=200")
        held = {(one["collection"], one["source_id"]) for one in listed["documents"]}
        assert held == set(self.model)
        assert {one["status"] for one in listed["documents"]} <= {"ready"}

    def teardown(self) -> None:
        """End the service."""
        self.running.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_d8_the_service_does_what_a_dictionary_does(figure: Figure) -> None:
    runs, steps = 4 * SCALE, 20
    run_state_machine_as_test(
        Against,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    figure("D8", f"{runs} runs of {steps} steps against a dictionary: 0 divergences")
