"""Another embedding model: embedded beside the first, previewed, judged, switched to, and back."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.engine.catalogue import find_model, model_path
from tests.e2e.conftest import FOOTNOTE, Service
from tests.ports import free_port

FIRST = "all-minilm-l6-v2"
MARKED = "The heron terrace opens at seven."
TEXTS = {
    "leave": "Every employee has 23 days of paid leave a year.",
    "rent": "The rent of the office is 4,200 euros a month.",
}
QUESTIONS = [
    {"text": "How many days of paid leave are there?", "answers": ["23"], "relevant": ["leave"]},
    {"text": "What does the office cost?", "answers": ["4,200 euros"], "relevant": ["rent"]},
]


def test_from_one_embedding_model_to_another_and_back(
    make_service: Callable[..., Service], tmp_path: Path
) -> None:
    second = tmp_path / "second-minilm"
    second.symlink_to(model_path(find_model(FIRST, "embedding"), tmp_path))
    service = make_service().start()
    for name, text in TEXTS.items():
        service.upload(f"{name}.txt", text.encode(), source_id=name)
    service.wait_until_rested()

    first = service.run("reembed", str(second), "--json")
    assert json.loads(first.stdout)["vectors"] == {FIRST: 2, "second-minilm": 2}, first.stderr
    service.upload("heron.txt", MARKED.encode(), source_id="heron")
    service.wait_until_rested()
    preview_and_judge(service, second, tmp_path)

    assert service.stop() == 0
    switched = make_service(embedding_model=str(second)).start()
    assert nearness(switched, "leave") > 0
    assert "without a vector" not in switched.run("doctor").stdout
    kept = switched.run("reembed", str(second), "--forget")
    assert "is the embedding model that is set" in kept.stderr
    assert switched.stop() == 0
    back = make_service().start()
    assert nearness(back, "leave") > 0
    forgotten = back.run("reembed", "second-minilm", "--forget", "--json")
    assert json.loads(forgotten.stdout)["vectors"] == {FIRST: 2}


def preview_and_judge(service: Service, second: Path, tmp_path: Path) -> None:
    with previewed(service, second) as other:
        assert nearness(other, "leave") > 0
        # What came since is found by its words until it is embedded, too.
        assert nearness(other, "heron") == 0
        assert json.loads(service.run("reembed", str(second), "--json").stdout)["embedded"] == 1
        service.wait(lambda: nearness(other, "heron") > 0, 20)
        judged_alike(service, other, tmp_path)
        refused = service.run("preview", str(second), "--port", str(other.port + 1))
        assert "preview runs" in refused.stderr
        # A deletion reaches both.
        service.run("remove", *ids(service, "heron"))
        service.wait(lambda: not found(other, "heron"), 20)
    assert not (service.folder / "preview").exists()


@contextmanager
def previewed(service: Service, model: Path) -> Iterator[Service]:
    """Run `footnote preview`, and end it as an administrator would."""
    other = Service(service.folder)
    other.port = free_port()
    other.key, other.environment = service.key, {**service.environment}
    other.environment["FOOTNOTE_URL"] = f"http://127.0.0.1:{other.port}"
    command = (str(FOOTNOTE), "preview", str(model), "--port", str(other.port))
    other.start(command)
    try:
        yield other
    finally:
        assert other.process is not None
        other.process.terminate()
        try:
            assert other.process.wait(40) == 0
        finally:
            other.process.kill()
            other.process.wait()


def judged_alike(service: Service, other: Service, tmp_path: Path) -> None:
    """Ask both the same questions: the other model may not be worse."""
    questions, before = tmp_path / "questions.jsonl", tmp_path / "before.json"
    rows = [{"id": str(i), **question} for i, question in enumerate(QUESTIONS)]
    questions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    asked = ("eval", str(questions), "--collection", "default")
    stored = service.run(*asked, "--json")
    assert stored.returncode == 0, stored.stderr
    before.write_text(stored.stdout, encoding="utf-8")
    judged = other.run(*asked, "--compare", str(before), "--gate")
    assert judged.returncode == 0, judged.stderr


def search(service: Service, source: str) -> list[dict[str, Any]]:
    text = TEXTS.get(source, MARKED)
    status, told = service.call("POST", "/v1/search", {"query": text, "limit": 3})
    assert status == 200, told
    return [one for one in told["passages"] if one["source_id"] == source]


def found(service: Service, source: str) -> bool:
    return bool(search(service, source))


def nearness(service: Service, source: str) -> float:
    """Return how near a document's passage is to its own text, by the embedding model."""
    time.sleep(0.05)
    return float(search(service, source)[0]["scores"]["dense"])


def ids(service: Service, source: str) -> list[str]:
    listed = service.call("GET", f"/v1/documents?source_id={source}")[1]["documents"]
    return [one["id"] for one in listed]
