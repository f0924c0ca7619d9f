"""The wire format of protocol buffers: a small strict reader and writer.

    message  a row of fields: tag varint (number << 3 | wire type), then the value
    type 0   varint, seven bits a byte, low ones first, top bit set while more follow
    type 1   8 bytes, little-endian
    type 2   length varint, then so many bytes: text, bytes, another message
    type 5   4 bytes, little-endian

Stricter than the format asks: groups (types 3, 4), a value cut short, a number above 32 bits for a
32-bit field and a known field of another wire type are faults. Messages that a wrong key has made
of noise are found out that way.

Source: Protocol Buffers documentation, "Encoding".
"""

from __future__ import annotations

import struct

MAX_FIELDS = 512  # of one message; the longest that radios send have about 60
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_MAX_NUMBER = (1 << 29) - 1
_U32 = (1 << 32) - 1


class ProtobufError(ValueError):
    """Bytes that are no message, or a field that is not what it should be."""


class ProtobufMessage:
    """One message taken apart; a field that came twice has its last value.

    Args:
        data: Its bytes.

    Raises:
        WireError: If they are no message.

    >>> ProtobufMessage(bytes.fromhex("089601")).number(1)
    150
    """

    __slots__ = ("_values", "_wires")

    def __init__(self, data: bytes) -> None:
        values: dict[int, int | bytes] = {}
        wires: dict[int, int] = {}  # wire type of each
        at, end, count = 0, len(data), 0
        while at < end:
            count += 1
            if count > MAX_FIELDS:
                raise ProtobufError(f"more than {MAX_FIELDS} fields")
            tag = data[at]
            if tag < 0x80:  # nearly always, and much faster than a call
                at += 1
            else:
                tag, at = _varint(data, at)
            number, wire = tag >> 3, tag & 7
            if not 0 < number <= _MAX_NUMBER:
                raise ProtobufError(f"field number {number}")
            wires[number] = wire
            if wire in (_VARINT, _BYTES):
                if at < end and data[at] < 0x80:
                    value = data[at]
                    at += 1
                else:
                    value, at = _varint(data, at)
                if wire == _VARINT:
                    values[number] = value
                    continue
                size = value
            elif wire in (_FOUR, _EIGHT):
                size = 4 if wire == _FOUR else 8
            else:
                raise ProtobufError(f"wire type {wire} of field {number}")
            if size > end - at:
                raise ProtobufError(f"field {number} needs {size} bytes, {end - at} are left")
            values[number] = data[at : at + size]
            at += size
        self._values, self._wires = values, wires

    def __contains__(self, number: int) -> bool:
        """Return whether the field was sent, of whatever type."""
        return number in self._values

    def number(self, number: int) -> int | None:
        """Return a uint32, enum or bool field; None when absent."""
        value = self._varint(number)
        if value is not None and value > _U32:
            raise ProtobufError(f"field {number} is {value}, more than 32 bits")
        return value

    def int32(self, number: int) -> int | None:
        """Return an int32 field, where a negative value has the length of 64 bits."""
        value = self._varint(number)
        if value is None:
            return None
        signed = value - (1 << 64) if value >> 63 else value
        if not -(1 << 31) <= signed < 1 << 31:
            raise ProtobufError(f"field {number} is {signed}, more than 32 bits")
        return signed

    def sint32(self, number: int) -> int | None:
        """Return a sint32 field, whose sign is in the lowest bit."""
        value = self.number(number)
        return None if value is None else value >> 1 ^ -(value & 1)

    def fixed32(self, number: int) -> int | None:
        """Return a fixed32 field; None when absent."""
        value = self._value(number, _FOUR)
        return None if value is None else int.from_bytes(value, "little")

    def sfixed32(self, number: int) -> int | None:
        """Return a sfixed32 field; None when absent."""
        value = self._value(number, _FOUR)
        return None if value is None else int.from_bytes(value, "little", signed=True)

    def float32(self, number: int) -> float | None:
        """Return a float field; None when absent; may be infinite or not a number."""
        value = self._value(number, _FOUR)
        if value is None:
            return None
        found: float = struct.unpack("<f", value)[0]
        return found

    def data(self, number: int) -> bytes | None:
        """Return a bytes or message field; None when absent."""
        return self._value(number, _BYTES)

    def message(self, number: int) -> ProtobufMessage | None:
        """Return a message field taken apart; None when absent."""
        value = self._value(number, _BYTES)
        return None if value is None else ProtobufMessage(value)

    def text(self, number: int) -> str | None:
        """Return a string field; None when absent.

        Raises:
            WireError: If it is no UTF-8.
        """
        value = self._value(number, _BYTES)
        try:
            return None if value is None else value.decode()
        except UnicodeDecodeError as fault:
            raise ProtobufError(f"field {number} is no UTF-8 text") from fault

    def _varint(self, number: int) -> int | None:
        value = self._values.get(number)
        if value is None:
            return None
        if self._wires[number] != _VARINT:
            raise ProtobufError(f"field {number} has another wire type")
        return value  # type: ignore[return-value]  # what has this wire type is a number

    def _value(self, number: int, wire: int) -> bytes | None:
        value = self._values.get(number)
        if value is None:
            return None
        if self._wires[number] != wire:
            raise ProtobufError(f"field {number} has another wire type")
        return value  # type: ignore[return-value]  # what has this wire type is bytes


def all_of(data: bytes, number: int) -> list[ProtobufMessage]:
    """Return every value of a message field that comes several times, in order.

    Raises:
        WireError: If they are no message.

    >>> [each.number(1) for each in all_of(bytes.fromhex("0a020801 1005 0a020802"), 1)]
    [1, 2]
    """
    whole, found, at = ProtobufMessage(data), [], 0
    if whole.data(number) is None:
        return []
    while at < len(data):
        tag, at = _varint(data, at)
        size = {_FOUR: 4, _EIGHT: 8}.get(tag & 7, 0)
        if tag & 7 in (_VARINT, _BYTES):
            value, at = _varint(data, at)
            size = value if tag & 7 == _BYTES else 0
        if tag >> 3 == number and tag & 7 == _BYTES:
            found.append(ProtobufMessage(data[at : at + size]))
        at += size
    return found


def number_field(number: int, value: int) -> bytes:
    """Return a uint32, enum or bool field.

    >>> number_field(1, 150).hex()
    '089601'
    """
    return _write_varint(number << 3) + _write_varint(value)


def fixed32_field(number: int, value: int) -> bytes:
    """Return a fixed32 field."""
    return _write_varint(number << 3 | _FOUR) + value.to_bytes(4, "little")


def bytes_field(number: int, value: bytes) -> bytes:
    """Return a bytes, string or message field."""
    return _write_varint(number << 3 | _BYTES) + _write_varint(len(value)) + value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at `at` and where what follows begins."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ProtobufError("the message is cut short in a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, at
    raise ProtobufError("a number of more than 64 bits")


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
