"""Earlier messages that a mail quotes: each a section under who wrote it and when."""

import re
from collections.abc import Iterable, Iterator

from ingest.reading import Block
from ingest.reading.text_tables import text_blocks

_MARKS = re.compile(r"^(?:>\s?)+")
# "On Wed, 20 May 2026 at 09:10, Ada <ada@x.y> wrote:", as programs in several languages write it.
_WROTE = re.compile(
    r"^(?:(?:On|Am|Le|El) )?(?P<said>[^\n]{4,200}?) ?,? ?"
    r"(?:\bwrote|\bschrieb(?:\s[^\n:]{1,80})?|\ba écrit|\bescribió|写道|寫道|写到)\s*[:：]$"
)
# The heads that Outlook repeats above what it quotes, on lines of their own or on one.
_HEADS = re.compile(
    r"^(?:From|Von|发件人|寄件者)\s?[:：]\s*(?P<who>.{1,120}?)\s+"
    r"(?:Sent|Date|Gesendet|发送时间|日期|寄件日期)\s?[:：]\s*(?P<when>.{4,60}?)"
    r"(?=\s+(?:To|Cc|Subject|An|Betreff|收件人|抄送|主题|收件者|主旨)\s?[:：]|\s*$)",
    re.DOTALL,
)
_SPACES = re.compile(r"[^\S\n]+")
_ADDRESS = re.compile(r"\s*<[^<>\s]*@[^<>\s]*>")
# A year, a time or a day: "as he wrote:" begins no other message.
_DATED = re.compile(r"\d{4}|\d{1,2}[:：]\d\d|\d{1,2}[./月-]\d{1,2}")


def plain_blocks(text: str) -> list[Block]:
    """Return the paragraphs of a plain message without the marks of what it quotes."""
    return list(with_quotes(block for part in _paragraphs(text) for block in text_blocks(part)))


def with_quotes(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield *blocks*, those that say who wrote what follows, and when, as headings."""
    for block in blocks:
        heading = _heading(block.text) if block.kind == "text" else ""
        # With a colon: it leads into what follows, and says nothing itself.
        yield Block("heading", f"{heading}:", 2) if heading else block


def _paragraphs(text: str) -> Iterator[str]:
    held: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        marks = _MARKS.match(line)
        own = 0 if marks is None else marks[0].count(">")
        bare = line if marks is None else line[marks.end() :]
        # The line that says who wrote is often broken in two.
        is_head = bool(_heading(" ".join([*held[-1:], bare]) if held else bare))
        if (own != depth or not bare.strip()) and held and not is_head:
            yield "\n".join(held)
            held = []
        if bare.strip():
            held.append(bare)
        if is_head:
            alone = 1 if _heading(bare) else 2
            if held[:-alone]:
                yield "\n".join(held[:-alone])
            yield " ".join(held[-alone:])
            held = []
        depth = own
    if held:
        yield "\n".join(held)


def _heading(text: str) -> str:
    """Return who wrote what follows, and when, as a heading; empty if *text* says no such thing."""
    heads = _HEADS.match(_SPACES.sub(" ", text))
    if heads is not None and _DATED.search(heads["when"]):
        return _ADDRESS.sub("", " ".join(f"{heads['who']}, {heads['when']}".split()))
    plain = " ".join(text.split()) if "\n" not in text.strip() else ""
    wrote = _WROTE.match(plain) if plain.endswith((":", "：")) else None
    if wrote is None or not _DATED.search(wrote["said"]):
        return ""
    return _ADDRESS.sub("", " ".join(wrote["said"].split())).rstrip(" ,，于")
