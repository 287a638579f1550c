"""What is easily lost on pages of a PDF."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from services.domain.documents import Reading

Draw: TypeAlias = Callable[[Canvas], None]


def write(canvas: Canvas, lines: Sequence[str], top: float = 650) -> None:
    """Write a page of lines."""
    for number, line in enumerate(lines):
        canvas.drawString(50, top - 14 * number, line)
    canvas.showPage()


TURNS = {90: (0, 1, -1, 0, 500, 0), 180: (-1, 0, 0, -1, 500, 700), 270: (0, -1, 1, 0, 0, 700)}


def test_hyphens_of_numbers_and_addresses_stay(read_drawn: Callable[[Draw], Reading]) -> None:
    lines = ("Order part AB-", "1234 by the norm ISO-", "9001 for the instal-", "lation at once.")

    text = " ".join(read_drawn(lambda canvas: write(canvas, lines)).text.split())

    assert text == "Order part AB-1234 by the norm ISO-9001 for the installation at once."


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_that_is_turned_keeps_its_lines_and_tables(
    read_drawn: Callable[[Draw], Reading], turned: int
) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(turned)
        canvas.transform(*TURNS[turned])
        canvas.drawString(60, 440, "The inspector was Paula Heine.")
        rows = (("Part", "Wear", "Limit"), ("Rope", "4.2", "5.0"), ("Hook", "0.3", "1.0"))
        for number, row in enumerate((*rows, ("Brake", "2.1", "3.5"))):
            canvas.drawString(60, 400 - 16 * number, row[0])
            for right, cell in zip((250, 350), row[1:], strict=True):
                canvas.drawRightString(right, 400 - 16 * number, cell)
        canvas.showPage()

    lines = [line for line in read_drawn(draw).text.split("\n") if line]

    assert lines == [
        "The inspector was Paula Heine.",
        "Part | Wear | Limit",
        "Rope | 4.2 | 5.0",
        "Hook | 0.3 | 1.0",
        "Brake | 2.1 | 3.5",
    ]


def test_a_scan_with_a_stamp_is_read(read_drawn: Callable[[Draw], Reading]) -> None:
    picture = Image.new("RGB", (1000, 1400), "white")
    font = ImageFont.load_default(36)
    ImageDraw.Draw(picture).text((80, 200), "The rent is 3,450 euros a month.", "black", font)

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(picture), 0, 0, 500, 700)
        canvas.drawString(20, 10, "Envelope ID: 3F2A91C4-77B0-4E0A-9D0C")
        canvas.showPage()

    reading = read_drawn(draw)

    assert "3,450 euros a month" in reading.text
    assert "3F2A91C4" in reading.text
    assert reading.grade["ocr_pages"] == 1


def test_what_is_filled_into_a_form_is_read(read_drawn: Callable[[Draw], Reading]) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 650, "Number plate:")
        canvas.acroForm.textfield(name="t1", value="L-CN 4821", x=150, y=645, width=200, height=20)
        canvas.drawString(50, 600, "Electric vehicle:")
        canvas.acroForm.checkbox(name="c1", checked=True, x=150, y=595)
        canvas.drawString(50, 550, "Trailer:")
        canvas.acroForm.checkbox(name="c2", checked=False, x=150, y=545)
        canvas.acroForm.textfield(name="t2", value="Ada", x=150, y=445, width=60, height=20)
        canvas.drawString(50, 450, "Name:")
        canvas.drawString(220, 450, "City:")
        canvas.acroForm.textfield(name="t3", value="Bonn", x=260, y=445, width=60, height=20)
        for number, part in enumerate(("Full time", "Part time")):
            x = 50 + 120 * number
            canvas.acroForm.radio(name="r", value=f"v{number}", selected=number == 1, x=x, y=395)
            canvas.drawString(x + 25, 400, part)
        canvas.textAnnotation("The fee rises in 2025.", Rect=(50, 500, 70, 520), relative=0)
        canvas.showPage()

    assert read_drawn(draw).text.split("\n")[-6:] == [
        "Number plate: L-CN 4821",
        "Electric vehicle: Yes",
        "Name: Ada",
        "City: Bonn",
        "Part time: v1",
        "The fee rises in 2025.",
    ]


def test_what_stands_in_the_margin_of_every_page_is_told_once(
    read_drawn: Callable[[Draw], Reading],
) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(1, 6):
            canvas.drawString(50, 670, "Document no. OM-7731")
            canvas.drawString(50, 30, "Hotline: 555 0199")
            canvas.drawString(250, 16, f"Page {number} of 5")
            canvas.drawString(420, 670, str(number))
            write(canvas, (f"Day {number}", f"We see town {number}.", "It has churches."), top=620)

    text = read_drawn(draw).text

    assert text.count("OM-7731") == text.count("555 0199") == 1
    assert [f"Day {number}" in text for number in range(1, 6)] == [True] * 5
    assert text.count("It has churches.") == 5
    assert "Page" not in text


def test_what_a_page_says_of_itself_stays(read_drawn: Callable[[Draw], Reading]) -> None:
    """Invoices and sheets of a page each, whose first and last lines are alike but for a number."""

    def draw(canvas: Canvas) -> None:
        for number in range(1, 7):
            canvas.drawString(50, 670, f"Invoice no. {1000 + number}")
            canvas.drawString(50, 30, f"Torque: {20 + number} Nm")
            write(canvas, ("Pump", f"Power: {number} kW", "Warranty: 24 months"), top=620)

    text = read_drawn(draw).text

    assert [f"no. {1000 + number}" in text for number in range(1, 7)] == [True] * 6
    assert [f"Torque: {20 + number} Nm" in text for number in range(1, 7)] == [True] * 6
    assert text.count("Warranty: 24 months") == 6
