"""Many answers from one pretended model: each as if it were alone, and no cell lost."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from services.domain.answers import Sampling
from services.domain.errors import ContextLengthError, EngineError
from services.engine.batches import Row
from services.engine.kv_tiers import KVTiers, TierSizes
from services.engine.memory_context import MemoryContext, MemoryPicker
from services.engine.prefix_tree import Tokens
from services.engine.scheduler import Scheduler, SchedulerOptions
from services.engine.scheduler_stats import SchedulerStats
from services.engine.threads import FreeCores
from services.engine.writing import Order, Writing


def prompt(seed: int, size: int) -> Tokens:
    return np.random.default_rng(seed).integers(1, 90, size).astype(np.int32)


@contextmanager
def scheduling(
    context: MemoryContext, answers: int = 4, draft_tokens: int = 0, host: int = 0
) -> Iterator[Scheduler]:
    tiers = KVTiers(None, TierSizes(host), "")
    options = SchedulerOptions(answers, FreeCores(1), draft_tokens)
    scheduler = Scheduler(context, tiers, options, SchedulerStats())
    try:
        yield scheduler
    finally:
        scheduler.close()
        tiers.close()


def order(tokens: Tokens, most: int = 12, owner: str = "") -> Order:
    return Order(tokens, Sampling(max_tokens=most), owner=owner)


def text_of(writing: Writing) -> str:
    return "".join(step.text for step in writing.steps(lambda: False))


def alone(tokens: Tokens, most: int = 12) -> str:
    with scheduling(MemoryContext(4096)) as scheduler:
        return text_of(scheduler.submit(order(tokens, most)))


def settled(context: MemoryContext, scheduler: Scheduler) -> None:
    """Wait until nobody is at work, then compare the scheduler's account with the cells."""
    until = time.monotonic() + 2
    while scheduler._running and time.monotonic() < until:
        time.sleep(0.001)
    assert not scheduler._running
    assert scheduler._room.tree.cells == context.used


@pytest.mark.parametrize("unified", [True, False])
def test_answers_in_a_batch_are_those_they_would_be_alone(unified: bool) -> None:
    shared = prompt(0, 40)
    prompts = [np.concatenate((shared, prompt(i, 5 + i))) for i in range(10)]
    context = MemoryContext(4096, unified=unified, sequences=16)

    with scheduling(context) as scheduler:
        texts = [text_of(one) for one in [scheduler.submit(order(p)) for p in prompts]]
        if unified:
            settled(context, scheduler)

    assert texts == [alone(p) for p in prompts]


def test_a_burst_on_one_document_reads_it_once() -> None:
    document = prompt(1, 200)
    prompts = [np.concatenate((document, prompt(i, 4))) for i in range(8)]
    context = MemoryContext(4096)

    with scheduling(context, answers=8) as scheduler:
        writings = [scheduler.submit(order(p, most=2)) for p in prompts]
        for one in writings:
            text_of(one)

    assert context.read <= 200 + 8 * (4 + 2)


def test_what_rests_is_shared_up_to_the_token_where_prompts_part() -> None:
    first = prompt(1, 100)
    second = np.concatenate((first[:73], prompt(2, 10)))
    context = MemoryContext(4096)

    with scheduling(context) as scheduler:
        text_of(scheduler.submit(order(first)))
        steps = list(scheduler.submit(order(second)).steps(lambda: False))

    assert steps[-1].cached_tokens == 73
    assert "".join(step.text for step in steps) == alone(second)


def test_without_room_the_youngest_steps_back_and_resumes_without_loss() -> None:
    prompts = [prompt(i, 40) for i in range(4)]
    context = MemoryContext(150)

    with scheduling(context) as scheduler:
        writings = [scheduler.submit(order(p, most=40)) for p in prompts]
        texts = [text_of(one) for one in writings]
        preempted = scheduler._stats.preempted
        settled(context, scheduler)

    assert texts == [alone(p, most=40) for p in prompts]
    assert preempted > 0


def test_who_leaves_frees_the_place_at_the_next_step() -> None:
    context = MemoryContext(4096)

    with scheduling(context, answers=1) as scheduler:
        long = scheduler.submit(order(prompt(3, 10), most=2000))
        steps = long.steps(lambda: False)
        next(steps)
        steps.close()  # type: ignore[attr-defined]
        at = len(context.batches)
        text_of(scheduler.submit(order(prompt(4, 10))))

    rows_of_long = [rows for rows in context.batches[at + 2 :] if rows[0].start > 200]
    assert rows_of_long == []


