"""Passages as blocks of a prompt: whole sentences, in the order that spares most work."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.passages import Found
from services.engine import Generator, Part
from services.language.sentences import sentences
from services.retrieval.neighbours import joined

_FEWEST_TOKENS = 24
_UNVERIFIED = {"en": " (unverified source)", "zh": "（未经核实的来源）"}


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring passages under their title: the same text wherever it stands in a prompt."""

    parts: tuple[Part, ...]
    passages: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks that fit, best first, and what was left out of them."""

    blocks: tuple[Block, ...]
    left_out: tuple[dict[str, int], ...]


def blocks(
    passages: Sequence[Found], generator: Generator, budget: int, language: str = "en"
) -> Blocks:
    """Cut *passages* into blocks of whole sentences, within *budget* tokens; those of low trust are
    marked as such in *language*.
    """
    laid: list[Block] = []
    left_out: list[dict[str, int]] = []
    for group in joined(passages):
        parts: list[Part] = []
        used: list[int] = []
        spent = 0
        for at, found in enumerate(group):
            lead = "" if at else _title(found, language)
            text = fitting(found.passage.text, generator, budget - generator.count_tokens(lead))
            dropped = len(found.passage.text) - len(text)
            if dropped:
                left_out.append({"passage_id": found.passage.id, "characters": dropped})
            if text:
                part = Part(f"{lead}{text}\n\n")
                tokens = generator.count_tokens(part.text)
                budget -= tokens
                spent += tokens
                parts.append(part)
                used.append(found.passage.id)
        if parts:
            laid.append(Block(tuple(parts), tuple(used), spent))
    return Blocks(tuple(laid), tuple(left_out))


def _title(first: Found, language: str) -> str:
    mark = _UNVERIFIED.get(language, _UNVERIFIED["en"]) if first.unverified else ""
    return f"{first.passage.document_title}{mark}\n"


def in_order(
    lead: Sequence[Part], laid: Sequence[Block], generator: Generator, share: str
) -> list[Block]:
    """Return blocks in the order in which they stand in the prompt after *lead*.

    First those that continue what the engine has at hand, as long as there are any; then the
    others in rising rank, so that the best of them stands nearest the question.
    """
    path, rest, first = list(lead), list(laid), list[Block]()
    known = generator.at_hand(share, path)
    while rest:
        reached = [generator.at_hand(share, [*path, *block.parts]) for block in rest]
        best = max(range(len(rest)), key=lambda at: reached[at])
        if reached[best] - known < rest[best].tokens // 2:
            break
        known = reached[best]
        first.append(rest.pop(best))
        path += first[-1].parts
    return [*first, *rest[::-1]]


def fitting(text: str, generator: Generator, budget: int) -> str:
    """Return as many whole sentences from the start of *text* as *budget* tokens hold."""
    if budget < _FEWEST_TOKENS or not text:
        return ""
    if generator.count_tokens(text) <= budget:
        return text
    kept = 0
    for sentence in sentences(text):
        if generator.count_tokens(text[: sentence.end]) > budget:
            break
        kept = sentence.end
    return text[:kept]
