"""Readers of mail: who wrote what to whom, the text, and the attachments that are text."""

import email
import email.policy
from email.message import EmailMessage

from ingest.reading import Block, Contents, Source, Tell
from ingest.reading.encodings import decode
from ingest.reading.unstructured_markup import html_contents
from ingest.reading.unstructured_offline import blocks_of, prepare
from services.domain.errors import UnreadableError

_HEADERS = ("From", "To", "Cc", "Date")
_HEADER_LINES = 50


def read_eml(source: Source, tell: Tell) -> Contents:
    """Read a message as it was sent."""
    data = source.path.read_bytes()
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not message.keys():
        raise UnreadableError("corrupt", "It is no mail: it has no header lines.")
    subject = str(message.get("Subject", ""))
    heads = "\n".join(f"{name}: {message[name]}" for name in _HEADERS if message[name])
    blocks = [Block("heading", subject, 1), Block("text", heads), *_body(message)]
    for part in message.iter_attachments():
        blocks += _attachment(part)
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
    body = blocks_of(elements, titles=False)
    return Contents([Block("heading", subject, 1), *body, *named], title=subject)


def _body(message: EmailMessage) -> list[Block]:
    body = message.get_body(("html", "plain"))
    if body is None:
        return []
    data = body.get_payload(decode=True)
    text, _ = decode(data if isinstance(data, bytes) else b"", body.get_content_charset())
    if body.get_content_subtype() == "html":
        return html_contents(text).blocks
    return [Block("text", part) for part in text.replace("\r\n", "\n").split("\n\n")]


def _attachment(part: EmailMessage) -> list[Block]:
    """Return an attachment's name, and its text where it is plain text."""
    blocks = [Block("text", f"Attachment: {part.get_filename() or part.get_content_type()}")]
    data = part.get_payload(decode=True)
    if part.get_content_maintype() == "text" and isinstance(data, bytes):
        text, _ = decode(data, part.get_content_charset())
        blocks.append(Block("text", text))
    return blocks
