"""Chat templates by family, reviewed and our own: a template inside a model file is never run."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.answers import Turn
from services.engine import Part


@dataclass(frozen=True, slots=True)
class Template:
    """How a family of models marks who speaks; the marks are control tokens."""

    begin: str
    turn_open: str
    turn_close: str
    end_marks: tuple[str, ...]
    roles: tuple[tuple[str, str], ...] = ()

    def opening(self, role: str) -> str:
        """Return the marks in front of what *role* says."""
        return self.turn_open.format(role=dict(self.roles).get(role, role))


TEMPLATES = {
    "chatml": Template("", "<|im_start|>{role}\n", "<|im_end|>\n", ("<|im_end|>",)),
    "llama3": Template(
        "<|begin_of_text|>",
        "<|start_header_id|>{role}<|end_header_id|>\n\n",
        "<|eot_id|>",
        ("<|eot_id|>",),
    ),
    "gemma": Template(
        "<bos>",
        "<start_of_turn>{role}\n",
        "<end_of_turn>\n",
        ("<end_of_turn>",),
        (("assistant", "model"), ("system", "user")),
    ),
}


def family_of(special_tokens: Sequence[str]) -> str:
    """Return the family whose marks a vocabulary holds; chatml where none is recognised."""
    held = set(special_tokens)
    for name, template in TEMPLATES.items():
        if held.issuperset(template.end_marks):
            return name
    return "chatml"


def chat_parts(family: str, turns: Sequence[Turn | tuple[str, Sequence[Part]]]) -> tuple[Part, ...]:
    """Lay out turns: marks as trusted parts, what is said as it was given.

    A turn is a Turn (its content is untrusted) or a role with parts of its own.
    """
    template = TEMPLATES[family]
    parts = [Part(template.begin, trusted=True)] if template.begin else []
    for turn in turns:
        role, said = (
            (turn.role, [Part(turn.content)]) if isinstance(turn, Turn) else (turn[0], turn[1])
        )
        parts.append(Part(template.opening(role), trusted=True))
        parts += said
        parts.append(Part(template.turn_close, trusted=True))
    return tuple(parts)


def question_parts(family: str, said: Sequence[Part]) -> tuple[Part, ...]:
    """Lay out the turn that is to be answered, and open the answer's."""
    template = TEMPLATES[family]
    return (
        Part(template.opening("user"), trusted=True),
        *said,
        Part(template.turn_close, trusted=True),
        Part(template.opening("assistant"), trusted=True),
    )
