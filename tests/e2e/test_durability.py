"""What a crash may not cost, and what a second service may not do."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def test_a_hundred_documents_survive_a_kill_in_the_middle(make_service: Any) -> None:
    running = make_service().start()
    names = [f"room{i}.txt" for i in range(100)]
    for i, name in enumerate(names):
        status, _ = running.upload(
            name, f"Room {i} has marker zq{i:03d}x.".encode(), source_id=name
        )
        assert status == 202
    running.kill()

    again = make_service()
    again.key = running.key
    again.environment |= {"FOOTNOTE_OWNER_KEY": running.key, "FOOTNOTE_KEY": running.key}
    again.start()
    again.wait_until_rested()

    assert again.counts()["ready"] == 100
    _, listed = again.call("GET", "/v1/documents?limit=200")
    assert sorted(one["source_id"] for one in listed["documents"]) == sorted(names)
    again.wait(
        lambda: (
            "room42.txt"
            in str(again.call("POST", "/v1/search", {"query": "zq042x", "limit": 1})[1])
        ),
        10,
    )
    assert again.stop() == 0
    verified = json.loads(again.run("verify", "--json").stdout)
    assert verified["faults"] == []
    assert verified["counts"]["documents_ready"] == 100


def test_a_second_service_on_the_folder_is_refused_with_the_holder(
    make_service: Any,
) -> None:
    running = make_service().start()
    second = make_service()

    done = subprocess.run(
        [str(Path(sys.executable).with_name("footnote")), "serve"],
        env=second.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert str(running.process.pid) in done.stderr
    assert running.stop() == 0


def test_jobs_go_through_redis_where_it_is_set(make_service: Any, redis_url: str) -> None:
    running = make_service()
    running.environment["FOOTNOTE_REDIS_URL"] = redis_url
    running.start()
    for i in range(5):
        running.upload(f"{i}.txt", f"Redis carries job {i}.".encode())

    running.wait_until_rested(timeout_s=60)

    assert running.counts()["ready"] == 5
    assert "redis        it answers" in running.run("doctor").stdout
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("FROBNICATE", "1"), ("PORT", "99999"), ("HOST", "0.0.0.0")],  # noqa: S104
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(
    make_service: Any, name: str, value: str
) -> None:
    bad = make_service()
    bad.environment[f"FOOTNOTE_{name}"] = value

    done = bad.run("serve")

    assert done.returncode == 1
    assert f"FOOTNOTE_{name}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
