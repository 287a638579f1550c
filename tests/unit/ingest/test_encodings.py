"""Bytes of unknown encoding."""

import pytest

from ingest.reading.encodings import decode

TEXTS = {
    "utf-8": "Leave is 23 days. 年假23天。",
    "utf-8-sig": "每位员工每年有年假。",
    "utf-16": "Plain words with a mark.",
    "utf-16-le": "This text has no mark at its beginning.",
    "gb18030": "每位员工每年享有二十三天带薪年假，未使用的年假在三月失效。",
    "big5": "每位員工每年享有二十三天帶薪年假，未使用的年假在三月失效。",
    "cp932": "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,40,名古屋",
    "cp1252": "Die Mitarbeiter können fünf Tage früher übernehmen.",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_text_comes_out_as_it_was_written(encoding: str) -> None:
    assert decode(TEXTS[encoding].encode(encoding))[0] == TEXTS[encoding]


def test_what_the_file_says_of_itself_counts_if_it_fits() -> None:
    assert decode("привет".encode("koi8-r"), "koi8-r")[0] == "привет"
    assert decode("年假".encode(), "ascii")[0] == "年假"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "产品,价格,备注\n水泵,340,含税价格\n阀门,12,不含税\n"),
        ("gb18030", "合同编号：HT-2024-001\n甲方：苏州泵业有限公司"),
        ("gb18030", "年假26天"),
        ("gb18030", "年假二十六天"),
        ("gb18030", "差旅"),
        ("big5", "產品,價格,備註\n水泵,340,含稅"),
        ("big5", "員工手冊"),
        ("utf-16-le", "报销标准：住宿每晚400元"),
        ("euc_jp", "製品,価格,備考\nポンプ,340,税込"),
        ("euc_kr", "제품,가격,비고\n펌프,340,부가세 포함"),
        ("koi8-r", "Название,Цена\nНасос,340"),
        ("cp1251", "привет"),
        ("cp1252", "Müßiggang"),
        ("cp1252", "10–20 days and costs €5. The “office” isn’t open"),
    ],
)
def test_short_texts_and_tables_come_out_as_they_were_written(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding))[0] == text


def test_a_bad_byte_spoils_one_character_and_not_the_text() -> None:
    whole = "每位员工每年享有二十三天。"

    assert decode(whole.encode()[:-1])[0] == f"{whole[:-1]}\ufffd"
    assert decode(b"".join([whole.encode(), b"\xff", whole.encode()]))[0] == f"{whole}\ufffd{whole}"
    assert decode(whole.encode("gbk")[:-1], "gbk")[0].startswith(whole[:-1])


@pytest.mark.parametrize(
    ("named", "written", "text"),
    [
        ("iso-8859-1", "cp1252", "10–20 days, €5. The “office” isn’t"),
        ("gb2312", "gbk", "总理朱镕基"),
        ("gb2312", "utf-8", "年假26天"),
        ("iso-8859-1", "utf-8", "Größe und 年假"),
        ("iso-2022-jp", "iso-2022-jp", "名前は佐藤です"),
        ("no-such-charset", "utf-8", "年假"),
    ],
)
def test_what_a_page_names_is_read_as_browsers_read_it(named: str, written: str, text: str) -> None:
    assert decode(text.encode(written), named)[0] == text