def test_owners_take_turns() -> None:
    everybody_is_here = threading.Event()
    context = MemoryContext(4096, refuse=lambda _rows: int(not everybody_is_here.wait(5)))

    with scheduling(context, answers=2) as scheduler:
        many = [scheduler.submit(order(prompt(i, 30), 30, "a")) for i in range(12)]
        one = scheduler.submit(order(prompt(50, 30), 30, "b"))
        everybody_is_here.set()
        for writing in [*many, one]:
            text_of(writing)

    begun = [row.tokens[0] for rows in context.batches for row in rows if row.start == 0]
    # Two of the first owner had their places already.
    assert begun.index(prompt(50, 30)[0]) <= 2


def refusing(codes: list[int]) -> Callable[[list[Row]], int]:
    return lambda _rows: codes.pop(0) if codes else 0


@pytest.mark.parametrize("code", [1, 2])
def test_a_batch_that_is_not_taken_is_tried_again(code: int) -> None:
    context = MemoryContext(4096, refuse=refusing([0, 0, code, 0, code]))

    with scheduling(context) as scheduler:
        writings = [scheduler.submit(order(prompt(i, 30))) for i in range(3)]
        texts = [text_of(one) for one in writings]

    assert texts == [alone(prompt(i, 30)) for i in range(3)]


def test_a_broken_batch_fails_its_answers_with_a_reason_and_the_next_goes_well() -> None:
    context = MemoryContext(4096, refuse=refusing([0, 0, 0, -3]))

    with scheduling(context) as scheduler:
        failing = scheduler.submit(order(prompt(1, 30)))
        with pytest.raises(EngineError, match="code -3"):
            text_of(failing)
        later = text_of(scheduler.submit(order(prompt(2, 30))))
        settled(context, scheduler)

    assert later == alone(prompt(2, 30))


def test_a_fault_of_our_own_fails_those_at_work_and_the_thread_goes_on() -> None:
    faults = [False, False, True]

    def refuse(_rows: list[Row]) -> int:
        if faults and faults.pop(0):
            raise RuntimeError("a bug")
        return 0

    context = MemoryContext(4096, refuse=refuse)
    with scheduling(context) as scheduler:
        with pytest.raises(EngineError, match="a bug"):
            text_of(scheduler.submit(order(prompt(1, 30))))
        later = text_of(scheduler.submit(order(prompt(2, 30))))
        settled(context, scheduler)

    assert later == alone(prompt(2, 30))


def test_a_prompt_beyond_the_window_is_refused_at_once() -> None:
    with (
        scheduling(MemoryContext(64)) as scheduler,
        pytest.raises(ContextLengthError, match="window"),
    ):
        scheduler.submit(order(prompt(1, 64)))


def test_a_shut_down_ends_everything_with_a_reason() -> None:
    # Aborted again and again: none ends by itself.
    context = MemoryContext(100_000, refuse=lambda _rows: 2)
    with scheduling(context, answers=1) as scheduler:
        writings = [scheduler.submit(order(prompt(i, 30))) for i in range(3)]
        scheduler.close()

        for one in writings:
            with pytest.raises(EngineError, match="shutting down"):
                list(one.steps(lambda: False))


@pytest.mark.parametrize("unified", [True, False])
def test_evicted_branches_come_back_from_memory(unified: bool) -> None:
    context = MemoryContext(600 if unified else 1200, sequences=4, unified=unified)
    hot = prompt(1, 200)

    with scheduling(context, answers=1, host=1 << 20) as scheduler:
        for seed in range(2):
            text_of(scheduler.submit(order(np.concatenate((hot, prompt(seed, 3))), 3)))
        for seed in range(10, 16):
            text_of(scheduler.submit(order(prompt(seed, 200), 3)))
        again = scheduler.submit(order(np.concatenate((hot, prompt(99, 3))), 3))
        text, restored = text_of(again), scheduler._room.restored
        if unified:
            settled(context, scheduler)

    assert restored == 1 or again.cached >= 200
    assert again.cached >= 200
    assert text == alone(np.concatenate((hot, prompt(99, 3))), 3)


def test_drafts_change_nothing_but_the_number_of_steps() -> None:
    context = MemoryContext(4096)
    tokens = np.tile(prompt(1, 12), 4)

    with scheduling(context, draft_tokens=6) as scheduler:
        text = text_of(scheduler.submit(order(tokens, most=30)))
        settled(context, scheduler)

    assert text == alone(tokens, most=30)


