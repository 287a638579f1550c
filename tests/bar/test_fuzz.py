"""Files broken at random, through the real reading children; requests of every shape, through the
API: U2 and A14 of the bar.
"""

import io
import itertools
import os
import random
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks as openapi_checks

from ingest.reading.children import ReadingChildren
from ingest.reading.wire import Request
from services.domain.documents import Reading
from services.domain.errors import HouseError, UnsupportedTypeError
from services.domain.media import kind_of
from tests.bar.conftest import Figure, MakeRunning, lines

pytestmark = pytest.mark.beyond

SCALE = int(os.environ.get("BAR_SCALE", "1"))
HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
_LIGHT, _OFFICE = 4, 1
_WALL_S = 30.0


def test_u2_broken_files_break_nothing(tmp_path: Path, figure: Figure) -> None:
    chance = random.Random(21)
    broken = []
    for seed in sorted(HANDBOOK.iterdir()):
        count = SCALE * (_LIGHT if seed.suffix == ".pdf" else _OFFICE) * 3
        for number in range(count):
            path = tmp_path / f"{number}-{seed.name}"
            path.write_bytes(_mutated(seed.read_bytes(), chance))
            broken.append(path)
    children = ReadingChildren(silence_s=_WALL_S)
    try:
        with ThreadPoolExecutor(2) as pool:
            ends = list(pool.map(lambda path: _read(children, path), broken))
        nurseries = children._nurseries.values()
        left = [one for nursery in nurseries for one in nursery.folder.iterdir()]
        zombies = _zombies()
    finally:
        children.close()
    slowest = max(seconds for _, seconds in ends)
    outcomes = [what for what, _ in ends]
    assert set(outcomes) <= {"read", "refused"}
    assert slowest < _WALL_S + 5
    assert left == []
    assert zombies == []
    figure(
        "U2",
        f"{len(broken)} mutated files: {outcomes.count('read')} read, "
        f"{outcomes.count('refused')} refused with a reason, the slowest {slowest:.1f} s; "
        "0 crashes, 0 left over",
    )


def _zombies() -> list[str]:
    """Return the processes under this one's nurseries that have ended and were not seen to."""
    me = str(os.getpid())
    states = [
        one.read_text().rpartition(")")[2].split() for one in Path("/proc").glob("[0-9]*/stat")
    ]
    return [state[0] for state in states if state[0] == "Z" and state[1] == me]


def _read(children: ReadingChildren, path: Path) -> tuple[str, float]:
    began = time.monotonic()
    try:
        with path.open("rb") as file:
            kind = kind_of(path.name, file)
        request = Request(path.name, kind.format, 100, 10_000_000, 2048, 60)
        found = children.read(path, request, lambda _done, _total: None)
        assert isinstance(found, Reading)
    except HouseError as error:
        return ("refused" if str(error) else "no reason"), time.monotonic() - began
    return "read", time.monotonic() - began


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """Return *data* with some of it changed; inside a zip, or the file as it lies."""
    if zipfile.is_zipfile(io.BytesIO(data)) and chance.random() < 0.7:
        return _mutated_inside(data, chance)
    broken = bytearray(data)
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(broken))
        match chance.randrange(4):
            case 0:
                broken[at] ^= 1 << chance.randrange(8)
            case 1:
                del broken[at : at + chance.randrange(1, 400)]
            case 2:
                broken[at:at] = broken[at : at + chance.randrange(1, 400)]
            case _:
                broken[at : at + 4] = chance.randbytes(4)
        broken = broken or bytearray(b"x")
    return bytes(broken)


def _mutated_inside(data: bytes, chance: random.Random) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        struck = set(chance.sample(names, min(2, len(names))))
        for name in names:
            content = old.read(name)
            if name in struck and content:
                content = _mutated(content, chance)
            new.writestr(name, content)
    return made.getvalue()


@settings(max_examples=300 * SCALE, deadline=None)
@given(
    name=st.text(max_size=40),
    suffix=st.sampled_from([".pdf", ".docx", ".xlsx", ".epub", ".md", ".eml", ".jsonl", ""]),
    head=st.sampled_from([b"", b"%PDF-1.4", b"PK\x03\x04", b"{\\rtf", b"\xd0\xcf\x11\xe0"]),
    body=st.binary(max_size=300),
)
def test_u2_whatever_comes_has_a_kind_or_is_refused(
    name: str, suffix: str, head: bytes, body: bytes
) -> None:
    try:
        kind = kind_of(name + suffix, io.BytesIO(head + body))
    except UnsupportedTypeError:
        return
    assert kind.format


def test_a14_no_request_makes_an_error_or_an_undocumented_reply(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = make_running(deadline_s=5)
    running.upload("rooms.jsonl", lines(*[f"Room {n} has marker zq{n}x." for n in range(20)]))
    running.ingest()
    headers = {"Authorization": f"Bearer {running.key}"}
    schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json", headers=headers)
    counted = itertools.count()
    operations = set()
    faults: list[str] = []
    wanted = [
        openapi_checks.status_code_conformance,
        openapi_checks.response_schema_conformance,
        openapi_checks.content_type_conformance,
        openapi_checks.ignored_auth,
    ]

    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]

        @settings(
            max_examples=5 * SCALE,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def tried(case: schemathesis.Case[Any]) -> None:
            next(counted)
            operations.add((case.method, case.path))
            response = case.call(headers=headers, timeout=20)
            # Over a deadline, draining and a full disk are told as what they are (5xx).
            assert response.status_code != 500, response.content
            case.validate_response(response, checks=wanted, headers=headers)

        try:
            tried()
        except Exception as error:  # noqa: BLE001 - every fault is told at the end
            faults.append(f"{operation.label}: {error!r}"[:3000])
    if faults:
        pytest.fail("\n".join(faults))
    figure(
        "A14",
        f"{next(counted)} requests from the schema over {len(operations)} operations: "
        "0 server errors, 0 undocumented replies, 0 without a key",
    )
