"""Replies as Adaptive Cards: runs of text, which hold no markup; links stand in their actions."""

from services.bots import Note, Reply
from services.bots.inert import inert
from services.bots.phrases import phrase

CARD = "application/vnd.microsoft.card.adaptive"
VERB = "footnote-judge"
_SCHEMA_VERSION = "1.5"
_MOST_TEXT = 8000
_MOST_NOTES = 20


def growing_card(text: str) -> dict[str, object]:
    """Return the card of a reply that is still being written."""
    return _card([_line([_run(text)])], [])


def reply_card(reply: Reply) -> dict[str, object]:
    """Return the card of a reply: text, footnotes, thumbs."""
    body = [_line([_run(line)]) for line in reply.text[:_MOST_TEXT].split("\n") if line.strip()]
    for note in reply.notes[:_MOST_NOTES]:
        body.append(_line([_title(note)]))
        body.append(_line([_run(note.quote) | {"isSubtle": True, "italic": True}]))
    actions: list[dict[str, object]] = []
    if reply.answer_id is not None:
        actions = [_thumb(reply, reply.answer_id, is_good=is_good) for is_good in (True, False)]
    return _card(body, actions)


def _card(body: list[dict[str, object]], actions: list[dict[str, object]]) -> dict[str, object]:
    content = {"type": "AdaptiveCard", "version": _SCHEMA_VERSION, "body": body, "actions": actions}
    return {"contentType": CARD, "content": content}


def _line(inlines: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": inlines}


def _run(text: str) -> dict[str, object]:
    return {"type": "TextRun", "text": text}


def _title(note: Note) -> dict[str, object]:
    if note.url is None:
        return _run(f"[{note.number}] {inert(note.title)}") | {"weight": "bolder"}
    opens = {"type": "Action.OpenUrl", "url": note.url}
    return _run(f"[{note.number}] {note.title}") | {"weight": "bolder", "selectAction": opens}


def _thumb(reply: Reply, answer_id: str, *, is_good: bool) -> dict[str, object]:
    mark, name = ("👍", "good") if is_good else ("👎", "bad")
    return {
        "type": "Action.Execute",
        "verb": VERB,
        "title": f"{mark} {phrase(name, reply.language)}",
        "data": {"answer": answer_id, "good": is_good},
    }
