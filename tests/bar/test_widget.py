"""The widget on a page of another origin: A11 of the bar, and L1 as far as it shows answers."""

import re
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import Page, expect, sync_playwright

from services.api.visitor_tokens import sharer
from tests.bar.conftest import Figure, MakeRunning, Obedient, Running, lines
from tests.bar.payloads import payloads
from tests.bar.test_access import operations
from tests.conftest import served

PAGE = "https://intranet.example"
QUESTION = "How many days of paid leave does an employee have?"
FACT = "Every employee has 23 days of paid leave a year."


def opened(make_running: MakeRunning, origin: str = PAGE, **given: Any) -> Running:
    """Return a service whose widget may stand on pages of *origin* and asks one collection."""
    running = make_running(
        **{"widget_origins": f"{origin}, https://b.example:8443", "widget_collections": "public"}
        | given
    )
    running.upload("leave.jsonl", lines(FACT), collection="public")
    running.upload("vault.jsonl", lines("The vault code is Z4711."), collection="private")
    running.ingest()
    return running


def visitor(running: Running, origin: str = PAGE) -> str:
    status, told = running.call("POST", "/v1/visitors", key="", headers={"Origin": origin})
    assert status == 201, told
    return str(told["token"])


def test_a11_only_listed_pages_and_only_questions(
    make_running: MakeRunning, figure: Figure
) -> None:
    running = opened(make_running)
    near = (
        "null",
        "",
        "http://intranet.example",
        "https://intranet.example:443x",
        "https://intranet.example:8443",
        "https://intranet.example.evil.example",
        "https://evilintranet.example",
        "https://sub.intranet.example",
        "https://INTRANET.example",
        "https://intranet.example/",
        "https://intranet.example, https://evil.example",
        "https://b.example",
        "*",
        "file://",
    )
    for origin in near:
        sent = {"Origin": origin}
        status, _, headers = running.raw("POST", "/v1/visitors", key="", headers=sent)
        assert status == 401, origin
        assert "access-control-allow-origin" not in headers, origin
        asks = sent | {"Access-Control-Request-Method": "POST"}
        status, _, headers = running.raw("OPTIONS", "/v1/ask", key="", headers=asks)
        assert status == 400, origin
        assert "access-control-allow-origin" not in headers, origin
    for origin in (PAGE, "https://b.example:8443"):
        asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        status, _, headers = running.raw("OPTIONS", "/v1/ask", key="", headers=asks)
        assert (status, headers["access-control-allow-origin"]) == (200, origin)
        assert "access-control-allow-credentials" not in headers

    token, sent = visitor(running), {"Origin": PAGE}
    assert running.call("POST", "/v1/ask", {"question": QUESTION}, token, sent)[0] == 200
    tried = 0
    for method, path in operations(running):
        if (method, path) == ("POST", "/v1/ask") or path.startswith(("/health", "/webhooks")):
            continue
        if path == "/v1/visitors":
            continue
        filled = re.sub(r"{[^}]+}", "x", path)
        status, _ = running.call(method, filled, {"query": "vault"}, token, sent)
        assert status == 403, (method, path)
        tried += 1
    figure("A11", f"{len(near)} origins: 0 let in; {tried} other routes: 0 opened to a visitor")


def test_a_visitor_reads_what_visitors_may_and_no_more(make_running: MakeRunning) -> None:
    running = opened(make_running)
    token, sent = visitor(running), {"Origin": PAGE}

    _, told = running.call("POST", "/v1/ask", {"question": "What is the vault code?"}, token, sent)
    assert "Z4711" not in str(told)
    _, told = running.call("POST", "/v1/ask", {"question": QUESTION}, token, sent)
    assert "23 days" in told["answer"]
    body = {"question": QUESTION, "collections": ["private"]}
    assert running.call("POST", "/v1/ask", body, token, sent)[0] == 404


def test_a_person_whom_the_page_knows_asks_under_their_own_permissions(
    make_running: MakeRunning,
) -> None:
    running = opened(make_running)
    running.grant("private", ("group:keepers", "ask"))
    known = {"origin": PAGE, "user": "ada", "groups": ["keepers"]}
    status, told = running.call("POST", "/v1/visitors/known", known)
    assert status == 201
    asked = {"question": "What is the vault code?"}
    _, answer = running.call("POST", "/v1/ask", asked, told["token"], {"Origin": PAGE})
    assert "Z4711" in answer["answer"]

    _, key = running.key_for("somebody", ["write"])
    assert running.call("POST", "/v1/visitors/known", known, key)[0] == 403
    elsewhere = known | {"origin": "https://evil.example"}
    assert running.call("POST", "/v1/visitors/known", elsewhere)[0] == 403


def test_visitors_of_one_address_share_a_budget_and_all_of_them_one_place(
    make_running: MakeRunning,
) -> None:
    running = opened(make_running, budget_questions="2/hour")
    asked = []
    for _ in range(4):
        headers = {"Origin": PAGE}
        body = {"question": QUESTION}
        asked.append(running.call("POST", "/v1/ask", body, visitor(running), headers)[0])
    assert asked == [200, 200, 429, 429]
    assert sharer("user:visitor:1") == sharer("user:visitor:2") != sharer("user:ada")
    status, told = running.call(
        "POST", "/v1/visitors/known", {"origin": PAGE, "user": "visitor:1", "groups": []}
    )
    assert (status, told["error"]["code"]) == (422, "invalid_request")


