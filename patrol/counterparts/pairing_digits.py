"""Pairing digits: what both offices read to each other once each has the other's card.

24 decimal digits of a slow, memory-hard hash (scrypt) over both signed cards, in groups of four.
Both sides have the same digits only if both have the same two cards. Digits: scripts differ.

Who can change both cards on their way would look for two of his own that give the same digits: some
2⁴¹ tries of half a second and 64 MiB each (`docs/explanation/decisions.md`).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import scrypt, sha256
from typing import Final

from patrol.counterparts.card import SignedCard, card_bytes

DIGITS: Final = 24
_PURPOSE: Final = b"joint-patrol pairing 2\n"
_SCRYPT_N: Final = 2**16
_SCRYPT_R: Final = 8
_SCRYPT_P: Final = 4
_SCRYPT_BYTES: Final = 2 * 128 * _SCRYPT_N * _SCRYPT_R


def pairing_digits(one: SignedCard, other: SignedCard) -> str:
    """Return the digits of two cards, whichever comes first, in six groups: `1234 5678 9012 …`.

    It takes half a second and 64 MiB the first time: call it off the event loop. The last pairs of
    cards are remembered.
    """
    first, second = sorted((card_bytes(one), card_bytes(other)))
    return _digits(first, second)


@lru_cache(maxsize=64)
def _digits(first: bytes, second: bytes) -> str:
    both = b"".join(len(each).to_bytes(4) + each for each in (first, second))
    found = scrypt(
        sha256(both).digest(),
        salt=_PURPOSE,
        n=_SCRYPT_N,
        r=_SCRYPT_R,
        p=_SCRYPT_P,
        maxmem=_SCRYPT_BYTES,
        dklen=32,
    )
    digits = f"{int.from_bytes(found) % 10**DIGITS:0{DIGITS}}"
    return " ".join(digits[start : start + 4] for start in range(0, DIGITS, 4))


def plain_digits(text: str) -> str:
    """Return what somebody typed as digits without blanks and dashes.

    >>> plain_digits("1234 5678-9012 3456")
    '1234567890123456'
    """
    return "".join(text.split()).replace("-", "")
