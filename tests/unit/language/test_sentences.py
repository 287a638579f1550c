"""Where sentences end."""

import pytest

from services.language.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith paid $3.50 to the U.S. office.", ["Dr. Smith paid $3.50 to the U.S. office."]),
        ("第一句。第二句，有逗号；第三句？", ["第一句。", "第二句，有逗号；", "第三句？"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("1. Item one\n2. Item two", ["1. Item one", "2. Item two"]),
        ("a | b\nc | d", ["a | b", "c | d"]),
        ("Ask at https://a.b/c?x=1 today. Go!", ["Ask at https://a.b/c?x=1 today.", "Go!"]),
        ("好吗?是的!走吧", ["好吗?", "是的!", "走吧"]),
        (
            "It is in Building B. Team B is led by Bob.",
            ["It is in Building B.", "Team B is led by Bob."],
        ),
        ("He met George W. Bush.", ["He met George W. Bush."]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_line_break_inside_running_text_is_no_end() -> None:
    text = "This is a long line of running text that was wrapped here\nand goes on."

    assert cut(text) == [text]


def test_no_sentence_is_longer_than_a_quote_may_be() -> None:
    text = "word " * 1000

    assert all(len(sentence) <= 600 for sentence in cut(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "The probation period lasts six\nmonths and may be extended once\n"
                "by three months. Notice during\nprobation is two weeks to the\nend of any week."
            ),
            [
                "The probation period lasts six\nmonths and may be extended once\nby three months.",
                "Notice during\nprobation is two weeks to the\nend of any week.",
            ],
        ),
        (
            "员工试用期为六个月，经部\n门同意可以延长一次，最\n长不超过三个月。",
            ["员工试用期为六个月，经部\n门同意可以延长一次，最\n长不超过三个月。"],
        ),
        ("员工试用期为六个月，\n经部门同意可以延长", ["员工试用期为六个月，\n经部门同意可以延长"]),
        ("Probation\nIt lasts six months.", ["Probation", "It lasts six months."]),
        (
            (
                "2024-05-03 10:00:01 job 734 was done in 238 ms and wrote its file\n"
                "2024-05-03 10:00:02 job 778 was stopped because the disk was full"
            ),
            [
                "2024-05-03 10:00:01 job 734 was done in 238 ms and wrote its file",
                "2024-05-03 10:00:02 job 778 was stopped because the disk was full",
            ],
        ),
        ("apples\npears\nplums", ["apples", "pears", "plums"]),
        (
            "姓名：张三丰\n部门：市场部\n职位：经理。",
            ["姓名：张三丰", "部门：市场部", "职位：经理。"],
        ),
    ],
)
def test_narrow_running_text_is_not_cut_at_its_lines(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_row_of_a_table_is_not_cut_in_its_cells() -> None:
    text = "INC-277 | Two nodes failed; one was replaced. The other waits. | Ada\nNext | row | Bob"

    assert cut(text) == text.split("\n")


def test_commands_on_lines_of_their_own_stay_apart() -> None:
    text = (
        "kubectl set env deploy/api DB_HOST=r1.db.internal --namespace production\n"
        "lumenctl maintenance off --all\n"
        "result = client.fetch(limit=10)\n"
        "print(result)"
    )

    assert cut(text) == text.split("\n")