def test_mixed_load_with_people_who_leave_loses_no_cell() -> None:
    chance = random.Random(7)
    context = MemoryContext(700)
    documents = [prompt(i, 60) for i in range(4)]

    with scheduling(context, answers=5, draft_tokens=3, host=1 << 16) as scheduler:
        for _ in range(150):
            tokens = np.concatenate((chance.choice(documents), prompt(chance.randrange(99), 8)))
            writing = scheduler.submit(order(tokens, chance.randrange(1, 30)))
            if chance.random() < 0.3:
                writing.left.set()
            elif chance.random() < 0.3:
                assert text_of(writing) == alone(tokens, writing.most)
        settled_after = time.monotonic() + 10
        while (scheduler._running or scheduler._waiting) and time.monotonic() < settled_after:
            time.sleep(0.01)
        settled(context, scheduler)


def test_what_is_forgotten_is_read_again_and_its_states_are_gone() -> None:
    context = MemoryContext(2000)
    tokens = prompt(1, 200)

    with scheduling(context, host=1 << 20) as scheduler:
        mine = Order(tokens, Sampling(max_tokens=3), share="c1,c2")
        text_of(scheduler.submit(mine))
        scheduler._room.save(next(iter(scheduler._room.resting)))
        kept = scheduler._room.tiers.host_bytes
        scheduler.forget("c2")
        again = scheduler.submit(mine)
        text_of(again)

        assert kept > 0
        assert again.cached == 0
        assert scheduler._room.tiers.host_bytes == 0


def test_an_answer_that_is_being_written_leaves_nothing_of_what_is_forgotten_meanwhile() -> None:
    def slowly(_rows: list[Row]) -> int:
        time.sleep(0.005)
        return 0

    tokens = prompt(1, 200)

    with scheduling(MemoryContext(2000, refuse=slowly), host=1 << 20) as scheduler:
        order = Order(tokens, Sampling(max_tokens=40), share="c1,c2")
        steps = scheduler.submit(order).steps(lambda: False)
        next(steps)
        scheduler.forget("c2")
        text = "".join(step.text for step in steps)
        left = scheduler.at_hand("c1,c2", tokens)

    assert text
    assert left == 0
    assert scheduler._room.tiers.host_bytes == 0


def test_an_answer_whose_grammar_allows_nothing_fails_alone() -> None:
    class Stuck(MemoryPicker):
        def pick(self, _logits: object) -> int:
            raise EngineError("nothing can follow")

    class SomeStuck(MemoryContext):
        def sampler(self, sampling: Sampling) -> MemoryPicker:
            return Stuck() if sampling.json_schema is not None else super().sampler(sampling)

    with scheduling(SomeStuck(2000)) as scheduler:
        other = scheduler.submit(order(prompt(2, 50)))
        stuck = scheduler.submit(Order(prompt(1, 50), Sampling(json_schema={})))
        with pytest.raises(EngineError, match="nothing can follow"):
            text_of(stuck)

        assert text_of(other) == alone(prompt(2, 50))


def test_a_prompt_that_is_all_at_hand_is_told_as_read_before_its_text() -> None:
    context = MemoryContext(4096)
    tokens = prompt(1, 50)

    with scheduling(context) as scheduler:
        text_of(scheduler.submit(order(tokens)))
        steps = list(scheduler.submit(order(tokens)).steps(lambda: False))

    assert (steps[0].completion_tokens, steps[0].cached_tokens) == (0, 48)


def test_what_prompts_often_begin_with_is_read_ahead_when_idle() -> None:
    document = prompt(50, 120)
    context = MemoryContext(4096)

    with scheduling(context) as scheduler:
        for i in range(3):
            asked = Order(prompt(60 + i, 30), Sampling(max_tokens=4), beginnings=(document,))
            text_of(scheduler.submit(asked))
        until = time.monotonic() + 5
        while scheduler.at_hand("", document) < 100 and time.monotonic() < until:
            time.sleep(0.01)
        at_hand = scheduler.at_hand("", document)
        settled(context, scheduler)

    assert at_hand >= 118


def test_what_is_read_ahead_gives_way_and_is_forgotten_with_its_collection() -> None:
    document = prompt(51, 2000)

    def slowly(_rows: list[Row]) -> int:
        time.sleep(0.02)
        return 0

    context = MemoryContext(8192, refuse=slowly)

    with scheduling(context) as scheduler:
        for i in range(3):
            asked = Order(prompt(70 + i, 30), Sampling(max_tokens=2), "c", beginnings=(document,))
            text_of(scheduler.submit(asked))
        until = time.monotonic() + 5
        while not any(one.ahead for one in scheduler._running) and time.monotonic() < until:
            time.sleep(0.005)
        began_ahead = any(one.ahead for one in scheduler._running)
        text = text_of(scheduler.submit(order(prompt(80, 20))))
        gave_way = not any(one.ahead for one in scheduler._running)
        scheduler.forget("c")
        time.sleep(1.5)
        left = scheduler.at_hand("c", document)

    assert began_ahead
    assert gave_way
    assert text == alone(prompt(80, 20))
    assert left == 0
