"""The scheduler over a real model: equal text, saved states, grammars, adapters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from services.domain.answers import Sampling, Turn
from services.domain.errors import EngineError, InvalidRequestError, ModelFileError, SettingsError
from services.engine import Part, Prompt
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions, LlamaContext
from services.engine.llama_cpp_generator import LlamaCppGenerator
from services.engine.llama_cpp_shape import shape_of
from services.engine.llama_cpp_weights import EIGHT_BITS
from services.engine.prefix_tree import Tokens, common
from services.engine.templates import chat_parts, question_parts
from services.engine.writing import Order, Writing
from services.settings import Settings
from services.wiring import adapter_files, checked_model, open_generator

DOCUMENT = " ".join(
    f"Section {n}: employees of grade {n} have {20 + n} days of leave, agreed in {1990 + n}."
    for n in range(1, 15)
)
# What rounding in other batch shapes moves a logit by, at most, with this quantised model.
NEAR_TIE = 0.3
QUESTIONS = [f"How many days of leave has grade {n}? One sentence." for n in range(1, 7)]


def asked(question: str, document: str = "") -> Prompt:
    told = chat_parts("chatml", [Turn("system", f"Answer briefly. {document}")])
    return Prompt((*told, *question_parts("chatml", [Part(question)])), ("<|im_end|>",))


def text_of(generator: LlamaCppGenerator, prompt: Prompt, sampling: Sampling) -> str:
    return "".join(step.text for step in generator.generate(prompt, sampling, lambda: False))


def begun(generator: LlamaCppGenerator, prompt: Prompt, sampling: Sampling) -> Writing:
    return generator._scheduler.submit(Order(generator._tokens(prompt.parts), sampling))


def tokens_of(writing: Writing) -> Tokens:
    list(writing.steps(lambda: False))
    return writing.tokens.copy()


def tie_gap(one: Tokens, other: Tokens) -> float:
    """Return by how much the two likeliest tokens differ in log probability where two texts part;
    0 if they are equal. Other batch shapes round differently: a near tie may fall either way.
    """
    same = common(one, other)
    if same == len(one) == len(other):
        return 0.0
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    file = folder / next(iter(source.files))
    # As the service runs it by rule.
    options = ContextOptions(
        cells=2048,
        sequences=1,
        threads=1,
        flash_attention=False,
        unified=False,
        weights=EIGHT_BITS,
    )
    context = LlamaContext(file, options)
    for start in range(0, same - 1, context.batch_tokens):
        context.decode([Row(0, start, one[start : min(start + context.batch_tokens, same - 1)])])
    context.decode([Row(0, same - 1, one[same - 1 : same], 1)])
    best = np.sort(context.logits(0))[-2:]
    context.close()
    return float(best[1] - best[0])


@contextmanager
def engine(folder: Path, **given: object) -> Iterator[LlamaCppGenerator]:
    # What the probe finds is for speed; the demo in tests/e2e/test_no_egress.py starts with it.
    settings = Settings.load(data_dir=folder, context_tokens=2048, probe=False, **given)
    generator = open_generator(settings)
    assert isinstance(generator, LlamaCppGenerator)
    try:
        yield generator
    finally:
        generator.close()


@pytest.mark.parametrize("pool", ["unified", "split"])
def test_greedy_text_in_a_batch_is_that_of_each_alone(tmp_path: Path, pool: str) -> None:
    greedy = Sampling(max_tokens=16)
    prompts = [asked(question, DOCUMENT) for question in QUESTIONS]

    with engine(tmp_path / "a", kv_pool=pool, kv_tokens=12_288) as generator:
        running = [begun(generator, prompt, greedy) for prompt in prompts]
        together = [tokens_of(one) for one in running]
        read = generator.stats.prompt_tokens
        counted = sum(generator.count_tokens(part.text) for part in prompts[0].parts)
    with engine(tmp_path / "b") as generator:
        alone = [tokens_of(begun(generator, prompt, greedy)) for prompt in prompts]

    parted = max(tie_gap(one, other) for one, other in zip(together, alone, strict=True))
    assert parted < NEAR_TIE if pool == "unified" else parted == 0
    assert read < counted + len(QUESTIONS) * 80


def test_a_state_on_disk_spares_the_prompt_after_a_restart(tmp_path: Path) -> None:
    greedy = Sampling(max_tokens=12)
    with engine(tmp_path) as generator:
        first = tokens_of(begun(generator, asked(QUESTIONS[0], DOCUMENT), greedy))

    with engine(tmp_path) as generator:
        writing = begun(generator, asked(QUESTIONS[0], DOCUMENT), greedy)
        steps = list(writing.steps(lambda: False))
        restored = generator.stats.figures()["restored_prefixes_total"]

    assert restored == 1
    assert steps[-1].cached_tokens == steps[-1].prompt_tokens - 2
    assert tie_gap(writing.tokens, first) < NEAR_TIE
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "kv").rglob("*.kv"))


@pytest.mark.parametrize("answers", [1, 6])
def test_a_state_on_disk_serves_a_start_with_other_pools(tmp_path: Path, answers: int) -> None:
    """How many fit depends on the memory that is free at the start."""
    greedy = Sampling(max_tokens=12)
    prompt = asked(QUESTIONS[0], DOCUMENT)
    with engine(tmp_path, answers_at_once=3, kv_pool="split") as generator:
        pools = generator._context.sequences
        first = tokens_of(begun(generator, prompt, greedy))

    with engine(tmp_path, answers_at_once=answers, kv_pool="split") as generator:
        assert generator._context.sequences != pools
        writing = begun(generator, prompt, greedy)
        steps = list(writing.steps(lambda: False))
        restored = generator.stats.figures()["restored_prefixes_total"]

    assert restored == 1
    assert steps[-1].cached_tokens == steps[-1].prompt_tokens - 2
    assert np.array_equal(writing.tokens, first)


def test_a_damaged_state_is_not_read_and_the_answer_is_the_same(tmp_path: Path) -> None:
    greedy = Sampling(max_tokens=12)
    with engine(tmp_path) as generator:
        first = text_of(generator, asked(QUESTIONS[0], DOCUMENT), greedy)
    for file in (tmp_path / "kv").rglob("*.kv"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)

    with engine(tmp_path) as generator:
        second = text_of(generator, asked(QUESTIONS[0], DOCUMENT), greedy)
        restored = generator.stats.figures()["restored_prefixes_total"]

    assert (second, restored) == (first, 0)


def test_a_schema_is_kept_whatever_the_model_would_say(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"days": {"type": "integer"}},
        "required": ["days"],
        "additionalProperties": False,
    }
    with engine(tmp_path) as generator:
        sampling = Sampling(max_tokens=40, json_schema=schema)
        told = text_of(generator, asked(QUESTIONS[0], DOCUMENT), sampling)

    assert set(json.loads(told)) == {"days"}


def test_a_schema_that_allows_nothing_fails_and_the_engine_goes_on(tmp_path: Path) -> None:
    with engine(tmp_path) as generator:
        for pattern in ("^[z-a]$", "^[^\\u0000-\\U0010ffff]$"):
            sampling = Sampling(max_tokens=8, json_schema={"type": "string", "pattern": pattern})
            with pytest.raises(EngineError, match="nothing can follow"):
                text_of(generator, asked(QUESTIONS[0], DOCUMENT), sampling)

        assert text_of(generator, asked(QUESTIONS[0], DOCUMENT), Sampling(max_tokens=8))


def test_characters_of_any_plane_stand_in_a_schema(tmp_path: Path) -> None:
    with engine(tmp_path) as generator:
        sampling = Sampling(max_tokens=12, json_schema={"const": "中😀"})

        assert json.loads(text_of(generator, asked("Say it."), sampling)) == "中😀"


def test_biases_and_penalties_change_what_is_written(tmp_path: Path) -> None:
    prompt = asked("Say the word yes again and again.")
    with engine(tmp_path) as generator:
        writing = begun(generator, prompt, Sampling(max_tokens=12))
        plain, at = tokens_of(writing), writing.prompt_tokens
        banned = Sampling(max_tokens=12, logit_bias=((int(plain[at]), -100.0),))
        penalised = Sampling(max_tokens=12, repeat_penalty=1.8, presence_penalty=1.0)

        assert tokens_of(begun(generator, prompt, banned))[at] != plain[at]
        assert tokens_of(begun(generator, prompt, penalised)).tolist() != plain.tolist()


def test_an_unreadable_grammar_is_refused(tmp_path: Path) -> None:
    with engine(tmp_path) as generator, pytest.raises(InvalidRequestError, match="GBNF"):
        text_of(generator, asked("Hello"), Sampling(max_tokens=4, grammar="root ::= ("))


def test_drafts_from_the_prompt_leave_the_text_as_it_is(tmp_path: Path) -> None:
    prompt = asked("Repeat section 3 word by word.", DOCUMENT)
    greedy = Sampling(max_tokens=40)
    with engine(tmp_path / "a") as generator:
        plain = tokens_of(begun(generator, prompt, greedy))
    with engine(tmp_path / "b", draft_tokens=6) as generator:
        drafted = tokens_of(begun(generator, prompt, greedy))
        stats = generator.stats

    assert stats.draft_hits > 0
    assert tie_gap(drafted, plain) < NEAR_TIE


def test_an_adapter_is_applied_and_an_absent_one_refused(tmp_path: Path) -> None:
    file = tmp_path / "loud.gguf"
    save_adapter(file)
    with engine(tmp_path / "a") as generator:
        plain = text_of(generator, asked(QUESTIONS[0], DOCUMENT), Sampling(max_tokens=12))
    with engine(tmp_path / "b", adapters=str(file)) as generator:
        adapted = text_of(generator, asked(QUESTIONS[0], DOCUMENT), Sampling(max_tokens=12))

    assert adapted != plain
    with pytest.raises(SettingsError, match="no file"):
        adapter_files(Settings.load(adapters="nowhere.gguf"))


def test_an_adapter_that_does_not_fit_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "no-adapter.gguf"
    file.write_bytes(b"127.0.0.1 localhost")

    with (
        pytest.raises(ModelFileError, match=r"no-adapter.gguf does not fit"),
        engine(tmp_path / "a", adapters=str(file)),
    ):
        pass


def test_the_shape_comes_from_the_file_without_its_weights(tmp_path: Path) -> None:
    source, folder = checked_model(Settings.load(), "smollm2-135m-instruct", "generation")
    shape = shape_of(folder / next(iter(source.files)))

    assert (shape.layers, shape.kv_heads, shape.head_length, shape.width) == (30, 3, 64, 576)
    assert shape.trained_context == 8192
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ModelFileError, match=r"broken\.gguf"):
        shape_of(broken)


def save_adapter(file: Path) -> None:
    """Save a LoRA of rank 2 with random weights for the first layer's value projection."""
    chance = np.random.default_rng(1)
    writer = GGUFWriter(str(file), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 64.0)
    writer.add_tensor("blk.0.attn_v.weight.lora_a", chance.normal(size=(2, 576)).astype("f4"))
    writer.add_tensor("blk.0.attn_v.weight.lora_b", chance.normal(size=(192, 2)).astype("f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
