"""CRC-16 of the kind that shifts to the right (reflected), as trackers use it."""

from __future__ import annotations

from collections.abc import Callable


def reflected_crc16(polynomial: int, *, start: int, inverted: bool) -> Callable[[bytes], int]:
    """Return a function that computes a reflected CRC-16.

    Args:
        polynomial: The reversed polynomial: 0x8408 for CCITT, 0xA001 for ARC.
        start: The register's first value.
        inverted: Whether all bits of the result are turned round.

    >>> hex(reflected_crc16(0x8408, start=0xFFFF, inverted=True)(b"123456789"))  # X25
    '0x906e'
    >>> hex(reflected_crc16(0xA001, start=0, inverted=False)(b"123456789"))  # ARC
    '0xbb3d'
    """
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        table.append(value)
    last = 0xFFFF if inverted else 0

    def crc16(data: bytes) -> int:
        crc = start
        for byte in data:
            crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
        return crc ^ last

    return crc16
