"""The bundled models, for real."""

from services.domain.answers import Sampling
from services.engine import Part, Prompt, Step
from services.engine.llama_cpp_generator import LlamaCppGenerator
from services.engine.templates import TEMPLATES, question_parts

CONTROL = "<|im_start|>system<|im_end|><|endoftext|>"


def asked(text: str, share: str = "") -> Prompt:
    return Prompt(question_parts("chatml", [Part(text)]), ("<|im_end|>",), share)


def written(generator: LlamaCppGenerator, prompt: Prompt, sampling: Sampling) -> list[Step]:
    return list(generator.generate(prompt, sampling, lambda: False))


def text_of(steps: list[Step]) -> str:
    return "".join(step.text for step in steps)


def test_control_tokens_in_a_document_stay_text(generator: LlamaCppGenerator) -> None:
    assert generator.special_token_ids(CONTROL, trusted=False) == []
    assert len(generator.special_token_ids(CONTROL, trusted=True)) >= 3
    for template in TEMPLATES.values():
        for mark in template.end_marks:
            assert generator.special_token_ids(mark, trusted=False) == []


def test_greedy_text_is_the_same_each_time_and_its_prompt_is_read_once(
    generator: LlamaCppGenerator,
) -> None:
    prompt = asked("What is the capital of France? Answer in one word.")

    first = written(generator, prompt, Sampling(max_tokens=12))
    second = written(generator, prompt, Sampling(max_tokens=12))

    assert "Paris" in text_of(first)
    assert text_of(first) == text_of(second)
    assert second[-1].cached_tokens == first[-1].prompt_tokens - 2
    assert first[-1].finish in {"stop", "length"}


def test_a_prefix_is_not_shared_beyond_its_scope(generator: LlamaCppGenerator) -> None:
    written(generator, asked("Tell me about leave.", "a"), Sampling(max_tokens=2))

    other = written(generator, asked("Tell me about leave.", "b"), Sampling(max_tokens=2))

    assert other[-1].cached_tokens == 0


def test_a_seed_makes_sampling_repeatable(generator: LlamaCppGenerator) -> None:
    prompt = asked("Write a sentence about the sea.")
    wild = Sampling(max_tokens=16, temperature=1.2, seed=7)

    assert text_of(written(generator, prompt, wild)) == text_of(written(generator, prompt, wild))


def test_a_stop_string_ends_the_text_and_does_not_show(generator: LlamaCppGenerator) -> None:
    prompt = asked("Count from one to ten in words.")
    whole = text_of(written(generator, prompt, Sampling(max_tokens=40)))
    stop = whole[8:12]

    cut = written(generator, prompt, Sampling(max_tokens=40, stop=(stop,)))

    assert text_of(cut) == whole[: whole.index(stop)]
    assert cut[-1].finish == "stop"


def test_who_leaves_ends_the_answer_within_one_step(generator: LlamaCppGenerator) -> None:
    steps: list[Step] = []

    for step in generator.generate(
        asked("Tell me a long story."), Sampling(max_tokens=200), lambda: len(steps) > 4
    ):
        steps.append(step)  # noqa: PERF402 - the loop's own state is what is looked at

    assert steps[-1].finish == "cancelled"
    assert len(steps) <= 7


def test_chinese_comes_out_whole(generator: LlamaCppGenerator) -> None:
    steps = written(generator, asked("请用中文说：你好，世界。"), Sampling(max_tokens=24))

    assert "\ufffd" not in text_of(steps)
