"""Readers of mail: who wrote what to whom, the text, and the attachments that are text."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.header import Header
from email.message import EmailMessage, MIMEPart

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.encodings import decode
from ingest.reading.mail_quotes import plain_blocks, with_quotes
from ingest.reading.unstructured_markup import html_contents
from ingest.reading.unstructured_offline import blocks_of, prepare
from services.domain.errors import UnreadableError

_HEADERS = ("From", "To", "Cc", "Date")
_BLANK_LINE = re.compile(rb"(\r?\n\r?\n)")
_FOLD = re.compile(r"\r?\n[ \t]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]+(?: +[^\x00-\x7f]+)*")
# A message in a message in a message.
_MOST_FORWARDED = 8


def read_eml(source: Source, tell: Tell) -> Contents:
    """Read a message as it was sent, and those that it forwards."""
    data = encoded_headers(source.path.read_bytes())
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not message.keys():
        raise UnreadableError("corrupt", "It is no mail: it has no header lines.")
    subject = str(message.get("Subject", ""))
    blocks = list(_message(message, 1))
    tell(1, 1)
    return Contents(blocks, title=subject)


def read_msg(source: Source, tell: Tell) -> Contents:
    """Read a message that Outlook saved."""
    prepare()
    from oxmsg import Message  # noqa: PLC0415
    from unstructured.partition.msg import partition_msg  # noqa: PLC0415

    try:
        message = Message.load(str(source.path))
        elements = partition_msg(str(source.path), process_attachments=False, languages=[""])
    except (ValueError, KeyError, OSError) as error:
        raise UnreadableError("corrupt", "It is corrupt: save the message again.") from error
    subject = str(message.subject or "")
    named = [Block("text", f"Attachment: {one.file_name}") for one in message.attachments]
    tell(1, 1)
    body = with_quotes(blocks_of(elements, titles=False))
    return Contents([Block("heading", subject, 1), *body, *named], title=subject)


def encoded_headers(data: bytes) -> bytes:
    """Return a message whose header lines are ASCII: some programs write them as they are."""
    head, *rest = _BLANK_LINE.split(data, maxsplit=1)
    if head.isascii():
        return data
    lines = _FOLD.sub(" ", decode(head)[0]).splitlines()
    return "\r\n".join(map(_encoded_line, lines)).encode("ascii", "replace") + b"".join(rest)


def _encoded_line(line: str) -> str:
    return _FOREIGN.sub(lambda match: Header(match[0], "utf-8").encode(linesep=""), line)


def _message(message: EmailMessage, level: int) -> Iterator[Block]:
    """Yield a message: its subject as a heading, its heads, body and attachments."""
    yield Block("heading", str(message.get("Subject", "")), level)
    yield Block("text", "\n".join(f"{name}: {message[name]}" for name in _HEADERS if message[name]))
    yield from _body(message)
    for part in message.iter_attachments():
        if part.get_content_type() == "message/rfc822" and level < _MOST_FORWARDED:
            yield from _message(part.get_content(), level + 1)
        else:
            yield from _attachment(part)


def _body(message: EmailMessage) -> list[Block]:
    """Return the text of a message, from what is formatted unless that has none."""
    bodies = (message.get_body((kind,)) for kind in ("html", "plain"))
    texts = (_text(body) for body in bodies if body is not None)
    return next((text for text in texts if any(block.text.strip() for block in text)), [])


def _attachment(part: EmailMessage) -> Iterator[Block]:
    """Yield an attachment's name, and its text where it is text."""
    yield Block("text", f"Attachment: {part.get_filename() or part.get_content_type()}")
    if part.get_content_maintype() == "text":
        yield from _text(part)


def _text(part: MIMEPart) -> list[Block]:
    data = part.get_payload(decode=True)
    text, _ = decode(data if isinstance(data, bytes) else b"", part.get_content_charset())
    if part.get_content_subtype() == "html":
        return list(with_quotes(html_contents(text).blocks))
    return plain_blocks(text)
