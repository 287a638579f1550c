"""A reply as Markdown, for platforms that show no cards of our making."""

import re

from services.bots import Note, Reply
from services.bots.inert import inert
from services.bots.phrases import phrase

# What Markdown would take for markup.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$])")


def markdown_reply(reply: Reply) -> str:
    """Return the reply with its sources; its only links are those of its footnotes."""
    text = escaped(reply.text)
    if not reply.notes:
        return text
    sources = "\n".join(_source(note) for note in reply.notes)
    return f"{text}\n\n**{phrase('sources', reply.language)}**\n\n{sources}"


def escaped(text: str) -> str:
    """Return inert text that means nothing to Markdown, its line breaks kept."""
    lines = (_SPECIAL.sub(r"\\\1", line) for line in text.split("\n"))
    return "  \n".join(_no_block(line) for line in lines)


def _no_block(line: str) -> str:
    """Keep a line from becoming a list, a heading or a rule."""
    return re.sub(
        r"^(\s*)([-=]|\d+(?=\.))", r"\1\\\2" if not line[:1].isdigit() else r"\1\2\\", line
    )


def _source(note: Note) -> str:
    title = escaped(note.title if note.url else inert(note.title))
    shown = f"[{title}]({note.url})" if note.url else title
    return f"> \\[{note.number}\\] {shown}  \n> {escaped(note.quote)}\n"
