"""Files read in real children, and what children may not do."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.reading.children import ReadingChildren
from ingest.reading.wire import Request
from services.domain.documents import Reading
from services.domain.errors import UnreadableError
from services.domain.media import kind_of

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"


@pytest.fixture(scope="module")
def children() -> Iterator[ReadingChildren]:
    opened = ReadingChildren(silence_s=90)
    yield opened
    opened.close()


def read(children: ReadingChildren, path: Path, memory_mb: int = 2048) -> Reading:
    with path.open("rb") as file:
        kind = kind_of(path.name, file)
    request = Request(path.name, kind.format, 100, 10_000_000, memory_mb, 300)
    return children.read(path, request, lambda _done, _total: None)


EXPECTED = {
    "leave.md": "Every employee has 26 days of paid leave a year.",
    "请假制度.md": "每位员工每年享有26天带薪年假。",
    "information-security.html": "extension 4410",
    "信息安全.html": "分机号4410",
    "travel-and-expenses.docx": "Germany | 28 | 130",
    "差旅与报销.docx": "德国28欧元",
    "equipment-设备.xlsx": "示波器 | Rigol MSO5104",
    "first-weeks.pdf": "Probation lasts six months.",
    "入职指南.pdf": "试用期为六个月。",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_format_of_the_handbook_is_read(children: ReadingChildren, name: str) -> None:
    reading = read(children, HANDBOOK / name)

    assert EXPECTED[name] in reading.text
    assert reading.title


def test_headings_and_tables_are_known(children: ReadingChildren) -> None:
    reading = read(children, HANDBOOK / "leave.md")

    assert [heading.title for heading in reading.headings][:3] == [
        "Leave and working hours",
        "Annual leave",
        "Sick leave",
    ]
    table = reading.tables[0]
    assert reading.text[table.start : table.end].startswith("Office | Opens | Closes | Lunch")


def test_pages_of_a_pdf_are_known(children: ReadingChildren) -> None:
    reading = read(children, HANDBOOK / "first-weeks.pdf")

    second = reading.pages[1]
    assert "Probation" in reading.text[second.start : second.end]


def draw_row(canvas: Canvas, height: float, cells: Sequence[str]) -> None:
    """Draw a name at the left and amounts that end at 300, 400 points."""
    canvas.drawString(60, height, cells[0])
    for right, cell in zip((300, 400), cells[1:], strict=False):
        canvas.drawRightString(right, height, cell)


def test_the_columns_of_a_table_in_a_pdf_are_known(
    children: ReadingChildren, tmp_path: Path
) -> None:
    path = tmp_path / "costs.pdf"
    canvas = Canvas(str(path))
    canvas.drawString(60, 760, "Costs 2024 in thousands")
    for right, names in ((300, ("First", "quarter")), (400, ("Second", "quarter"))):
        for down, name in enumerate(names):
            canvas.drawRightString(right, 730 - 12 * down, name)
    for i, cells in enumerate((("Rent", "120", "90"), ("Wages", "1,200", "(80)"), ("Water", "7"))):
        draw_row(canvas, 700 - 14 * i, cells)
    canvas.drawString(60, 640, "In 2024 and 2023 there were 12 and 14 of them.")
    canvas.save()

    reading = read(children, path)

    assert reading.text == (
        "Costs 2024 in thousands\n\n| First quarter | Second quarter\nRent | 120 | 90\n"
        "Wages | 1,200 | (80)\nWater | 7\n\nIn 2024 and 2023 there were 12 and 14 of them."
    )


def test_a_table_that_goes_on_without_names_has_those_of_the_page_before(
    children: ReadingChildren, tmp_path: Path
) -> None:
    path = tmp_path / "long.pdf"
    canvas = Canvas(str(path))
    for page in range(2):
        for i in range(40):
            cells = ("Name", "Hours", "Days") if page == i == 0 else (f"No {page}-{i}", "160", "20")
            draw_row(canvas, 790 - 18 * i, cells)
        canvas.showPage()
    canvas.save()

    reading = read(children, path)

    (mark,) = reading.named
    assert mark.title == "Name | Hours | Days"
    assert reading.text[mark.start : mark.end].startswith("No 1-0 | 160 | 20\nNo 1-1 | 160")
    assert mark.end == len(reading.text)
    assert mark.start == reading.pages[1].start


@pytest.mark.parametrize(
    ("own", "title"),
    [("0000764478-23-000041", "YEARLY REPORT 2023"), ("Report of 2023", "Report of 2023")],
)
def test_a_number_is_no_title(
    children: ReadingChildren, tmp_path: Path, own: str, title: str
) -> None:
    path = tmp_path / "YEARLY_REPORT_2023.pdf"
    canvas = Canvas(str(path))
    canvas.setTitle(own)
    canvas.drawString(60, 700, "All prices are without tax.")
    canvas.save()

    assert read(children, path).title == title


@pytest.mark.parametrize("turned", [False, True])
def test_rows_that_run_from_the_right_are_read(
    children: ReadingChildren, tmp_path: Path, turned: bool
) -> None:
    path = tmp_path / "turned.pdf"
    canvas = Canvas(str(path))
    canvas.translate(600, 800 if turned else 0)
    canvas.scale(-1, -1 if turned else 1)
    for i in range(5):
        canvas.drawString(60, 700 - 20 * i, f"Sales {i}05 {i}06 of pumps")
    canvas.save()

    text = read(children, path).text

    assert all(f"{i}05" in text and f"{i}06" in text for i in range(5))


def test_what_only_looks_like_a_running_line_is_kept(
    children: ReadingChildren, tmp_path: Path
) -> None:
    path = tmp_path / "slips.pdf"
    canvas = Canvas(str(path))
    for page, pay in enumerate((2310.5, 1998.25, 2750, 2410, 3105), 1):
        canvas.drawString(60, 800, f"Pay slips of May, page {page} of 5")
        canvas.drawString(60, 780, "Payroll department")
        canvas.drawString(60, 700, f"These are the hours of person {page * 37}.")
        canvas.drawString(60, 60, f"Net pay: {pay:,.2f}")
        canvas.showPage()
    canvas.save()

    reading = read(children, path)

    assert [reading.text[page.start : page.end] for page in reading.pages][1:3] == [
        "These are the hours of person 74.\nNet pay: 1,998.25",
        "These are the hours of person 111.\nNet pay: 2,750.00",
    ]


def test_a_table_over_several_pages_has_its_names_on_each(
    children: ReadingChildren, tmp_path: Path
) -> None:
    path = tmp_path / "months.pdf"
    canvas = Canvas(str(path))
    for _ in range(5):
        for i, cells in enumerate((("", "Hours", "Days"), *(("Ann", "160", "20"),) * 4)):
            draw_row(canvas, 780 - 14 * i, cells)
        canvas.showPage()
    canvas.save()

    reading = read(children, path)

    assert reading.text.count("| Hours | Days\nAnn | 160 | 20") == 5
    assert reading.text.count("Ann | 160 | 20") == 20


def broken_files() -> dict[str, tuple[bytes, str]]:
    word = (HANDBOOK / "travel-and-expenses.docx").read_bytes()
    return {
        "empty.pdf": (b"", "empty"),
        "cut.docx": (word[: len(word) // 2], "corrupt"),
        "locked.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted"),
        "broken.pdf": (b"%PDF-1.7\nnothing more", "corrupt"),
        "blank.txt": (b"  \n \n", "no_text"),
        "bad.json": (b"{", "corrupt"),
        "broken.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "corrupt"),
    }


@pytest.mark.parametrize(
    "name",
    ["empty.pdf", "cut.docx", "locked.docx", "broken.pdf", "blank.txt", "bad.json", "broken.png"],
)
def test_what_cannot_be_read_says_why(children: ReadingChildren, name: str, tmp_path: Path) -> None:
    data, code = broken_files()[name]
    (tmp_path / name).write_bytes(data)

    with pytest.raises(UnreadableError) as caught:
        read(children, tmp_path / name)

    assert caught.value.code == code
    assert len(str(caught.value)) > 20


def test_many_quick_files_at_once_are_all_read(children: ReadingChildren, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    paths = [tmp_path / f"{i}.txt" for i in range(120)]
    for i, path in enumerate(paths):
        path.write_text(f"text number {i}")

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda path: read(children, path).text, paths))

    assert texts == [f"text number {i}" for i in range(120)]


def test_a_nursery_that_dies_is_replaced(children: ReadingChildren, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("still read")
    read(children, path)
    children._nurseries["light"]._process.kill()

    assert read(children, path).text == "still read"


PROBE = """
import os, pathlib, socket, sys
from ingest.reading.sandbox import enter_sandbox
port, own, folder, *secrets = sys.argv[1:]
file = os.open(own, os.O_RDONLY)
enter_sandbox(512, 60, file, pathlib.Path(folder))
said = []
try:
    socket.create_connection(("127.0.0.1", int(port)), 2)
    said.append("connected")
