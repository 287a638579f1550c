"""The bundled models, for real."""

from contextlib import nullcontext

import numpy as np
import pytest

from services.domain.answers import Sampling
from services.engine import Part, Prompt, Step, sentence_transformers_embedder
from services.engine.llama_cpp_generator import LlamaCppGenerator
from services.engine.sentence_transformers_embedder import SentenceTransformersEmbedder
from services.engine.templates import TEMPLATES, question_parts
from services.engine.threads import FreeCores
from services.settings import Settings
from services.wiring import open_embedder

CONTROL = "<|im_start|>system<|im_end|><|endoftext|>"


def asked(text: str, share: str = "") -> Prompt:
    return Prompt(question_parts("chatml", [Part(text)]), ("<|im_end|>",), share)


def written(generator: LlamaCppGenerator, prompt: Prompt, sampling: Sampling) -> list[Step]:
    return list(generator.generate(prompt, sampling, lambda: False))


def text_of(steps: list[Step]) -> str:
    return "".join(step.text for step in steps)


def test_a_question_is_nearest_to_its_answer(embedder: SentenceTransformersEmbedder) -> None:
    passages = embedder.embed_passages(
        ["Employees have 23 days of paid leave.", "The moon orbits the earth.", "Cats sleep."]
    )
    question = embedder.embed_question("How long is my vacation?")

    likeness = [float(p.vector @ question.vector) for p in passages]

    assert int(np.argmax(likeness)) == 0
    assert all(np.linalg.norm(p.vector) == pytest.approx(1, abs=1e-5) for p in passages)


def test_tokens_carry_their_places_in_the_text(embedder: SentenceTransformersEmbedder) -> None:
    text = "How long is leave?"
    question = embedder.embed_question(text)

    assert len(question.tokens) == len(question.spans) > 0
    assert text[slice(*question.spans[0])] == "How"
    passage = embedder.embed_passages([text])[0]
    assert len(passage.tokens) == len(embedder.spans(text))


def test_batching_changes_no_vector(embedder: SentenceTransformersEmbedder) -> None:
    texts = ["short", "a much longer text " * 20, "middle sized text here"]

    together = embedder.embed_passages(texts)
    alone = [embedder.embed_passages([text])[0] for text in texts]

    for one, other in zip(together, alone, strict=True):
        assert float(one.vector @ other.vector) > 0.9999


def test_lanes_give_each_text_its_own_vector_and_tokens(
    embedder: SentenceTransformersEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Room {i} holds " + "chairs and tables " * (i * 7 % 23) for i in range(40)]
    monkeypatch.setattr(FreeCores, "taken", lambda *_: nullcontext(1))
    one_lane = embedder.embed_passages(texts)

    monkeypatch.setattr(FreeCores, "taken", lambda *_: nullcontext(3))
    several = embedder.embed_passages(texts)

    for text, one, other in zip(texts, one_lane, several, strict=True):
        assert float(one.vector @ other.vector) > 0.9999
        assert len(one.tokens) == len(other.tokens) == len(embedder.spans(text))


def test_bfloat16_changes_vectors_by_less_than_they_differ(
    embedder: SentenceTransformersEmbedder,
    model_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = ["Employees have 23 days of paid leave.", "The moon orbits the earth. " * 20]
    as_it_is = embedder.embed_passages(texts)

    monkeypatch.setattr(sentence_transformers_embedder, "_HAS_BFLOAT16", False)
    exact = open_embedder(model_settings).embed_passages(texts)

    for one, other in zip(as_it_is, exact, strict=True):
        assert float(one.vector @ other.vector) > 0.9999


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
    assert second[-1].cached_tokens == first[-1].prompt_tokens - 1
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
