"""What the start-up probe chooses, on a context that takes as long as it is told."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from services.domain.errors import EngineError
from services.engine.batches import Row
from services.engine.llama_cpp_context import ContextOptions
from services.engine.probing import (
    Choices,
    Findings,
    ProbedContext,
    by_rule,
    measured,
    recalled,
    remember,
)

OPTIONS = ContextOptions(cells=256, sequences=1, threads=2)
CHOICES = Choices(
    pools=(False, True), kv_types=("f16", "q8_0"), threads=(2, 1), weights=("q8_0", "file")
)


class SlowContext(ProbedContext):
    """Takes `cost_ms` a batch, by the options and the threads of the moment."""

    def __init__(self, slow: dict[tuple[str, object], float]) -> None:
        self._slow = slow
        self._options = OPTIONS
        self._threads = 0
        self.tried: list[ContextOptions] = []

    @property
    @override
    def weights(self) -> str:
        return self._options.weights

    @override
    def reopen(self, options: ContextOptions) -> None:
        self._options = options
        self.tried.append(options)
        if ("fits", options.unified) in self._slow:
            raise EngineError("no memory")

    @override
    def decode(self, rows: list[Row]) -> int:
        cost = 2.0
        for name in ("unified", "flash_attention", "kv_type", "weights"):
            cost *= self._slow.get((name, getattr(self._options, name)), 1.0)
        time.sleep(cost * self._slow.get(("threads", self._threads), 1.0) / 1000)
        return 0

    @override
    def state(self, sequence: int) -> bytes:
        return b""

    @override
    def restore(self, sequence: int, state: bytes) -> bool:
        return True

    @override
    def set_threads(self, threads: int) -> None:
        self._threads = threads


@pytest.mark.parametrize(
    ("slow", "chosen"),
    [
        ({("threads", 2): 5.0}, {"threads": 1}),
        ({("flash_attention", True): 4.0}, {"flash_attention": False}),
        ({("unified", False): 4.0}, {"unified": True}),
        ({("kv_type", "f16"): 4.0}, {"kv_type": "q8_0"}),
        ({("weights", "q8_0"): 4.0}, {"weights": "file"}),
        ({("kv_type", "q8_0"): 4.0, ("unified", True): 4.0, ("threads", 1): 4.0}, {}),
    ],
)
def test_it_takes_what_is_clearly_faster(
    slow: dict[tuple[str, object], float], chosen: dict[str, object]
) -> None:
    # The rest is made slower too, so that a busy machine cannot turn a tie.
    for name, value in by_rule_values().items():
        if name not in chosen:
            other = next(one for one in all_values()[name] if one != value)
            slow = {(name, other): 4.0} | slow

    found = measured(SlowContext(slow), OPTIONS, CHOICES)

    expected = replace(by_rule(CHOICES), **chosen)  # type: ignore[arg-type]
    assert replace(found, step_ms=0.0, read_tokens_s=0.0) == expected
    assert found.step_ms > 0
    assert found.read_tokens_s > 0


def by_rule_values() -> dict[str, object]:
    return {
        "unified": False,
        "flash_attention": True,
        "kv_type": "f16",
        "threads": 2,
        "weights": "q8_0",
    }


def all_values() -> dict[str, tuple[object, ...]]:
    return {
        "unified": (False, True),
        "flash_attention": (True, False),
        "kv_type": ("f16", "q8_0"),
        "threads": (2, 1),
        "weights": ("q8_0", "file"),
    }


def test_what_a_setting_pins_is_not_tried() -> None:
    context = SlowContext({})

    found = measured(context, OPTIONS, Choices((True,), ("q8_0",), (1,), (True,)))

    assert (found.unified, found.kv_type, found.threads) == (True, "q8_0", 1)
    assert len(context.tried) == 1


@pytest.mark.parametrize("pooled", [True, False])
def test_a_pool_for_all_is_tried_with_flash_attention_unless_it_is_ruled_out(pooled: bool) -> None:
    context = SlowContext({("unified", False): 4.0})
    choices = Choices((False, True), ("f16",), (1,), flash=(False,), pooled_flash=pooled)

    found = measured(context, OPTIONS, choices)

    assert [one.flash_attention for one in context.tried] == [False, pooled]
    assert (found.unified, found.flash_attention) == (True, pooled)


def test_a_context_that_does_not_fit_is_not_chosen() -> None:
    found = measured(SlowContext({("fits", True): 1.0, ("unified", False): 4.0}), OPTIONS, CHOICES)

    assert not found.unified


def test_findings_hold_until_the_machine_changes(tmp_path: Path) -> None:
    file = tmp_path / "probe.json"
    findings = Findings(True, False, "f16", 3, "q8_0", 12.5, 800.0)

    assert recalled(file, "a") is None
    remember(file, "a", findings, calm=True)

    assert recalled(file, "a") == (findings, True)
    assert recalled(file, "b") is None
    file.write_text("{", encoding="utf-8")
    assert recalled(file, "a") is None
