"""Bytes taken apart as a protobuf message, more strictly than Google's library does by itself.

A field of the message's own number in another wire type is passed over there, as one that came
later than the description; here it is a fault: a latitude that is no number is no latitude of zero.

Source: Protocol Buffers documentation, "Encoding".
"""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

M = TypeVar("M", bound=Message)


class ProtobufError(ValueError):
    """Bytes that are no message, or a field that is not what it should be."""


def parse(kind: type[M], data: bytes) -> M:
    """Return the message that bytes are; fields that its description does not have are passed over.

    Raises:
        ProtobufError: If they are no message, a text in it is no UTF-8, or a field, of whatever
            message inside, has another wire type than its number says.
    """
    try:
        message = kind.FromString(data)
    except DecodeError as fault:
        raise ProtobufError(str(fault)) from None
    _check_wire_types(message)
    return message


def _check_wire_types(message: Message) -> None:
    known, unknown = message.DESCRIPTOR.fields_by_number, UnknownFieldSet(message)
    for index in range(len(unknown)):
        number = unknown[index].field_number
        if number in known:
            raise ProtobufError(f"field {known[number].name} has another wire type")
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _check_wire_types(inner)
