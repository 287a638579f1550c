"""The frames of Feishu's long connection: `pbbp2.Frame`, a Protocol Buffers message.

The field numbers are those of lark-oapi 1.7.5, `lark_oapi/ws/pb/pbbp2.proto`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from services.domain.errors import InvalidRequestError

CONTROL, DATA = 0, 1
_FIELD = descriptor_pb2.FieldDescriptorProto
_REQUIRED, _OPTIONAL, _REPEATED = (
    _FIELD.LABEL_REQUIRED,
    _FIELD.LABEL_OPTIONAL,
    _FIELD.LABEL_REPEATED,
)
_HEADER_FIELDS = (
    ("key", 1, _FIELD.TYPE_STRING, _REQUIRED),
    ("value", 2, _FIELD.TYPE_STRING, _REQUIRED),
)
_FRAME_FIELDS = (
    ("SeqID", 1, _FIELD.TYPE_UINT64, _REQUIRED),
    ("LogID", 2, _FIELD.TYPE_UINT64, _REQUIRED),
    ("service", 3, _FIELD.TYPE_INT32, _REQUIRED),
    ("method", 4, _FIELD.TYPE_INT32, _REQUIRED),
    ("headers", 5, _FIELD.TYPE_MESSAGE, _REPEATED),
    ("payload_encoding", 6, _FIELD.TYPE_STRING, _OPTIONAL),
    ("payload_type", 7, _FIELD.TYPE_STRING, _OPTIONAL),
    ("payload", 8, _FIELD.TYPE_BYTES, _OPTIONAL),
    ("LogIDNew", 9, _FIELD.TYPE_STRING, _OPTIONAL),
)


def _message_class() -> Any:  # noqa: ANN401 - made at run time
    file = descriptor_pb2.FileDescriptorProto(
        name="footnote/pbbp2.proto", package="pbbp2", syntax="proto2"
    )
    for name, fields in (("Header", _HEADER_FIELDS), ("Frame", _FRAME_FIELDS)):
        message = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            added = message.field.add(name=field, number=number, type=kind, label=label)
            if kind == _FIELD.TYPE_MESSAGE:
                added.type_name = ".pbbp2.Header"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("pbbp2.Frame"))


_Message = _message_class()


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: CONTROL (ping, pong) or DATA (an event and its answer)."""

    method: int
    service: int
    headers: Mapping[str, str]
    payload: bytes = b""
    sequence: int = 0
    log: int = 0

    def encoded(self) -> bytes:
        """Return the frame as bytes."""
        message = _Message(
            SeqID=self.sequence,
            LogID=self.log,
            service=self.service,
            method=self.method,
            payload=self.payload,
        )
        for key, value in self.headers.items():
            message.headers.add(key=key, value=value)
        return bytes(message.SerializeToString())


def decoded(data: bytes) -> Frame:
    """Return the frame that *data* is; InvalidRequestError if it is none."""
    message = _Message()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise InvalidRequestError("A frame of Feishu's cannot be read.") from error
    headers = {header.key: header.value for header in message.headers}
    return Frame(
        message.method, message.service, headers, message.payload, message.SeqID, message.LogID
    )
