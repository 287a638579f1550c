"""What Word, Excel, PowerPoint and pictures hold beside plain characters."""

import io
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import docx
import openpyxl
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from pptx.util import Inches

from services.domain.documents import Reading

Read: TypeAlias = Callable[[str, bytes], Reading]
MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'

READING = (
    "<w:r {}><w:ruby><w:rt><w:r><w:t>たなか</w:t></w:r></w:rt>"
    "<w:rubyBase><w:r><w:t>田中</w:t></w:r></w:rubyBase></w:ruby></w:r>"
)
FORMULA = (
    f"<m:oMath {MATH}><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num>"
    "<m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e>"
    "<m:sup><m:r><m:t>6</m:t></m:r></m:sup></m:sSup></m:oMath>"
)


def saved(document: Any) -> bytes:
    into = io.BytesIO()
    document.save(into)
    return into.getvalue()


def test_a_word_file_says_what_stands_and_nothing_that_is_struck_out(read: Read) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The price is ")
    paragraph.add_run("500").font.strike = True
    paragraph.add_run("400 EUR")
    paragraph.add_run(" (draft)").font.hidden = True
    paragraph.add_run("1)").font.superscript = True

    assert read("a.docx", saved(document)).text == "The price is 400 EUR[1]"


def test_symbols_readings_and_formulas_of_a_word_file_are_text(read: Read) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Angle ")
    w = nsdecls("w")
    for piece in (
        f'<w:r {w}><w:sym w:font="Symbol" w:char="F0B3"/></w:r>',
        f'<w:r {w}><w:t xml:space="preserve"> 30 </w:t></w:r>',
        f'<w:r {w}><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>',
        f'<w:r {w}><w:t xml:space="preserve"> yes, </w:t></w:r>',
        READING.format(w),
        FORMULA,
    ):
        paragraph._p.append(parse_xml(piece))

    assert read("a.docx", saved(document)).text == "Angle ≥ 30 ☑ yes, 田中1/2x^6"


def test_clauses_that_word_counts_in_chinese_have_their_numbers(read: Read) -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77"><w:lvl w:ilvl="0">'
            '<w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/>'
            '<w:lvlText w:val="第%1条"/></w:lvl></w:abstractNum>'
        ),
    )
    numbering.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
    )
    for number in range(1, 13):
        paragraph = document.add_paragraph(f"甲方的义务之{number}。")
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="77"/></w:numPr>')
        )

    text = read("a.docx", saved(document)).text

    assert "第三条 甲方的义务之3。" in text
    assert "第十二条 甲方的义务之12。" in text


def test_a_value_over_several_columns_stands_in_each(read: Read) -> None:
    rows = (("Day", "Early", "Late"), ("Mon", "Ann", "Bob"), ("Tue", "closed", ""))
    told = "Day | Early | Late\nMon | Ann | Bob\nTue | closed | closed"
    document = docx.Document()
    table = document.add_table(3, 3)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            table.cell(i, j).text = cell
    table.cell(2, 1).merge(table.cell(2, 2))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.active.merge_cells("B3:C3")
    page = (
        "<table><tr><th>Day</th><th>Early</th><th>Late</th></tr><tr><td>Mon</td><td>Ann</td>"
        "<td>Bob</td></tr><tr><td>Tue</td><td colspan=2>closed</td></tr></table>"
    )

    assert read("a.docx", saved(document)).text == told
    assert read("a.xlsx", saved(book)).text == f"Sheet\n\n{told}"
    assert read("a.html", page.encode()).text == told.replace("Late\n", "Late\n--- | --- | ---\n")


def test_of_a_sheet_only_filled_cells_are_looked_at(read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(("Item", "Price"))
    sheet.append(("Pump", 10))
    red, small = InlineFont(strike=True), InlineFont(vertAlign="superscript")
    sheet.append(("Valve", CellRichText(TextBlock(red, "500 "), "400 m", TextBlock(small, "2"))))
    sheet["XFD1048576"] = "end"
    sheet.merge_cells("A5:A9000")

    assert read("a.xlsx", saved(book)).text == (
        "Sheet\n\nItem | Price\nPump | 10\nValve | 400 m²\n\nend"
    )


def test_slides_tell_raised_struck_and_merged_text_as_it_is_meant(read: Read) -> None:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    frame = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(6), Inches(1)).text_frame
    for text, attributes in (
        ("Fee 5,000", {}),
        ("1", {"baseline": "30000"}),
        (" EUR, once ", {}),
        ("300 ", {"strike": "sngStrike"}),
        ("400.", {}),
    ):
        run = frame.paragraphs[0].add_run()
        run.text = text
        for name, value in attributes.items():
            run._r.get_or_add_rPr().set(name, value)
    table = slide.shapes.add_table(3, 3, Inches(1), Inches(3), Inches(6), Inches(1)).table
    for i, row in enumerate((("Region", "City", "n"), ("North", "Kiel", "1"), ("", "Ulm", "2"))):
        for j, cell in enumerate(row):
            table.cell(i, j).text = cell
    table.cell(1, 0).merge(table.cell(2, 0))

    text = read("a.pptx", saved(presentation)).text

    assert "Fee 5,000^1 EUR, once 400." in text
    assert "Region | City | n\nNorth | Kiel | 1\nNorth | Ulm | 2" in text


