"""Replies as Slack's blocks: rich text, whose words are literal and whose links are explicit."""

from services.bots import Note, Reply
from services.bots.inert import inert
from services.bots.phrases import phrase

# Of a block's text and of a message's `text`, which notifications and screen readers use.
_MOST_TEXT = 3000
_MOST_NOTES = 20
GOOD, BAD = "footnote_good", "footnote_bad"


def growing_blocks(text: str) -> list[dict[str, object]]:
    """Return the blocks of a reply that is still being written."""
    return [_rich([_section([_words(text[:_MOST_TEXT])])])]


def reply_blocks(reply: Reply) -> list[dict[str, object]]:
    """Return the blocks of a reply: text, footnotes, thumbs."""
    elements = [_section([_words(reply.text[:_MOST_TEXT])])]
    for note in reply.notes[:_MOST_NOTES]:
        elements.append(_section([_title(note)]))
        elements.append({"type": "rich_text_quote", "elements": [_words(note.quote)]})
    blocks = [_rich(elements)]
    if reply.answer_id is not None:
        buttons = [
            _button(GOOD, f"👍 {phrase('good', reply.language)}", reply.answer_id),
            _button(BAD, f"👎 {phrase('bad', reply.language)}", reply.answer_id),
        ]
        blocks.append({"type": "actions", "elements": buttons})
    return blocks


def plain(text: str) -> str:
    """Return text for notifications, in which nothing is markup."""
    cut = text[:_MOST_TEXT]
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rich(elements: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "rich_text", "elements": elements}


def _section(elements: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "rich_text_section", "elements": elements}


def _words(text: str) -> dict[str, object]:
    return {"type": "text", "text": text or " "}


def _title(note: Note) -> dict[str, object]:
    if note.url is None:
        return _words(f"[{note.number}] {inert(note.title)}")
    return {"type": "link", "url": note.url, "text": f"[{note.number}] {note.title}"}


def _button(action: str, label: str, answer_id: str) -> dict[str, object]:
    return {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": label, "emoji": True},
        "value": answer_id,
    }
