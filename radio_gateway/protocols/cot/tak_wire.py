"""Protocol Buffers on the wire, as much of it as TAK protocol needs; strict and bounded.

    message   fields, each: varint tag = number << 3 | wire type, then the value
    wire type 0 varint (≤ 10 bytes)   1 eight bytes, little endian   2 varint length, bytes
              5 four bytes            3 4 groups, long gone: refused   6 7 do not exist

Source: Protocol Buffers documentation, "Encoding".
"""

from __future__ import annotations

import struct

MAX_FIELDS = 4096

Value = int | float | bytes


class TakWireError(ValueError):
    """Bytes that are no message."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at `at` and where it ends.

    Raises:
        WireError: If it is cut or does not fit 64 bits.

    >>> read_varint(b"\\xac\\x02", 0)
    (300, 2)
    """
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise TakWireError("a varint is cut")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                raise TakWireError("a varint does not fit 64 bits")
            return value, at
    raise TakWireError("a varint is too long")


def read_fields(data: bytes) -> dict[int, Value]:
    """Return the fields of a message by number; of a repeated one the last, as the format wants.

    Returns:
        Varints as unsigned int, eight bytes as float (double), lengths as bytes; four-byte
        values are skipped, TAK protocol has none.

    Raises:
        WireError: If the bytes are no message.
    """
    fields: dict[int, Value] = {}
    at = 0
    count = 0
    while at < len(data):
        count += 1
        if count > MAX_FIELDS:
            raise TakWireError("too many fields")
        tag = data[at]
        at += 1
        if tag >= 0x80:
            tag, at = read_varint(data, at - 1)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise TakWireError(f"field number {number}")
        if wire_type == 0:
            fields[number], at = read_varint(data, at)
            continue
        if wire_type == 2:
            if at < len(data) and data[at] < 0x80:  # nearly always, and faster
                length, at = data[at], at + 1
            else:
                length, at = read_varint(data, at)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise TakWireError(f"wire type {wire_type}")
        end = at + length
        if end > len(data):
            raise TakWireError(f"field {number} is cut")
        if wire_type == 2:
            fields[number] = data[at:end]
        elif wire_type == 1:
            fields[number] = struct.unpack_from("<d", data, at)[0]
        at = end
    return fields


def write_varint(value: int) -> bytes:
    """Return a varint.

    >>> write_varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_field(number: int, value: Value | str) -> bytes:
    """Return a field; nothing for zero and empty, which a reader takes for granted."""
    if not value:
        return b""
    if isinstance(value, float):
        return write_varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return write_varint(number << 3) + write_varint(value)
    data = value.encode() if isinstance(value, str) else value
    return write_varint(number << 3 | 2) + write_varint(len(data)) + data
