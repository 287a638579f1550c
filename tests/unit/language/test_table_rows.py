"""Rows of tables with the names of their columns."""

import pytest

from services.language.table_rows import as_heading, header_of, named_by, rows_of, ruled, told

PUMPS = "Product | Price in EUR | Warranty\nPump A | 120 | 24\nPump B | 340 | 36"


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("Product | Price | Warranty", True),
        ("产品 | 单价（元） | 保修（月）", True),
        ("Region (in millions) | 2023 | 2022 | Change", True),
        ("项目 | 2023年 | 2022年", True),
        (" | Q1 | Q2", True),
        ("型号 | 功率（千瓦） | 备注", True),
        ("Ada | 3rd floor, left | Paris", True),
        ("水泵甲 | 120元 | 24个月", False),
        ("Pump | USD 120 | 24 mo", False),
        ("Pump A | 120 | 24", False),
        ("Northern Europe | 4,512.7 | 7.5 %", False),
        ("Net sales | $ 1,204 | (330.9)", False),
        ("Pump A | ", False),
        (f"{'long ' * 60} | name | other", False),
        # As well a list of facts.
        ("Company | Acme Ltd", False),
    ],
)
def test_a_first_row_names_the_columns_unless_amounts_stand_in_it(first: str, names: bool) -> None:
    assert header_of([first, "Pump B | 340 | 36"]) == (first.strip() if names else None)


def test_names_in_two_rows_or_of_two_columns_are_names_by_their_words() -> None:
    tiers = ["累计工作年限 | 年假天数", "满1年不满10年 | 5天", "满10年不满20年 | 10天"]
    levels = [
        "等级 | 判定条件 | | 报告时限 | 负责人",
        "等级 | 判定条件 偏差幅度 | 判定条件 持续时间 | 报告时限 | 负责人",
        "一级 | 2℃以内 | 不超过30分钟 | 当班结束前 | 班组长",
        "二级 | 2℃至5℃ | 30分钟至2小时 | 30分钟内 | 库区经理",
    ]

    assert header_of(tiers) == tiers[0]
    assert header_of(levels) == levels[1]
    assert header_of(["Name | Petra Lang", "Room | 12", "Phone | 555"]) is None


def test_without_amounts_nothing_surely_names_columns() -> None:
    assert header_of(["Home | About | Contact", "Privacy | Terms | Help"]) is None


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("Office | Opens | Lunch;Hamburg | 07:00 | 12:00 to 14:00;Suzhou | 08:00 |", True),
        ("办公室 | 开门 | 午餐;汉堡 | 早上7点 | 12点起;苏州 | 早上8点 | 无", True),
        ("Leave | Notice | Who;---|---|---;Parental | 30 days | HR;Study | 14 days | lead", True),
        # Numbers in the first row, too; in only some of a column; in one row alone.
        ("Hamburg | 07:00 | 20:00;Suzhou | 08:00 | 19:00;Leeds | 09:00 | 18:00", False),
        ("Home | About | Contact;Privacy | Terms | Help;Jobs | 24h desk | Map", False),
        ("Home | About | Contact;Privacy | 24h desk | Help", False),
    ],
)
def test_without_amounts_a_row_above_a_column_of_numbers_names_columns(
    rows: str, names: bool
) -> None:
    lines = rows.split(";")

    assert header_of(lines) == (lines[0] if names else None)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("错误码 | 含义 | 处理建议;E-A | 请求过多 | 稍后重试;E-B | 签名错误 | 检查密钥", True),
        ("保养级别 | 执行人;日常 | 司机;一级 | 维修工", True),
        (
            "Symptom | Cause | Remedy;---|---|---;No light | Fuse | Replace;Noise | Belt | Tighten",
            True,
        ),
        ("Option | Meaning;debug | Tells more;quiet | Tells less", True),
        # Forms, one row alone, a menu, one name alone.
        ("姓名 | 张三 | 部门 | 财务部;电话 | 无 | 邮箱 | 无;备注 | 无 | 职务 | 会计", False),
        ("时间 | 周二下午 | 地点 | 二楼;出席 | 张三;缺席 | 李四", False),
        ("等级 | 判定条件 | | 报告时限;一级 | 短 | 小 | 当天;二级 | 长 | 大 | 立即", True),
        ("Option | Meaning;debug | Tells more", False),
        ("Home | Products | Contact;Privacy | Terms | Help;Jobs | Press | Map", False),
        ("Step | ;debug | Tells more;quiet | Tells less", False),
    ],
)
def test_words_that_name_columns_name_them(rows: str, names: bool) -> None:
    lines = rows.split(";")

    assert header_of(lines) == (lines[0] if names else None)


def test_a_caption_is_no_row() -> None:
    assert header_of(["Prices of pumps", *PUMPS.splitlines()]) == PUMPS.splitlines()[0]


def named(text: str, above: str | None = None) -> list[tuple[str, str | None]]:
    return [(text[row.start : row.end], row.header) for row in rows_of(text, above)]


def test_each_row_has_the_header_of_its_own_table() -> None:
    product, floor = "Product | Price in EUR | Warranty", "Name | Floor | Since"
    text = f"Prices are these.\n{PUMPS}\n\nStaff:\n\n{floor}\nAda | 3 | 2019\nA line of text."

    assert named(text) == [
        (product, None),
        ("Pump A | 120 | 24", product),
        ("Pump B | 340 | 36", product),
        (floor, None),
        ("Ada | 3 | 2019", floor),
    ]


