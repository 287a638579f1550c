"""Replies as Feishu's cards (schema 2.0): plain text only, so that nothing in it means anything."""

from collections.abc import Mapping

from services.bots import Note, Reply
from services.bots.inert import inert
from services.bots.phrases import phrase


def growing_card(text: str) -> dict[str, object]:
    """Return the card of a reply that is still being written."""
    return _card([_words(text)])


def reply_card(reply: Reply) -> dict[str, object]:
    """Return the card of a reply: text, footnotes, thumbs."""
    elements = [_words(reply.text)]
    for note in reply.notes:
        elements += _source(note)
    if reply.answer_id is not None:
        elements += [
            _thumb(reply, reply.answer_id, is_good=True),
            _thumb(reply, reply.answer_id, is_good=False),
        ]
    return _card(elements)


def _card(elements: list[dict[str, object]]) -> dict[str, object]:
    return {"schema": "2.0", "config": {"update_multi": True}, "body": {"elements": elements}}


def _plain(text: str) -> dict[str, object]:
    return {"tag": "plain_text", "content": text}


def _words(text: str) -> dict[str, object]:
    return {"tag": "div", "text": _plain(text)}


def _source(note: Note) -> list[dict[str, object]]:
    quote = _words(note.quote) | {"text": _plain(note.quote) | {"text_size": "notation"}}
    if note.url is None:
        return [_words(f"[{note.number}] {inert(note.title)}"), quote]
    opens: Mapping[str, object] = {"type": "open_url", "default_url": note.url}
    return [_button(f"[{note.number}] {note.title}", opens), quote]


def _thumb(reply: Reply, answer_id: str, *, is_good: bool) -> dict[str, object]:
    mark, name = ("👍", "good") if is_good else ("👎", "bad")
    value = {"answer": answer_id, "good": is_good}
    label = f"{mark} {phrase(name, reply.language)}"
    return _button(label, {"type": "callback", "value": value})


def _button(label: str, behavior: Mapping[str, object]) -> dict[str, object]:
    return {"tag": "button", "text": _plain(label), "type": "text", "behaviors": [dict(behavior)]}
