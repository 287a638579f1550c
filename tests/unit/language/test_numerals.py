"""Numbers and dates in one form."""

import pytest

from services.language.numerals import number_terms
from services.language.terms import terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一九九八年", ["1998"]),
        ("二〇二二年三月五日", ["2022", "3", "5", "2022-03", "2022-03-05"]),
        ("三百二十万", ["3200000"]),
        ("十二个", ["12"]),
        ("3.5亿元", ["350000000"]),
        ("1.2 million people", ["1200000"]),
        ("seven dwarfs", ["7"]),
        ("march 5, 2022", ["2022-03", "2022-03-05"]),
        ("5th march 2022", ["2022-03", "2022-03-05"]),
        ("2022-03-05", ["2022-03", "2022-03-05"]),
        ("万一千万不要一一说明", []),
        ("plain 42", []),
    ],
)
def test_one_form_for_each_number(text: str, expected: list[str]) -> None:
    assert number_terms(text) == expected


def test_a_date_is_found_in_the_other_language() -> None:
    assert {"2022-03-05"} <= set(terms("2022年3月5日")) & set(terms("March 5, 2022"))