def test_groups_of_columns_units_and_rules_are_not_rows() -> None:
    lines = [
        "|  |  | Years Ended September 30, |  |",
        "|---|---|---|---|",
        "|  | 2019 | 2018 | 2017 |",
        "|  |  | (in millions) |  |",
        "| Solutions: |  |  |  |",
        "| Fixed Price | $ 1,452.4 | $ 1,146.2 | (36.9) |",
    ]

    found = named("\n".join(lines))

    assert [header for _, header in found] == [None] * 3 + [lines[2]] * 3
    assert told(lines[2], lines[5], "en") == (
        "Fixed Price; 2019: $ 1,452.4; 2018: $ 1,146.2; 2017: (36.9)."
    )


def test_a_row_with_one_cell_does_not_end_the_table() -> None:
    header = "City | Country | Staff"
    text = f"{header}\nEurope\nParis | France | 12\n | Germany\nOthers\nRome | Italy | 5"

    assert named(text) == [
        (header, None),
        ("Europe", None),
        ("Paris | France | 12", header),
        ("| Germany", header),
        ("Others", None),
        ("Rome | Italy | 5", header),
    ]


def test_lines_among_rows_that_are_no_sentences_name_rows() -> None:
    header = "City | Country | Staff"
    text = f"{header}\nParis | France | 12\nIt is closed.\nRome | Italy | 5\nAsia\nAs of May 3"
    rest = "Asia\nKyoto | Japan | 7\n2. Others"

    assert [one for one, _ in named(text)] == [
        header,
        "Paris | France | 12",
        "Rome | Italy | 5",
        "Asia",
    ]
    assert [one for one, _ in named(rest)] == ["2. Others"]
    assert [one for one, _ in named(rest, as_heading(header))] == rest.split("\n")


def test_later_rows_stand_under_the_header_above_and_no_other_table_does() -> None:
    header = as_heading("Item | Amount | Date")
    rows = "Europe\nHotel | 200 | May\nItem | Amount | Date\nFood | 300 | June"
    other = "A | B\nC | D"

    assert named(f"{rows}\n\n{other}", header) == [
        ("Europe", None),
        ("Hotel | 200 | May", header),
        ("Item | Amount | Date", None),
        ("Food | 300 | June", header),
    ]
    assert named_by(("Costs", header)) == header
    assert named_by(("Costs", "Products | Acme")) is None
    assert named_by(()) is None


def test_a_line_with_a_bar_alone_is_no_table() -> None:
    assert named("News | The Daily | 12\nIt rained.") == []


@pytest.mark.parametrize(
    ("header", "row", "language", "sentence"),
    [
        ("Product | Price", "Pump B | 340", "en", "Product: Pump B; Price: 340."),
        ("产品 | 单价（元）", "水泵乙 | 340", "zh", "产品：水泵乙；单价（元）：340。"),
        (" | 2023 | 2022", "Asia | 812.4 | 640.1", "en", "Asia; 2023: 812.4; 2022: 640.1."),
        ("(in millions) | 2023", "Asia | 812", "en", "Asia (in millions); 2023: 812."),
        ("（万元） | 2023年", "亚洲 | 812", "zh", "亚洲（万元）；2023年：812。"),
        ("Product | Price | Note", "Pump B |  | new", "en", "Product: Pump B; Note: new."),
        ("Product | Price", "Pump B | 340 | 36", "en", None),
        ("Product | Price", "Pump B", "en", None),
        ("Term | Meaning", "API | An interface.", "en", "Term: API; Meaning: An interface."),
    ],
)
def test_a_row_is_told_as_a_sentence(
    header: str, row: str, language: str, sentence: str | None
) -> None:
    assert told(header, row, language) == sentence


HEADER = " | Three months ended June 25, 2022 | Three months ended June 26, 2021 | Change"


@pytest.mark.parametrize(
    ("years", "sentence"),
    [
        ({"2022"}, "Pumps; Three months ended June 25, 2022: 40; Change: 3 %."),
        ({"2021", "2022"}, None),
        ({"1998"}, None),
        (set(), None),
    ],
)
def test_amounts_of_other_years_than_those_asked_for_are_left_out(
    years: set[str], sentence: str | None
) -> None:
    row = "Pumps | 40 | 39 | 3 %"

    assert told(HEADER, row, "en", frozenset(years)) == (sentence or told(HEADER, row, "en"))


def test_a_year_without_an_amount_leaves_no_row_empty() -> None:
    assert told(" | 2022 | 2021", "Loans |  | 7", "en", frozenset({"2022"})) == "Loans; 2021: 7."


CITIES = ["Lang | Kiel | Sales", "Braun | Bonn | Office", "Li | Suzhou | Sales"]


def test_the_row_above_a_rule_names_the_columns() -> None:
    told = ruled(CITIES)

    assert told == [CITIES[0], "--- | --- | ---", *CITIES[1:]]
    assert header_of(told) == CITIES[0]
    assert [row.header for row in rows_of("\n".join(told))] == [None, None, *[CITIES[0]] * 2]


def test_a_rule_stands_only_where_words_do_not_tell() -> None:
    prices = ["Plan | Seats | Price", "Basic | 3 | 9", "Plus | 5 | 12"]

    assert header_of(CITIES) is None
    assert ruled(prices) == prices
    assert ruled(["Term | Meaning", "Gate | A line"]) == ["Term | Meaning", "Gate | A line"]
    assert ruled([]) == []


@pytest.mark.parametrize(
    "rows",
    [
        ["代码 | 含义 | 动作", "E03 | 过载 | 停泵", "E04 | 缺相 | 停泵"],
        ["金额（元） | 设备 | 服务", "≤ 3,000 | 科主任 | 科主任", "3,001–20,000 | 设备组 | 财务部"],
    ],
)
def test_a_first_column_of_codes_or_amounts_is_under_its_name(rows: list[str]) -> None:
    assert header_of(rows) == rows[0]
    assert header_of(rows[1:]) is None
