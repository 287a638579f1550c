"""What is easily lost or put in a wrong place when files are read."""

import datetime as dt
import io
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, TypeAlias

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate

from services.domain.documents import Reading

Read: TypeAlias = Callable[[str, bytes | str], Reading]
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def saved(document: Any) -> bytes:
    into = io.BytesIO()
    document.save(into)
    return into.getvalue()


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "<nav>Menu</nav><h1>Rules</h1><main><p>Core.</p></main><h2>Annex</h2><p>75 EUR.</p>",
            "Rules\n\nCore.\n\nAnnex\n\n75 EUR.",
        ),
        ("<form><h1>Policy</h1><p>Leave is 26 days.</p></form>", "Policy\n\nLeave is 26 days."),
        (
            (
                "<table><tr><th>Region</th><th>City</th><th>Price</th></tr>"
                "<tr><td rowspan=2>North</td><td>Kiel</td><td>10</td></tr>"
                "<tr><td>Hamburg</td><td>20</td></tr>"
                "<tr><td>South</td><td rowspan=3>Bonn</td><td>3</td></tr>"
                "<tr><td colspan=1>East</td><td>4</td></tr><tr><td>West</td></tr></table>"
            ),
            (
                "Region | City | Price\nNorth | Kiel | 10\nNorth | Hamburg | 20\nSouth | Bonn | 3\n"
                "East | Bonn | 4\nWest | Bonn"
            ),
        ),
        (
            (
                "<p>28<sup>1</sup> EUR, 10<sup>6</sup> of 2 m<sup>2</sup>, the 1<sup>st</sup> year"
                "<sup><a href='#n'>2</a></sup>.</p>"
            ),
            "28^1 EUR, 10^6 of 2 m², the 1st year[2].",
        ),
        ("<p>价格：<del>500</del><ins>400</ins>元</p>", "价格：400元"),
        (
            "<ol start=3><li>Third<ul><li>of it</li></ul></li><li><p>Fourth</p></li></ol>",
            "3. Third\n- of it\n4. Fourth",
        ),
        (
            (
                "<table><tr><td><table><tr><td><h1>Move</h1><p>On 5 May.</p></td></tr></table></td>"
                "</tr></table>"
            ),
            "Move\n\nOn 5 May.",
        ),
    ],
)
def test_a_page_is_read_whole_and_in_order(read: Read, page: str, text: str) -> None:
    assert read("a.html", f"<html><body>{page}</body></html>").text == text


def test_markdown_is_read_as_it_is_written(read: Read) -> None:
    text = read(
        "a.md",
        "To return it:\n1. Back up\n2. Sign out\n\nSteps:\n- one\n- two\n\n"
        "<details><summary>Late return</summary>\n\nA fee is charged.\n\n</details>\n\n"
        "Prices:\n| a | b |\n|---|---|\n| x | ~~2~~ 3 |\n\nNoted[^1].\n\n[^1]: A note.\n",
    ).text

    assert text.split("\n\n") == [
        "To return it:",
        "1. Back up\n2. Sign out",
        "Steps:",
        "- one\n- two",
        "Late return",
        "A fee is charged.",
        "Prices:",
        "a | b\nx | 3",
        "Noted[1].",
        "[1] A note.",
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\npump,"the 5"" disk"\n', ["a | b", 'pump | the 5" disk']),
        (
            'a;b\npump;Smith, John\npump;"a; b; c"\n',
            ["a | b", "pump | Smith, John", "pump | a; b; c"],
        ),
        ("Name;Preis\nPumpe;12,5\nVentil;3,5\n", ["Name | Preis", "Pumpe | 12,5", "Ventil | 3,5"]),
        ("a\tb\n1, 2\t3\n", ["a | b", "1, 2 | 3"]),
    ],
)
def test_cells_are_told_apart(read: Read, text: str, rows: list[str]) -> None:
    assert read("a.csv", text).text.split("\n") == rows


def test_a_quote_far_down_does_not_join_cells(read: Read) -> None:
    text = "id,said\n" + "1,plain\n" * 30_000 + '600,"he said ""go"", then left"\n'

    assert read("a.csv", text).text.endswith('600 | he said "go", then left')


