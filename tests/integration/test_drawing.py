"""Pages of PDFs as pictures, drawn by the real child in its sandbox."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from services.api.page_drawing import drawn_page
from services.domain.errors import UnreadableError
from tests.bar.bombs import _pdf_bomb, _pdf_loop

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
MEMORY_MB = 2048


def test_a_quote_is_found_over_two_lines() -> None:
    quote = "After four weeks you present what you have learned to your team"

    told = drawn_page(HANDBOOK / "first-weeks.pdf", 2, quote, MEMORY_MB)

    assert base64.b64decode(told["image"]).startswith(b"\x89PNG")
    assert (told["page"], told["pages"]) == (2, 2)
    first, second = told["boxes"]
    assert first[0] > 0.4  # it begins in the middle of a line
    assert second[0] < 0.2
    assert first[3] <= second[1] + 0.01
    assert all(0 <= share <= 1 for box in told["boxes"] for share in box)


def test_of_the_same_words_those_are_marked_that_are_meant(tmp_path: Path) -> None:
    path = tmp_path / "twice.pdf"
    canvas = Canvas(str(path), pagesize=(600, 800))
    lines = (
        "Contract Acme",
        "The retainer is 900 euros.",
        "Contract Bolt",
        "The retainer is 900 euros.",
    )
    for y, line in zip((700, 680, 400, 380), lines, strict=True):
        canvas.drawString(50, y, line)
    canvas.save()

    first = drawn_page(path, 1, lines[1], MEMORY_MB, lines[0])
    second = drawn_page(path, 1, lines[3], MEMORY_MB, "\n".join(lines[:3]))

    assert [len(told["boxes"]) for told in (first, second)] == [1, 1]
    assert first["boxes"][0][1] < 0.2
    assert second["boxes"][0][1] > 0.4


def test_chinese_whose_font_is_not_in_the_file_is_told_as_text() -> None:
    told = drawn_page(HANDBOOK / "入职指南.pdf", 2, "试用期为六个月。", MEMORY_MB)

    assert len(told["boxes"]) == 1
    lacking = [line["text"] for line in told["lines"] if line["lacks_font"]]
    assert any("试用期为六个月。" in text for text in lacking)


def test_rows_of_a_table_are_found_though_its_names_stand_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "table.pdf"
    canvas = Canvas(str(path), pagesize=(600, 800))
    lines = (["", "Paid", "Paid"], ["", "in May", "in June"], ["Rent", "1,200", "1,250"])
    for y, cells in zip((700, 688, 670), lines, strict=True):
        for x, cell in zip((50, 300, 400), cells, strict=True):
            canvas.drawString(x, y, cell)
    canvas.save()

    quote = "| Paid in May | Paid in June\nRent | 1,200 | 1,250"
    told = drawn_page(path, 1, quote, MEMORY_MB)

    ((left, top, right, bottom),) = told["boxes"]
    assert left < 0.1
    assert right > 0.7
    assert 0.14 < top < bottom < 0.18


@pytest.fixture
def one_page(tmp_path: Path) -> Callable[..., Path]:
    """Return what makes a PDF with one line near its top, perhaps turned or huge."""

    def make(turned: int = 0, size: tuple[float, float] = (600, 800)) -> Path:
        path = tmp_path / "one.pdf"
        # reportlab swaps the sides of a page that is turned.
        given = size[::-1] if turned in {90, 270} else size
        canvas = Canvas(str(path), pagesize=given)
        canvas.setPageRotation(turned)
        canvas.drawString(50, size[1] - 100, "The zorgon boils at 41 degrees.")
        canvas.save()
        return path

    return make


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_boxes_turn_with_the_page(one_page: Callable[..., Path], turned: int) -> None:
    told = drawn_page(one_page(turned), 1, "boils at 41", MEMORY_MB)

    ((left, top, right, bottom),) = told["boxes"]
    across, down = (left + right) / 2, (top + bottom) / 2
    near_top = {0: (0.25, 0.12), 90: (0.88, 0.25), 180: (0.75, 0.88), 270: (0.12, 0.75)}[turned]
    assert abs(across - near_top[0]) < 0.1
    assert abs(down - near_top[1]) < 0.1


def test_a_huge_page_is_drawn_small(one_page: Callable[..., Path]) -> None:
    told = drawn_page(one_page(size=(14_000, 14_000)), 1, "", MEMORY_MB)

    assert told["width"] * told["height"] <= 2_600_000
    assert told["boxes"] == []


def test_what_cannot_be_drawn_is_told_with_a_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 broken")
    with pytest.raises(UnreadableError, match="cannot be drawn"):
        drawn_page(broken, 1, "", MEMORY_MB)
    with pytest.raises(UnreadableError, match="It has 2 pages"):
        drawn_page(HANDBOOK / "first-weeks.pdf", 3, "", MEMORY_MB)


def test_bombs_end_with_their_child(tmp_path: Path) -> None:
    for number, data in enumerate((_pdf_bomb(), _pdf_loop())):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(data)
        try:
            told = drawn_page(path, 1, "x", 512)
        except UnreadableError:
            continue
        assert told["width"] * told["height"] <= 2_600_000
