"""The page in a real browser: ask, follow a footnote, add a file; nothing foreign is fetched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect, sync_playwright

LEAVE = "# Leave\n\nEvery employee has 27 days of paid leave a year. Unused days expire in March.\n"


@pytest.fixture
def page(service: Any) -> Iterator[Page]:
    """Return the page with the owner's key entered; requests to other hosts fail the test."""
    foreign: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        opened = browser.new_context(locale="en-US").new_page()

        def look(request: Request) -> None:
            if not request.url.startswith((service.url, "data:", "blob:")):
                foreign.append(request.url)

        opened.on("request", look)
        opened.goto(service.url)
        opened.fill("#key", service.key)
        opened.click("#key-form button")
        yield opened
        browser.close()
    assert foreign == []


def test_a_question_is_answered_and_its_footnote_leads_to_the_place(
    service: Any, page: Page
) -> None:
    service.upload("leave.md", LEAVE.encode(), collection="page")
    service.wait_until_rested("page")
    page.reload()
    page.fill("#question", "How many days of paid leave does an employee have?")
    page.select_option("#collection", "page")

    page.click("#question-form button")

    expect(page.locator("#answer-text")).to_contain_text("27 days", timeout=60_000)
    page.locator("#footnotes button").first.click()
    expect(page.locator("#source mark")).to_contain_text("27 days of paid leave")
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()


def test_text_from_a_document_is_never_markup(service: Any, page: Page) -> None:
    evil = "<img src=x onerror=document.title='hacked'> The boiling point of zorgon is 41 degrees."
    service.upload("evil.txt", evil.encode(), collection="evil")
    service.wait_until_rested("evil")
    page.reload()
    page.fill("#question", "What is the boiling point of zorgon?")
    page.select_option("#collection", "evil")

    page.click("#question-form button")

    expect(page.locator("#answer-text")).to_contain_text("41 degrees", timeout=60_000)
    assert page.locator("#answer img").count() == 0
    assert page.title() == "Footnote"


def test_a_file_is_added_with_its_grade_and_a_bad_one_with_its_reason(
    page: Page, tmp_path: Path
) -> None:
    (tmp_path / "tea.md").write_text("# Tea\n\nTea is served at four.\n")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 broken")

    page.click("#show-documents")
    page.set_input_files("#files", [str(tmp_path / "tea.md"), str(tmp_path / "bad.pdf")])

    rows = page.locator("#document-rows")
    expect(rows).to_contain_text("tea.md", timeout=30_000)
    expect(rows).to_contain_text("It is corrupt", timeout=30_000)


def test_the_page_speaks_chinese(page: Page) -> None:
    page.click("#change-language")

    expect(page.locator("#question-form button")).to_have_text("提问")
    assert page.evaluate("document.documentElement.lang") == "zh"