def test_merged_cells_of_a_form_name_no_columns(read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ("Staff of the north", None),
        (None, None),
        ("Name", "City"),
        ("Carl", "Munich"),
        (None, None),
        ("Name", "Jane Miller", None, "Team"),
        ("City", "Berlin", "Country", "Germany"),
    ):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    sheet.merge_cells("B6:C6")

    assert read("a.xlsx", saved(book)).text.split("\n\n")[1:] == [
        "Staff of the north",
        "Name | City\nCarl | Munich",
        "Name | Jane Miller | | Team\nCity | Berlin | Country | Germany",
    ]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a<sup><sup>1</sup></sup></p>", "a[1]"),
        ("<ol start='--5'><li value='²'>one</li></ol>", "1. one"),
        ("<table><tr><td colspan='²'>a</td><td>b</td></tr></table>", "a | b"),
        (
            (
                "<table><tr><td><table><tr><td>x<table><tr><td>Plan</td><td>Price</td></tr>"
                "<tr><td>Basic</td><td>10</td></tr></table></td></tr></table></td></tr></table>"
            ),
            "x\n\nPlan | Price\nBasic | 10",
        ),
        (
            (
                "<table><tr><th rowspan=2 colspan=2>Plan</th><th colspan=2>Price</th></tr>"
                "<tr><th>Month</th><th>Year</th></tr>"
                "<tr><td>A</td><td>B</td><td>1</td><td>2</td></tr></table>"
            ),
            "Plan | | Price\nPlan | | Price Month | Price Year\nA | B | 1 | 2",
        ),
    ],
)
def test_odd_pages_are_read(read: Read, page: str, text: str) -> None:
    assert read("a.html", f"<html class='footnote-back'><body>{page}</body></html>").text == text


def test_a_sheet_is_read_as_it_is_shown(read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "价格"
    for row in (
        ("Region", "City", "Margin", "Since", "Code", "Price", None, "Old", "Name"),
        ("North", "Kiel", 0.125, dt.datetime(2024, 3, 5), 7, 340.5, None, 1, "a"),  # noqa: DTZ001
        (None, "上海市\n徐汇区", 0.1, dt.time(9, 30), 12, 1e-7, None, 2, "NA"),
    ):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet["C2"].number_format = sheet["C3"].number_format = "0.0%"
    sheet["E2"].number_format, sheet["F2"].number_format = "00000", '#,##0.00 "€"'
    sheet["A6"] = "A note."

    assert read("a.xlsx", saved(book)).text == (
        "价格\n\n"
        "Region | City | Margin | Since | Code | Price\n"
        "North | Kiel | 12.5% | 2024-03-05 | 00007 | 340.50 €\n"
        "North | 上海市 徐汇区 | 10.0% | 09:30 | 12 | 0.0000001\n\n"
        "Old | Name\n1 | a\n2 | NA\n\n"
        "A note."
    )


HEADS = (
    "Region | 2023 | | 2024\nRegion | 2023 H1 | 2023 H2 | 2024 H1 | 2024 H2\nNorth | 1 | 2 | 3 | 4"
)


def test_names_in_two_rows_name_each_column_whole_in_a_sheet(read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(("Sales of pumps",))
    for row in (
        ("Region", "2023", None, "2024", None),
        (None, "H1", "H2", "H1", "H2"),
        ("North", 1, 2, 3, 4),
    ):
        sheet.append(row)
    for area in ("A1:E1", "A2:A3", "B2:C2", "D2:E2"):
        sheet.merge_cells(area)

    assert read("a.xlsx", saved(book)).text == f"Sheet\n\nSales of pumps\n{HEADS}"


def test_names_in_two_rows_name_each_column_whole_on_a_page(read: Read) -> None:
    page = (
        "<table><tr><th rowspan=2>Region</th><th colspan=2>2023</th><th colspan=2>2024</th></tr>"
        "<tr><th>H1</th><th>H2</th><th>H1</th><th>H2</th></tr>"
        "<tr><td>North</td><td>1</td><td>2</td><td>3</td><td>4</td></tr></table>"
    )

    assert read("a.html", page).text == HEADS


def test_names_in_two_rows_name_each_column_whole_in_a_word_file(read: Read) -> None:
    document = docx.Document()
    table = document.add_table(3, 5)
    rows = (
        ("Region", "2023", "", "2024", ""),
        ("", "H1", "H2", "H1", "H2"),
        ["North", "1", "2", "3", "4"],
    )
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            table.cell(i, j).text = cell
    for (a, b), (c, d) in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((0, 3), (0, 4))):
        table.cell(a, b).merge(table.cell(c, d))

    assert read("a.docx", saved(document)).text == HEADS


def test_no_row_of_a_long_sheet_is_lost(read: Read) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("long")
    for number in range(10_050):
        sheet.append((f"row {number}", number))

    assert read("a.xlsx", saved(book)).text.endswith("row 10049 | 10049")


def test_slides_keep_their_own_text(read: Read) -> None:
    show = Presentation()
    first = show.slides.add_slide(show.slide_layouts[5])
    first.shapes.title.text = "Budget\v2024"
    box = first.shapes.add_textbox(0, 0, Inches(3), Inches(1))
    box.text_frame.text = "Head count 12\v35% growth"
    chart: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    chart.categories = ["Q1", "Q2", "Q3"]
    chart.add_series("Plan", (10, 20, 30))
    chart.add_series("Actual", (None, 3, 4))
    first.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(3), Inches(3), chart)
    first.notes_slide.notes_text_frame.text = "A note."
    untitled = show.slides.add_slide(show.slide_layouts[6])
    for top, line in enumerate(("Thanks", "Ask Bob.")):
        box = untitled.shapes.add_textbox(0, Inches(top), Inches(3), Inches(1))
        box.text_frame.text = line

    reading = read("a.pptx", saved(show))

    assert [heading.title for heading in reading.headings] == ["Budget 2024", "Thanks"]
    assert reading.text == (
        "Budget\n2024\n\nHead count 12\n35% growth\n\n"
        "| Plan | Actual\nQ1 | 10\nQ2 | 20 | 3\nQ3 | 30 | 4\n\nA note.\n\nThanks\n\nAsk Bob."
    )


