"""The order in which an answer's sentences are told, and what belongs to them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.answering.arranging import arranged, says_nothing_new
from services.answering.composing import Ranked
from services.answering.evidence import Evidence
from services.answering.leads import number_of_item
from services.domain.documents import Span
from services.domain.passages import Found

MakeEvidence = Callable[..., Evidence]
LIMITS = {"length": 60, "most_length": 200}
STEPS = (
    "Sign in as admin.",
    "1. Open the panel.",
    "2. Pull the lever.",
    "Hold it.",
    "3. Wait.",
    "Call the desk.",
)


def passage(make: MakeEvidence, lines: str, *, lead: str | None = None) -> list[Evidence]:
    """Return the sentences of a text; those between bars stand in one line."""
    text = lines.replace("|", " ")
    found = make(text).found
    made: list[Evidence] = []
    at = 0
    for position, sentence in enumerate(lines.replace("\n", "|").split("|")):
        at = text.index(sentence, at)
        made.append(
            replace(
                make(sentence, lead=lead),
                found=Found(replace(found.passage, text=text), 1.0),
                position=position,
                span=Span(at, at + len(sentence)),
            )
        )
    return made


def told(best: list[Evidence], question: str, *chosen: int, **limits: float) -> list[str]:
    ranked = [Ranked(one, 1.0) for one in best]
    picked = [best[at] for at in chosen]
    found = arranged(picked, ranked, {**LIMITS, **limits}, "en", question)
    return [one.quote for one in found]


def test_who_asks_for_steps_gets_them_all_in_order(evidence: MakeEvidence) -> None:
    lines = "\n".join(STEPS).replace("lever.\nHold", "lever.|Hold")
    best = passage(evidence, lines)

    assert told(best, "How do I start it?", 3, 1, 5) == list(STEPS[1:5])
    assert told(best, "How do I start it?", 0, 3) == list(STEPS[:5])
    assert told(best, "Who pulls the lever?", 2, 1) == [STEPS[1], STEPS[2]]
    assert told(best, "How do I start it?", 2, most_length=7) == [STEPS[1], STEPS[2]]
    assert told(best, "How do I start it?", 2, most_length=1) == [STEPS[2]]


def test_who_asks_for_all_gets_every_row_that_holds_as_much(evidence: MakeEvidence) -> None:
    rows = ("SB-1 | 铣床 | 一车间", "SB-2 | 车床 | 二车间", "SB-3 | 冲床 | 一车间")
    held = [
        replace(
            evidence(row, header="编号 | 名称 | 地点"),
            span=Span(20 * i, 20 * i + len(row)),
            position=i,
            covers=frozenset({"一车间"} if "一车间" in row else ()),
        )
        for i, row in enumerate(rows)
    ]
    best = [Ranked(held[2], 2.0), Ranked(held[0], 1.9), Ranked(held[1], 1.0)]

    told = arranged([held[2]], best, LIMITS, "zh", "一车间有哪些设备？")
    one = arranged([held[2]], best, LIMITS, "zh", "一车间的设备是什么？")

    assert [row.quote[:4] for row in told] == ["SB-1", "SB-3"]
    assert one == [held[2]]


def test_two_lists_are_not_one(evidence: MakeEvidence) -> None:
    best = passage(evidence, "1. Open it.\n2. Close it.\n\n1. Wipe it.\n2. Dry it.")

    assert told(best, "What are the steps?", 4) == ["1. Wipe it.", "2. Dry it."]


def test_what_only_repeats_the_question_goes_on(evidence: MakeEvidence) -> None:
    best = passage(evidence, "The page answers 503.|All workers are busy.|Add one.")

    assert told(best, "What if the page answers 503?", 0) == [best[0].quote, best[1].quote]
    assert told(best, "Does the page answer 503?", 0) == [best[0].quote]
    assert told(best, "What if the page answers 503?", 2) == ["Add one."]


@pytest.mark.parametrize(
    ("text", "question", "nothing"),
    [
        ("The damage is not covered.", "Which damage is not covered?", True),
        ("The damage by water is not covered.", "Which damage is not covered?", False),
        ("The damage is covered.", "Is the damage covered?", False),
        ("展厅开放。", "展厅什么时候开放？", True),
        ("展厅开放。", "展厅开放吗？", False),
    ],
)
def test_to_repeat_a_question_answers_yes_or_no_alone(
    text: str, question: str, nothing: bool
) -> None:
    assert says_nothing_new(text, question) is nothing


def test_half_a_sentence_is_told_with_its_first_half(evidence: MakeEvidence) -> None:
    best = passage(evidence, "Yellow codes allow to go on;|red codes stop the unit.|Call us.")
    lines = passage(evidence, "Yellow codes allow to go on;\nred codes stop the unit.")

    assert told(best, "Which codes stop it?", 1) == [best[0].quote, best[1].quote]
    assert told(best, "Who is called?", 2) == ["Call us."]
    assert told(lines, "Which codes stop it?", 1) == [lines[1].quote]


def test_what_answers_best_stands_first_unless_it_goes_on(evidence: MakeEvidence) -> None:
    plain = passage(evidence, "Orders close at 15:30.\nNone on Sundays.")
    begun = passage(evidence, "Nine were destroyed;|seven were released.")
    asked = passage(evidence, "Take a photo.\nWithout one nothing is paid.", lead="What to do?")

    assert told(plain, "Sundays?", 1, 0) == [plain[1].quote, plain[0].quote]
    assert told(begun, "Destroyed?", 1, 0) == [begun[0].quote, begun[1].quote]
    assert told(asked, "Paid?", 1, 0) == [asked[0].quote, asked[1].quote]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3. Close it.", 3),
        ("（十二）转租", 12),
        ("二十、其他", 20),
        ("2) Dry it.", 2),
        ("4 Put the belt on", 4),
        ("1.5 hours", None),
        ("3、4号楼", None),
        ("三、四楼", None),
        ("10 litres", None),
        ("Close it.", None),
    ],
)
def test_items_begin_with_a_number(text: str, number: int | None) -> None:
    assert number_of_item(text) == number


def test_a_numbered_heading_that_repeats_the_question_is_told_with_what_follows(
    evidence: MakeEvidence,
) -> None:
    best = passage(evidence, "1. Launch of GlucoTrack 3\nIt is on 4 March.")

    assert told(best, "When is the launch of GlucoTrack 3?", 0) == [one.quote for one in best]