except OSError as error:
    said.append(type(error).__name__)
said.append(",".join(sorted(name for name in os.environ if "FOOTNOTE" in name or "SECRET" in name)))
try:
    bytearray(2 * 1024**3)
    said.append("took memory")
except MemoryError:
    said.append("MemoryError")
for secret in secrets:
    try:
        pathlib.Path(secret).read_bytes()
        said.append("read " + secret)
    except OSError as error:
        said.append(type(error).__name__)
said.append(pathlib.Path(f"/proc/{os.getpid()}/fd/{file}").read_text())
pathlib.Path(folder, "work").write_text("room to work")
print("|".join(said))
"""


def test_a_child_has_no_network_no_secrets_and_little_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import os
    import socket
    import subprocess
    import sys

    from services.settings import clean_environment

    monkeypatch.setenv("FOOTNOTE_OWNER_KEY", "canary-canary-canary")
    monkeypatch.setenv("MY_SECRET", "canary")
    root = str(Path(__file__).parents[2])
    upload, work = tmp_path / "upload.txt", tmp_path / "work"
    secrets = [tmp_path / "owner.key", tmp_path / "registry.sqlite"]
    for path in (upload, *secrets):
        path.write_text(f"content of {path.name}")
    work.mkdir()
    # The environment of the process that started it is a secret too.
    hidden = [*map(str, secrets), f"/proc/{os.getpid()}/environ"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        inside = subprocess.run(
            [sys.executable, "-c", PROBE, port, str(upload), str(work), *hidden],
            env=clean_environment(),
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        # The control: outside of the sandbox the same port answers.
        socket.create_connection(("127.0.0.1", int(port)), 2).close()

    told = inside.stdout.strip().split("|")
    assert told[:3] == ["PermissionError", "", "MemoryError"]
    assert told[3:6] == ["PermissionError"] * 3
    assert told[6] == "content of upload.txt"


def test_the_evaluation_files_are_read(children: ReadingChildren, eval_folder: Path) -> None:
    import re
    import unicodedata

    def flat(text: str) -> str:
        plain = unicodedata.normalize("NFKC", text).lower()
        kept = (" " if unicodedata.category(c)[0] in "PSZC" else c for c in plain)
        return "".join(re.sub(r"\b(a|an|the)\b", " ", "".join(kept)).split())

    listed = (eval_folder / "files" / "files.jsonl").read_text(encoding="utf-8").splitlines()
    missed = []
    for row in map(json.loads, listed):
        path = eval_folder / "files" / row["path"]
        try:
            text = flat(read(children, path).text)
        except UnreadableError:
            if not row.get("expect_error"):
                missed.append(row["path"])
            continue
        absent = [one for one in row["expect"] if flat(one) not in text]
        if row.get("expect_error") or len(absent) > bool(row.get("tolerant")):
            missed.append(row["path"])
    assert missed == []