def test_a_word_file_is_read_whole(read: Read) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("It costs 5,000")
    paragraph.add_run("1").font.superscript = True
    paragraph.add_run(" euros.")
    paragraph = document.add_paragraph("Table ")
    field = '<w:fldSimple {} w:instr="SEQ Table"><w:r><w:t>3</w:t></w:r></w:fldSimple>'
    paragraph._p.append(parse_xml(field.format(nsdecls("w"))))
    paragraph.add_run(": Heat is ")
    formula = f'<m:oMath xmlns:m="{MATH}"><m:r><m:t>Q=mc</m:t></m:r></m:oMath>'
    paragraph._p.append(parse_xml(formula))
    table = document.add_table(3, 3)
    rows = (("Region", "City", "Price"), ("North", "Kiel", "10"), ("", "Hamburg", "20"))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            table.cell(i, j).text = cell
    table.cell(1, 0).merge(table.cell(2, 0))

    assert read("a.docx", saved(document)).text == (
        "It costs 5,000^1 euros.\n\nTable 3: Heat is Q=mc\n\n"
        "Region | City | Price\nNorth | Kiel | 10\nNorth | Hamburg | 20"
    )


def test_raised_digits_on_a_page_are_no_part_of_numbers(read: Read) -> None:
    into = io.BytesIO()
    text = (
        "Revenue was 1,300<super>3</super> in 2023 on 20 m<super>2</super>; CO<sub>2</sub> is "
        "5,000<super>12</super> EUR, the 1st of 10<super>6</super>. Word<super>1</super>."
    )
    SimpleDocTemplate(into).build([Paragraph(text, getSampleStyleSheet()["Normal"])])

    assert " ".join(read("a.pdf", into.getvalue()).text.split()) == (
        "Revenue was 1,300^3 in 2023 on 20 m²; CO2 is 5,000^12 EUR, the 1st of 10^6. Word[1]."
    )


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        (
            '[{"产品": "甲泵", "保修": "24个月"}, {"产品": "乙泵", "保修": "36个月", "价": 5}]',
            "产品 | 保修 | 价\n甲泵 | 24个月\n乙泵 | 36个月 | 5",
        ),
        (
            '{"offices": [{"city": "Bonn", "open": true}, {"city": "Kiel", "open": null}], "n": 2}',
            "offices:\n\ncity | open\nBonn | true\nKiel | null\n\nn: 2",
        ),
        ('[{"id": 1, "who": {"name": "A"}}, {"id": 2}]', "id: 1\nwho.name: A\n\nid: 2"),
        ('{"a": {"b": "c"}, "d": 1.5}', "a.b: c\nd: 1.5"),
    ],
)
def test_records_of_json_stay_apart(read: Read, text: str, read_as: str) -> None:
    assert read("a.json", text).text == read_as


def test_rich_text_in_an_old_encoding_is_read(read: Read) -> None:
    letters = "".join(f"\\'{byte:02x}" for byte in "访客须登记。".encode("gbk"))
    head = r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset134 SimSun;}}\f0 "
    rest = r" It costs 28{\super 1} euros.\par}"

    assert read("a.rtf", f"{head}{letters}{rest}").text == "访客须登记。 It costs 28^1 euros."
    days = "".join(f"\\'{byte:02x}" for byte in "年假".encode("gbk"))
    both = r"\u24180\'c4\'ea\u20551\'bc\'d9 3"
    assert read("a.rtf", f"{head}{days}26x. {{\\uc2 {both}}}}}").text == "年假26x. 年假 3"


def test_a_mail_is_read_with_what_it_forwards(read: Read) -> None:
    forwarded = EmailMessage()
    forwarded["Subject"] = "通知"
    forwarded.set_content("年假26天。")
    mail = EmailMessage()
    mail["Subject"] = "Deadline"
    mail.set_content("The deadline is 5 May.")
    mail.add_alternative("<html><body><img src='x'></body></html>", subtype="html")
    mail.add_attachment(forwarded)
    page = b"<p>Fee is <b>75</b> euros.</p>"
    mail.add_attachment(page, maintype="text", subtype="html", filename="f.html")

    assert read("a.eml", mail.as_bytes()).text.split("\n\n") == [
        "Deadline",
        "The deadline is 5 May.",
        "通知",
        "年假26天。",
        "Attachment: f.html",
        "Fee is 75 euros.",
    ]


