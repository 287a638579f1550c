"""The order of passages in a prompt, and prompts that go on from the last one."""

from collections.abc import Sequence

from typing_extensions import override

from services.answering.conversations import Conversations
from services.answering.laying import blocks, in_order
from services.answering.prompt import Material, continued, pack
from services.domain.answers import Question, Turn
from services.domain.passages import Found, Passage
from services.engine import Part
from services.engine.memory_generator import MemoryGenerator

LEAD = (Part("system", trusted=True),)


class KnowingGenerator(MemoryGenerator):
    """Has a text at hand."""

    def __init__(self, text: str) -> None:
        super().__init__(lambda _text: "")
        self._text = text

    @override
    def at_hand(self, share: str, parts: Sequence[Part]) -> int:
        asked = "".join(part.text for part in parts)
        same = next(
            (i for i, (a, b) in enumerate(zip(asked, self._text, strict=False)) if a != b),
            min(len(asked), len(self._text)),
        )
        return self.count_tokens(asked[:same]) if same else 0


def found(number: int) -> Found:
    text = f"Passage {number} tells something of its own, number {number}. " * 4
    passage = Passage(number, f"d{number}", "d", f"T{number}", "s", "c", "c", 0, text, 0, len(text))
    return Found(passage, 1.0)


def test_what_is_at_hand_comes_first_and_the_best_of_the_rest_last() -> None:
    laid = blocks([found(1), found(2), found(3)], KnowingGenerator(""), 4000).blocks
    known = "system" + "".join(part.text for part in laid[1].parts)

    order = in_order(LEAD, laid, KnowingGenerator(known), "")

    assert [block.passages for block in order] == [(2,), (3,), (1,)]


def test_with_nothing_at_hand_the_best_passage_stands_nearest_the_question() -> None:
    laid = blocks([found(1), found(2), found(3)], KnowingGenerator(""), 4000).blocks

    order = in_order(LEAD, laid, KnowingGenerator(""), "")

    assert [block.passages for block in order] == [(3,), (2,), (1,)]


def test_a_conversation_goes_on_from_its_last_prompt_without_repeating_a_passage() -> None:
    generator = MemoryGenerator(lambda _text: "")
    first = pack(Question("Why?"), Material("en", [found(1), found(2)], "", "s"), generator, 900)
    told = continued(first, "Because.", "chatml")
    turns = (Turn("user", "Why?"), Turn("assistant", "Because."))

    second = pack(
        Question("And then?", turns),
        Material("en", [found(2), found(3)], "", "s", told=told),
        generator,
        900,
    )

    assert second.prompt.parts[: len(told.parts)] == told.parts
    assert told.parts[: len(first.prompt.parts)] == first.prompt.parts
    text = "".join(part.text for part in second.prompt.parts)
    assert text.count("Passage 2 tells something of its own, number 2. Passage 2") == 2
    assert set(second.used) == {2, 3}


def test_a_conversation_that_fills_the_window_is_laid_out_afresh() -> None:
    generator = MemoryGenerator(lambda _text: "")
    told = continued(
        pack(Question("x" * 12_500), Material("en", [found(1)], "", "s"), generator, 900),
        "",
        "chatml",
    )

    second = pack(Question("So?"), Material("en", [found(1)], "", "s", told=told), generator, 900)

    assert second.prompt.parts[0].text != "x"
    assert len("".join(part.text for part in second.prompt.parts)) < 9000


def test_layouts_are_found_by_exactly_the_turns_and_what_may_be_read() -> None:
    conversations = Conversations()
    turns = [Turn("user", "a"), Turn("assistant", "b")]
    packed = pack(Question("a"), Material("en", [], "", "s"), MemoryGenerator(lambda _t: ""), 400)
    told = continued(packed, "b", "chatml")
    conversations.remember("s", turns, told)

    assert conversations.recall("s", turns) == told
    assert conversations.recall("other", turns) is None
    assert conversations.recall("s", turns[:1]) is None
