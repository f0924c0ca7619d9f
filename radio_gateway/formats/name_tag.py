"""Name tags: short identifiers made of long ones, the same each time.

>>> number_of("joint-patrol.hx.m1") == number_of("joint-patrol.hx.m1")
True
>>> letters_of("joint-patrol.hx.m1", 3)
'JRH'
"""

from __future__ import annotations

from base64 import b32encode
from hashlib import blake2b


def number_of(id: str) -> int:
    """Return a number of 32 bits, never 0."""
    return int.from_bytes(blake2b(id.encode(), digest_size=4).digest(), "little") or 1


def letters_of(id: str, count: int) -> str:
    """Return so many capital letters and digits, at most eight."""
    return b32encode(blake2b(id.encode(), digest_size=5).digest()).decode()[:count]