def test_old_mails_and_pages_are_read_in_their_encoding(read: Read) -> None:
    mail = (
        "Subject: 放假通知\nFrom: 张三 <a@b.c>\nContent-Type: text/plain; charset=gb2312\n\n朱镕基"
    )
    page = '<?xml version="1.0" encoding="GBK"?><html><body>备注</body></html>'

    stale = '<?xml version="1.0" encoding="utf-16"?><html><body>Plain.</body></html>'

    assert read("a.html", stale).text == "Plain."
    assert read("a.eml", mail.encode("gbk")).text == "放假通知\n\nFrom: 张三 <a@b.c>\n\n朱镕基"
    assert read("a.html", page.encode("gbk")).text == "备注"


QUOTING = """It is 13:00 now.

On Wed, 20 May 2026 at 09:10, Ada King <ada@b.c>
wrote:
> Mornings are full. Could it be later?
>
> 发件人: 张三 <z@b.c>
> 发送时间: 2026年5月19日 8:35
>> 上午九点可以吗？
"""
QUOTING_HTML = """<p>It is 13:00 now.</p>
<p>On Wed, 20 May 2026 at 09:10, Ada King &lt;ada@b.c&gt; wrote:</p>
<blockquote><p>Mornings are full. Could it be later?</p>
<p>发件人: 张三 &lt;z@b.c&gt; 发送时间: 2026年5月19日 8:35</p>
<p>上午九点可以吗？</p></blockquote>
"""


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_messages_that_a_mail_quotes_are_sections_of_their_own(read: Read, kind: str) -> None:
    body = QUOTING if kind == "plain" else QUOTING_HTML
    mail = f"Subject: Window\nFrom: a@b.c\nContent-Type: text/{kind}; charset=utf-8\n\n{body}"
    earlier = ["Wed, 20 May 2026 at 09:10, Ada King:", "张三, 2026年5月19日 8:35:"]

    reading = read("a.eml", mail.encode())

    assert reading.text.split("\n\n")[2:] == [
        "It is 13:00 now.",
        earlier[0],
        "Mornings are full. Could it be later?",
        earlier[1],
        "上午九点可以吗？",
    ]
    assert [one.title for one in reading.headings] == ["Window", *earlier]


@pytest.mark.parametrize(
    "text",
    ["As Ada King wrote:", "第3步，请填写：", "From: the start, Date: unknown", "> quoted alone"],
)
def test_what_only_looks_like_a_quoted_message_is_text(read: Read, text: str) -> None:
    head = "Subject: S\nFrom: a@b.c\nContent-Type: text/plain; charset=utf-8"

    reading = read("a.eml", f"{head}\n\n{text}\n\nMore.".encode())

    assert reading.text.split("\n\n")[2:] == [text.removeprefix("> "), "More."]
    assert [one.title for one in reading.headings] == ["S"]


def test_lines_of_a_slide_that_are_no_sentences_are_a_list(read: Read) -> None:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "What we need"
    body = slide.placeholders[1].text_frame
    body.text = "Signed agreement"
    for line in ("Product list", "Licence, for medicines only"):
        body.add_paragraph().text = line
    alone = show.slides.add_slide(show.slide_layouts[1])
    alone.shapes.title.text = "Later"
    alone.placeholders[1].text_frame.text = "Onboarding plan"

    reading = read("a.pptx", saved(show))

    assert reading.text == (
        "What we need\n\n- Signed agreement\n- Product list\n- Licence, for medicines only\n\n"
        "Later\n\nOnboarding plan"
    )


def test_tables_of_plain_text_and_mails_are_rows(read: Read) -> None:
    table = (
        "Group   Countries     Daily\nI       USA, Canada   USD 75\nII      Japan         USD 60"
    )
    rows = "Group | Countries | Daily\nI | USA, Canada | USD 75\nII | Japan | USD 60"
    head = "From: Ada <a@b.c>\nSubject: Trips\nContent-Type: text/plain"

    plain = read("a.txt", f"B4 ALLOWANCE\n{table}\nPaid at once.")
    mail = read("a.eml", f"{head}\n\nDear all,\n\n{table}\n\nAda")

    assert plain.text == f"B4 ALLOWANCE\n\n{rows}\n\nPaid at once."
    assert [plain.text[span.start : span.end] for span in plain.tables] == [rows]
    assert rows in mail.text.split("\n\n")
