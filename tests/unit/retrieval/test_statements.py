"""Questions for a figure of the accounts."""

import pytest

from services.retrieval.standalone import views
from services.retrieval.statements import statement_of


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is Adobe's gross margin in FY2022?", "statements of income"),
        ("What were Amazon's days payable in 2017?", "balance sheets"),
        ("How much free cash flow did Boeing have in 2022?", "statements of cash flows"),
        ("示例公司2022年的毛利率是多少？", "合并利润表"),
    ],
)
def test_a_figure_of_a_period_leads_to_its_statement(question: str, expected: str) -> None:
    assert expected in statement_of(question)
    assert views(question, ())[-1].text == statement_of(question)


def test_names_and_years_of_the_question_go_with_it() -> None:
    assert statement_of("What is Adobe's gross margin in FY2022?").endswith("Adobe's FY2022")


@pytest.mark.parametrize("question", ["What is a gross margin?", "Who won in 2022?", "年假几天？"])
def test_other_questions_are_left_alone(question: str) -> None:
    assert statement_of(question) == ""
    assert len(views(question, ())) == 1
