"""What stays the same in a changed document is not embedded again."""

import pytest

from tests.bar.conftest import MakeRunning, Running

pytestmark = pytest.mark.beyond


def chapter(number: int, days: int) -> str:
    filler = f"The people of team {number} meet in room {number} and drink tea there. " * 12
    return f"# Team {number}\n\nTeam {number} has {days} days of leave. {filler}\n\n"


def embedded(running: Running, text: str, **fields: str) -> int:
    """Upload a version of the handbook; return how many passages were embedded."""
    before = running.embedder.calls
    status, told = running.upload("teams.md", text.encode(), **fields)
    assert status == 202, told
    running.ingest()
    return int(running.embedder.calls - before)


def test_only_changed_passages_are_embedded_again(make_running: MakeRunning) -> None:
    running = make_running()
    first = embedded(running, "".join(chapter(n, 20) for n in range(12)), source_id="teams")
    changed = "".join(chapter(n, 31 if n == 7 else 20) for n in range(12))
    again = embedded(running, changed, source_id="teams")
    elsewhere = embedded(running, f"{changed}# End\n", source_id="another", collection="b")

    assert (first, again, elsewhere) == (first, 1, first)
    assert first >= 12
    body = {"query": "How many days of leave has team 7?", "collections": ["default"], "limit": 12}
    _, found = running.call("POST", "/v1/search", body)
    told = {
        days for one in found["passages"] for days in ("20", "31") if f"{days} days" in one["text"]
    }
    assert told == {"20", "31"}
    assert len(found["passages"]) == 12
    assert all(one["scores"]["dense"] > 0 for one in found["passages"])
