"""AIS payload armour: six bits in each printable character.

The characters `0`-`W` stand for 0 to 39 and `` ` ``-`w` for 40 to 63.

Source: IEC 61162-1, table for the six-bit binary field conversion; ITU-R M.1371-5, annex 8, 3.1.
"""

from __future__ import annotations

import binascii

_ARMOUR = bytes([*range(0x30, 0x58), *range(0x60, 0x78)])
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_BASE64 = bytes.maketrans(_ARMOUR, _BASE64)


def is_armour(payload: bytes) -> bool:
    """Return whether every character is one of the 64 of the armour.

    >>> is_armour(b"15M67F"), is_armour(b"15M67X")
    (True, False)
    """
    return not payload.translate(None, _ARMOUR)


def as_integer(payload: bytes) -> int:
    """Return the bits of an armoured payload as one integer, first bit highest, fill bits kept.

    Base64 packs six bits a character too, so the C decoder of the standard library does the work.

    >>> bin(as_integer(b"1w"))
    '0b1111111'
    """
    spare = -len(payload) % 4
    return int.from_bytes(as_bytes(payload + b"0" * spare), "big") >> 6 * spare


def as_bytes(payload: bytes) -> bytes:
    """Return the bits of an armoured payload whose length is a multiple of four characters.

    >>> as_bytes(b"1w00").hex()
    '07f000'
    """
    return binascii.a2b_base64(payload.translate(_TO_BASE64))
