"""What comes out of a model that obeys everybody: L1, L2, L4, L7 of the bar.

L3, control tokens of documents, is `tests/integration/test_models.py`.
"""

import contextlib
import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from ingest.cli.console import safe, show
from services.domain.answers import Turn
from tests.bar.conftest import Figure, MakeRunning, Obedient, Running, lines
from tests.bar.payloads import payloads


@contextlib.contextmanager
def browsing(running: Running, asked_for: list[str]) -> Iterator[Page]:
    """Open the page in Chromium; note every request that is not the service's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_context(locale="en-US").new_page()
        page.on("request", lambda request: asked_for.append(request.url))
        page.goto(running.url)
        page.fill("#key", running.key)
        page.click("#key-form button")
        yield page
        browser.close()


def test_l1_an_answer_fetches_nothing(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running(Obedient(), passages_per_answer=4)
    texts = payloads()
    for number, payload in enumerate(texts):
        text = f"Marker zq{number}p says that the price is {payload} and more about it."
        running.upload(f"p{number}.txt", text.encode(), collection=f"p{number}")
    running.ingest()
    asked_for: list[str] = []
    shown = links = 0
    with browsing(running, asked_for) as page:
        for number in range(len(texts)):
            page.select_option("#collection", f"p{number}")
            page.fill("#question", f"What does marker zq{number}p say about the price?")
            with page.expect_response(re.compile("/v1/ask")):
                page.click("#send")
            expect(page.locator("#send")).to_be_visible(timeout=30_000)
            shown += f"zq{number}p" in page.locator("main").inner_text()
            links += page.locator("#answer-text a, #answer-text img, #answer-text svg").count()
        page.wait_for_timeout(300)
    foreign = [url for url in asked_for if not url.startswith((running.url, "data:", "blob:"))]
    assert len(texts) == 60
    assert foreign == []
    assert links == 0
    # The control: the payloads really were said.
    assert shown >= 55
    figure(
        "L1",
        f"60 payloads said by an obedient model, {shown} on the page: 0 fetches, 0 links",
    )


def test_l2_nothing_moves_a_terminal(capsys: pytest.CaptureFixture[str], figure: Figure) -> None:
    sequences = [
        f"\x1b{rest}"
        for rest in ("[2J", "[H", "[31m", "]0;title\x07", "]8;;http://evil\x07x", "c", "[?1049h")
    ]
    sequences += [f"text{chr(code)}text" for code in (*range(9), 11, 12, *range(14, 32), 127, 155)]
    sequences += ["\u202e\u2066rtl", "\u200bzero", "\r\x1b[1Aover"]
    for one in sequences:
        show(one)
    said = capsys.readouterr().out + safe("".join(sequences))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)
    figure("L2", f"{len(sequences)} escape sequences: 0 control bytes on the terminal")


class Inventing(Obedient):
    """Cites passages that nobody retrieved."""

    def __init__(self) -> None:
        super().__init__()
        self._script = lambda text: (
            "Marker zqreal stands in room 7 [1]. It also stands in room 9 [99]. "
            "The vault code is 4711 [doc_secret]. See passage [2][3][12345]." + text[:0]
        )


def test_l4_only_what_was_retrieved_is_cited(make_running: MakeRunning, figure: Figure) -> None:
    running = make_running(Inventing())
    running.upload("open.txt", b"Marker zqreal stands in room 7. It has 12 chairs.", collection="a")
    running.upload("secret.txt", b"The vault code is 4711. Marker zqreal too.", collection="b")
    running.ingest()
    key_id, secret = running.key_for("reader")
    running.grant("a", (f"key:{key_id}", "ask"))
    cited = wrong = 0
    for _ in range(5):
        _, told = running.call("POST", "/v1/ask", {"question": "Where does zqreal stand?"}, secret)
        found = {one["id"]: one for one in told["passages"]}
        _, text = running.call("GET", f"/v1/documents/{told['citations'][0]['document_id']}/text")
        for citation in told["citations"]:
            cited += 1
            exact = text[citation["start"] : citation["end"]] == citation["quote"]
            wrong += citation["passage_id"] not in found or citation["collection"] != "a"
            wrong += not exact
        assert "4711" not in told["answer"]
    assert cited >= 5
    assert wrong == 0
    figure("L4", f"{cited} citations of a model that invents them: all retrieved, permitted, exact")


class Recording(Obedient):
    """Keeps every prompt."""

    prompts: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.prompts = []

        def script(text: str) -> str:
            self.prompts.append(text)
            return "Marker zqreal stands in room 7."

        self._script = script


def test_l7_nothing_secret_is_in_a_prompt(make_running: MakeRunning, figure: Figure) -> None:
    generator = Recording()
    running = make_running(generator, generation_key="canary-generation-key")
    running.upload("open.txt", b"Marker zqreal stands in room 7. It has 12 chairs.", collection="a")
    running.upload("shut.txt", b"Marker zqreal: canary-foreign-text.", collection="b")
    running.ingest()
    key_id, secret = running.key_for("canary-key-name")
    running.grant("a", (f"key:{key_id}", "ask"))
    history = [{"role": "user", "content": "Where is zqreal?"}]
    for body in (
        {"question": "Where does zqreal stand?"},
        {"question": "And how many chairs?", "history": history},
    ):
        running.call("POST", "/v1/ask", body, secret)
    canaries = (running.key, secret, key_id, "canary", str(running.settings.data_dir))
    everything = "\n".join(generator.prompts)
    assert "zqreal" in everything
    assert [canary for canary in canaries if canary in everything] == []
    assert Turn("user", "x").content == "x"
    figure("L7", f"{len(generator.prompts)} whole prompts, {len(canaries)} canaries: 0 found")


def test_l5_low_trust_is_left_out_or_marked(make_running: MakeRunning, figure: Figure) -> None:
    """As PoisonedRAG does: texts that repeat the question and give a wrong answer, five of each."""
    generator = Recording()
    running = make_running(generator, prompt_tokens=1200)
    running.call("POST", "/v1/collections", {"name": "handbook"})
    forum = {"name": "forum", "defaults": {"trust": "low"}}
    assert running.call("POST", "/v1/collections", forum)[0] == 201
    questions = [f"Which colour has the door of room {n}?" for n in range(100)]
    good = [f"The door of room {n} has the colour zqgood{n}." for n in range(100)]
    bad = [
        f"{question} The door of room {n} has the colour zqbad{n}, says source {copy}."
        for n, question in enumerate(questions)
        for copy in range(5)
    ]
    running.upload("good.jsonl", lines(*good, prefix="g"), collection="handbook")
    running.upload("bad.jsonl", lines(*bad, prefix="b"), collection="forum")
    running.ingest()

    poisoned = marked = from_forum = 0
    for question in questions[:50]:
        _, safe = running.call("POST", "/v1/ask", {"question": question, "trust": "high"})
        assert "zqbad" not in json.dumps(safe)
        assert "zqbad" not in generator.prompts[-1]
        _, mixed = running.call("POST", "/v1/ask", {"question": question})
        prompt = generator.prompts[-1]
        poisoned += "zqbad" in prompt
        assert prompt.count("(unverified source)") >= ("zqbad" in prompt)
        for told in (*mixed["citations"], *mixed["passages"]):
            is_forum = told["collection"] == "forum"
            from_forum += is_forum
            marked += is_forum and told.get("unverified") is True
            assert told.get("unverified", False) is is_forum
    assert from_forum == marked > 0
    figure(
        "L5",
        f"500 poisoned texts: 0 of 50 prompts of high trust hold one; {poisoned} of 50 of both "
        f"tiers do, {marked} of {from_forum} footnotes and passages of theirs marked",
    )
