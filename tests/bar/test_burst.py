"""O1 and O9 over real processes and the real model: `footnote serve`, and 200 who ask at once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bar.conftest import Figure
from tests.e2e.conftest import Service

pytestmark = pytest.mark.beyond

_QUESTION = {"question": "Which marker does room 3 have?", "max_tokens": 32}
_WORKERS, _QUEUE = 2, 16


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    places = {"questions_running": str(_WORKERS), "questions_waiting": str(_QUEUE)}
    started = Service(tmp_path / "data", **places).start()
    yield started
    started.stop()


@pytest.mark.alone
def test_o1_o9_the_real_service_refuses_a_burst(service: Service, figure: Figure) -> None:
    rooms = "\n\n".join(f"Room {n} has marker zq{n:03d}x." for n in range(40))
    _, told = service.upload("rooms.md", f"# Rooms\n\n{rooms}".encode())
    path = f"/v1/documents/{told['id']}"
    service.wait(lambda: service.call("GET", path)[1]["status"] == "ready", 60)
    assert service.call("POST", "/v1/ask", _QUESTION)[0] == 200

    script = Path(__file__).with_name("burst.py")
    given = [str(service.port), service.key, json.dumps(_QUESTION), "200"]
    done = subprocess.run(
        [sys.executable, str(script), *given], check=True, capture_output=True, timeout=300
    )

    heard = json.loads(done.stdout)
    refused = sorted(took for status, took, _ in heard["answers"] if status in {429, 503})
    answered = [took for status, took, _ in heard["answers"] if status == 200]
    assert len(answered) + len(refused) == 200
    # A place that becomes free meanwhile is given to one more.
    assert _WORKERS + _QUEUE <= len(answered) <= 2 * (_WORKERS + _QUEUE)
    assert all(told.isdigit() for status, _, told in heard["answers"] if status != 200)
    p99 = refused[int(len(refused) * 0.99)] * 1000
    figure(
        "O1", f"real service: {len(answered)} answered, {len(refused)} refused, p99 {p99:.0f} ms"
    )
    polls = sorted(heard["polls"])
    figure("O9", f"real service: p99 {polls[int(len(polls) * 0.99)] * 1000:.0f} ms")
