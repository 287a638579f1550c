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
