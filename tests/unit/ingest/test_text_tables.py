"""Tables in plain text."""

import pytest

from ingest.reading.text_tables import text_blocks

LEVELS = """\
服务等级   适用客户              电话响应    到达现场(省内)
金牌       年采购额500万元以上   30分钟      12小时
银牌       年采购额100~500万元   1小时       24小时
普通       其他                  4小时       48小时"""
CODES = """\
代码   含义              保护动作          可否自动复位
E03    电机过载          10 秒后停泵       否
E07    电机绕组超温(PTC) 立即停泵          否
E08    通讯中断          保持末次频率      可"""
GROUPS = """\
Group   Countries                                       Allowance/day
I       USA, Canada, Switzerland, Nordic countries,     USD 75
        United Kingdom, Singapore
II      Rest of the EU, Australia, Japan, Gulf states   USD 60
III     ASEAN except Singapore, Turkey                  USD 45"""
LIMITS = """\
3  LIMITS SET BY US
                         SURG (Pudong)      OBS (Xuhui)
Max rate, adult          600 mL/h           400 mL/h
Max rate, under 12 y     120 mL/h           100 mL/h
KVO rate                 3 mL/h             2 mL/h"""
RENT = """\
4.1  Basic rent, RMB per month, before VAT:
     Year 1 (May 2025 - Apr 2026)     214,000
     Year 2                           214,000
     Year 3                            24,700
4.2  Payable quarterly in advance, by the 5th day of the first month. After a grace of seven
     days, interest is due."""
REGIONS = """\
Region     City        Price
---------  ----------  -----
North      Hamburg        10
           Kiel           20
South      Munich        135"""
PRICES = """\
3.1 基准价:
    HT250泵体类      8.60元/kg
    HT200叶轮类     10.20元/kg
    一般诊室　　　　46.00元/kg"""


def _told(paragraph: str) -> list[tuple[str, list[str]]]:
    return [(block.kind, block.text.split("\n")) for block in text_blocks(paragraph)]


@pytest.mark.parametrize(
    ("paragraph", "rows"),
    [
        (
            LEVELS,
            [
                "服务等级 | 适用客户 | 电话响应 | 到达现场(省内)",
                "金牌 | 年采购额500万元以上 | 30分钟 | 12小时",
                "银牌 | 年采购额100~500万元 | 1小时 | 24小时",
                "普通 | 其他 | 4小时 | 48小时",
            ],
        ),
        (
            CODES,
            [
                "代码 | 含义 | 保护动作 | 可否自动复位",
                "E03 | 电机过载 | 10 秒后停泵 | 否",
                "E07 | 电机绕组超温(PTC) | 立即停泵 | 否",
                "E08 | 通讯中断 | 保持末次频率 | 可",
            ],
        ),
        (
            GROUPS,
            [
                "Group | Countries | Allowance/day",
                (
                    "I | USA, Canada, Switzerland, Nordic countries, United Kingdom, Singapore"
                    " | USD 75"
                ),
                "II | Rest of the EU, Australia, Japan, Gulf states | USD 60",
                "III | ASEAN except Singapore, Turkey | USD 45",
            ],
        ),
        (
            REGIONS,
            [
                "Region | City | Price",
                "North | Hamburg | 10",
                "North | Kiel | 20",
                "South | Munich | 135",
            ],
        ),
        (
            "Code\tMeaning\tReset\nF1\tDry running\tno\nF2\tOver\t\tyes",
            ["Code | Meaning | Reset", "F1 | Dry running | no", "F2 | Over | yes"],
        ),
    ],
)
def test_what_stands_under_each_other_is_a_table(paragraph: str, rows: list[str]) -> None:
    assert _told(paragraph) == [("table", rows)]


def test_a_table_is_told_apart_from_the_text_around_it() -> None:
    (above, title), (kind, rows) = _told(LIMITS)
    assert (above, title, kind) == ("text", ["3  LIMITS SET BY US"], "table")
    assert rows[0] == " | SURG (Pudong) | OBS (Xuhui)"
    assert rows[2] == "Max rate, under 12 y | 120 mL/h | 100 mL/h"

    lead, table, rest = _told(RENT)
    assert lead == ("text", ["4.1  Basic rent, RMB per month, before VAT:"])
    assert table[1][-1] == "Year 3 | 24,700"
    assert rest[0] == "text"
    assert rest[1][0].startswith("4.2  Payable")

    assert [kind for kind, _ in _told(PRICES)] == ["text", "table"]


@pytest.mark.parametrize(
    "paragraph",
    [
        "1.1  Plug it in.\n1.2  Load the set.\n1.3  Prime the line.",
        "-  Plug it in.\n-  Load the set.\n-  Prime the line.",
        "NEW  " + "a word and another one " * 4 + "\nFIX  Clock lost one hour.\nFIX  False alarm.",
        (
            "One sentence ends.  The next one begins here and\ngoes on.  It ends elsewhere,"
            "\nwhich a typist parted  from the rest by two spaces."
        ),
        "Chair: Xu    Room: 3\n\nMinutes: Li    Day: Monday",
        "Kind regards\n    Ms Li      ext. 2003\n    Office\n    18 August 2025",
        "The   woods   are   lovely\ndark  and   deep  but  I\nhave  promises  to  keep",
        "Plan | Price\nBasic | 9    EUR\nPlus | 12    EUR",
        "a  b\nc  d",
        "",
    ],
)
def test_other_text_stays_as_it_is(paragraph: str) -> None:
    kinds = {block.kind for block in text_blocks(paragraph)}

    assert kinds <= {"text"}
    assert "\n".join(block.text for block in text_blocks(paragraph)) == paragraph


def test_many_lines_take_no_longer_each() -> None:
    log = [f"12:00:{at % 60:02}  INFO     request {at}  took {at} ms" for at in range(20_000)]
    other = ["a  " + "b " * at for at in range(300)]

    table, text = text_blocks("\n".join([*log, "x" * 100_000, *other]))

    assert len(table.text.split("\n")) == len(log)
    assert len(text.text.split("\n")) == 1 + len(other)
