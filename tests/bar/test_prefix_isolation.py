"""A7: what one reads is warm for who may read the same, and as cold as ever for everybody else."""

import os
import statistics
import time
from pathlib import Path

import pytest

from services.domain.answers import Sampling, Turn
from services.engine import Generator, Part, Prompt
from services.engine.templates import chat_parts, question_parts
from services.settings import Settings
from services.wiring import open_generator
from tests.bar.conftest import Figure

pytestmark = pytest.mark.beyond

SCALE = int(os.environ.get("BAR_SCALE", "1"))
_GREEDY = Sampling(max_tokens=2)


def prompt(number: int, question: str, share: str) -> Prompt:
    facts = " ".join(
        f"Section {n}: grade {n} of plant {number} has {20 + n} days of leave." for n in range(12)
    )
    told = chat_parts("chatml", [Turn("system", f"Plant {number}. {facts}")])
    return Prompt((*told, *question_parts("chatml", [Part(question)])), ("<|im_end|>",), share)


def first_token(generator: Generator, wanted: Prompt) -> tuple[float, int]:
    """Return the seconds to the first token, and how many tokens had been read before."""
    began = time.perf_counter()
    steps = generator.generate(wanted, _GREEDY, lambda: False)
    next(steps)
    took = time.perf_counter() - began
    return took, list(steps)[-1].cached_tokens


@pytest.mark.alone
def test_a7_a_prompt_of_other_collections_is_as_cold_as_a_new_one(
    tmp_path: Path, figure: Figure
) -> None:
    generator = open_generator(Settings.load(data_dir=tmp_path, context_tokens=2048, probe=False))
    first_token(generator, prompt(999, "Is it on?", "warm-up"))
    took: dict[str, list[float]] = {"cold": [], "same": [], "other": []}
    for number in range(1 + 2 * SCALE):
        asked = [
            ("cold", "How many days has grade 3?", "board"),
            ("same", "How many days has grade 5?", "board"),
            ("other", "How many days has grade 3?", "works"),
        ]
        for who, question, share in asked:
            seconds, cached = first_token(generator, prompt(number, question, share))
            took[who].append(seconds)
            assert (cached > 100) == (who == "same")
    generator.close()
    cold, same, other = (statistics.median(took[who]) for who in ("cold", "same", "other"))
    assert cold == pytest.approx(other, rel=0.5)
    assert same * 2 < cold
    figure(
        "A7",
        f"first token after {cold * 1000:.0f} ms cold, {same * 1000:.0f} ms for who may read the "
        f"same, {other * 1000:.0f} ms for others ({100 * (other / cold - 1):+.0f} %)",
    )