def page_of(rows: Sequence[Sequence[str]]) -> Image.Image:
    """Return a picture of rows in columns."""
    picture = Image.new("RGB", (900, 400), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(32)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            draw.text((60 + 280 * column, 60 + 70 * number), cell, "black", font)
    return picture


ROWS = (("Item", "First", "Second"), ("Rent", "1,200", "1,250"), ("Heat", "800", "90"))


@pytest.mark.parametrize("turned", [0, 3])
def test_a_scan_that_lies_askew_keeps_its_rows(read: Read, turned: int) -> None:
    into = io.BytesIO()
    page_of(ROWS).rotate(turned, fillcolor="white").save(into, "PNG")

    lines = read("a.png", into.getvalue()).text.split("\n")

    assert [line.replace(" |", "").split() for line in lines] == [list(row) for row in ROWS]


def test_all_pages_of_a_picture_are_read_the_right_way_up(read: Read) -> None:
    into, photo = io.BytesIO(), io.BytesIO()
    pages = [page_of((("First page",),)), page_of((("Second page",),))]
    pages[0].save(into, "TIFF", save_all=True, append_images=pages[1:])
    turned = page_of(ROWS).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(photo, "JPEG", exif=exif)

    reading = read("a.tif", into.getvalue())

    assert reading.text.split("\n\n") == ["First page", "Second page"]
    assert len(reading.pages) == 2
    assert "1,250" in read("a.jpg", photo.getvalue()).text


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_scan_on_its_side_or_head_is_read(read: Read, quarters: int) -> None:
    into = io.BytesIO()
    page_of(ROWS).rotate(90 * quarters, expand=True).save(into, "PNG")

    lines = read("a.png", into.getvalue()).text.split("\n")

    assert [line.split() for line in lines] == [list(row) for row in ROWS]


@pytest.mark.parametrize(
    ("style", "bold", "repeats", "is_head"),
    [
        ("Table Grid", False, False, False),
        ("Table Grid", True, False, True),
        ("Table Grid", False, True, True),
        ("Light Grid Accent 1", False, False, True),
    ],
)
def test_the_first_row_of_a_table_in_word_is_seen_to_name_columns(
    read: Read, style: str, bold: bool, repeats: bool, is_head: bool
) -> None:
    document = docx.Document()
    rows = [["Lang", "Rail", "Flight"], ["Board", "first", "economy"], ["Staff", "second", "none"]]
    table = document.add_table(len(rows), len(rows[0]), style=style)
    for row, told in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, told, strict=True):
            cell.paragraphs[0].add_run(text).bold = bold and told is rows[0]
    if repeats:
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))

    text = read("a.docx", saved(document)).text

    first, *others = [" | ".join(row) for row in rows]
    rule = ["--- | --- | ---"] if is_head else []
    assert text.split("\n") == [first, *rule, *others]


@pytest.mark.parametrize("mark", ["bold", "frozen", "filter", "table", ""])
def test_the_first_row_of_a_sheet_is_seen_to_name_columns(read: Read, mark: str) -> None:
    rows = [["Lang", "Rail", "Flight"], ["Board", "first", "economy"], ["Staff", "second", "none"]]
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    if mark == "bold":
        for cell in sheet[1]:
            cell.font = Font(bold=True)
    elif mark == "frozen":
        sheet.freeze_panes = "A2"
    elif mark == "filter":
        sheet.auto_filter.ref = "A1:C3"
    elif mark:
        sheet.add_table(Table(displayName="Trips", ref="A1:C3"))

    text = read("a.xlsx", saved(book)).text

    first, *others = [" | ".join(row) for row in rows]
    assert text.split("\n") == ["Sheet", "", first, *(["--- | --- | ---"] if mark else []), *others]