def test_a_token_is_of_its_page_its_time_and_this_service(make_running: MakeRunning) -> None:
    running = opened(make_running)
    token, body = visitor(running), {"question": QUESTION}
    for origin in ({"Origin": "https://b.example:8443"}, {}, {"Origin": "https://evil.example"}):
        assert running.call("POST", "/v1/ask", body, token, origin)[0] == 403
    claims = {"sub": "x", "org": PAGE, "col": ["private"], "exp": int(time.time()) + 900}
    forged = jwt.encode({"alg": "HS256"}, claims, OctKey.generate_key(256))
    unsigned = f"{token.rpartition('.')[0]}."
    derived = running.service.visitor_tokens._key
    expired = jwt.encode({"alg": "HS256"}, claims | {"exp": int(time.time()) - 1}, derived)
    endless = {name: value for name, value in claims.items() if name != "exp"}
    forever = jwt.encode({"alg": "HS256"}, endless, derived)
    for bad in (f"fnv-{forged}", unsigned, f"fnv-{expired}", f"fnv-{forever}", "fnv-", "fnv-a.b.c"):
        assert running.call("POST", "/v1/ask", body, bad, {"Origin": PAGE})[0] == 401, bad


def test_without_a_list_there_is_no_widget(make_running: MakeRunning) -> None:
    running = make_running()

    assert running.call("POST", "/v1/visitors", key="", headers={"Origin": PAGE})[0] == 401
    status, _, headers = running.raw("GET", "/widget.js", key="")
    assert (status, headers["cross-origin-resource-policy"]) == (200, "cross-origin")


# In a browser, on a page of another origin with a policy of its own.


class HostPage(BaseHTTPRequestHandler):
    """Somebody else's page, which lets the service's script in and nothing inline."""

    service = ""
    attributes = ""

    def do_GET(self) -> None:
        """Return the page."""
        script = f'<script src="{self.service}/widget.js" {self.attributes} defer></script>'
        html = f"<!doctype html><html lang=en><title>Host</title><h1>Intranet</h1>{script}</html>"
        policy = f"default-src 'none'; script-src {self.service}; connect-src {self.service}"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(html.encode())

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


OpenPage = Callable[..., tuple[Page, list[str], Running]]


@pytest.fixture
def host_page(make_running: MakeRunning) -> Iterator[OpenPage]:
    """Return what opens the host page; it returns the page, what it fetched, the service."""
    with served(HostPage) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )

        def open_page(
            generator: Any = None, attributes: str = ""
        ) -> tuple[Page, list[str], Running]:
            running = make_running(generator, widget_origins=url, widget_collections="public")
            running.upload("leave.jsonl", lines(FACT), collection="public")
            running.ingest()
            HostPage.service, HostPage.attributes = running.url, attributes
            page = browser.new_context(locale="en-US").new_page()
            fetched: list[str] = []
            page.on("request", lambda request: fetched.append(request.url))
            page.goto(url)
            return page, fetched, running

        yield open_page
        browser.close()


def test_the_widget_answers_on_a_page_of_another_origin(host_page: OpenPage) -> None:
    page, fetched, running = host_page()
    page.get_by_role("button", name="Open the chat").click()
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    mark = page.get_by_role("button", name="Source 1")
    expect(mark).to_be_visible(timeout=20_000)
    mark.click()
    expect(page.locator("footnote-chat .source")).to_contain_text(FACT)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open the chat")).to_be_focused()

    assert all(url.startswith((running.url, page.url)) for url in fetched)


def test_an_answer_that_breaks_off_is_no_answer(host_page: OpenPage) -> None:
    page, _, _ = host_page()
    event = 'event: delta\ndata: {"text": "Employees have 99 days of le"}\n\n'
    headers = {"content-type": "text/event-stream", "access-control-allow-origin": "*"}
    page.route("**/v1/ask", lambda route: route.fulfill(body=event, headers=headers))
    page.get_by_role("button", name="Open the chat").click()
    page.get_by_role("textbox", name="Your question").fill(QUESTION)
    page.keyboard.press("Enter")

    expect(page.locator("footnote-chat .talk")).to_contain_text("the answer broke off")
    assert "99 days" not in page.locator("footnote-chat .talk").inner_text()
    expect(page.get_by_role("textbox", name="Your question")).to_have_value(QUESTION)


def test_the_widget_speaks_chinese_and_goes_dark(host_page: OpenPage) -> None:
    page, _, _ = host_page(attributes='data-language="zh" data-theme="dark"')
    page.get_by_role("button", name="打开对话").click()

    expect(page.get_by_role("dialog", name="向文档提问")).to_be_visible()
    assert page.locator("footnote-chat").get_attribute("theme") == "dark"


def test_l1_nothing_in_the_widget_fetches(host_page: OpenPage) -> None:
    page, fetched, running = host_page(Obedient())
    texts = payloads()[:20]
    for number, payload in enumerate(texts):
        text = f"Marker zq{number}p says that the price is {payload} and more about it."
        running.upload(f"p{number}.txt", text.encode(), collection="public")
    running.ingest()
    page.get_by_role("button", name="Open the chat").click()
    for number in range(len(texts)):
        question = f"What does marker zq{number}p say about the price?"
        page.get_by_role("textbox", name="Your question").fill(question)
        page.keyboard.press("Enter")
        expect(page.locator("footnote-chat .told.writing")).to_have_count(0, timeout=20_000)
    page.wait_for_timeout(300)

    assert page.locator("footnote-chat .talk").inner_text().count("evil.example") > 10
    assert page.locator("footnote-chat a, footnote-chat img, footnote-chat svg").count() == 0
    assert not [url for url in fetched if not url.startswith((running.url, page.url))]
