"""Pairing digits: what both offices read to each other once each has the other's card.

The first 16 decimal digits' worth of the SHA-256 over both signed cards, in groups of four. Both
sides have the same digits only if both have the same two cards. Digits, because scripts differ.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from patrol.counterparts.card import SignedCard, card_bytes

DIGITS: Final = 16
_PURPOSE: Final = b"joint-patrol pairing 1\n"


def pairing_digits(one: SignedCard, other: SignedCard) -> str:
    """Return the digits of two cards, whichever comes first: `1234 5678 9012 3456`."""
    both = sorted((card_bytes(one), card_bytes(other)))
    digest = sha256(_PURPOSE + b"".join(len(each).to_bytes(4) + each for each in both)).digest()
    digits = f"{int.from_bytes(digest) % 10**DIGITS:0{DIGITS}}"
    return " ".join(digits[start : start + 4] for start in range(0, DIGITS, 4))


def plain_digits(text: str) -> str:
    """Return what somebody typed as digits without blanks and dashes.

    >>> plain_digits("1234 5678-9012 3456")
    '1234567890123456'
    """
    return "".join(text.split()).replace("-", "")
