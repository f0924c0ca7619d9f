"""base64url without padding, as Web Push writes keys. Source: RFC 4648, 5; RFC 8291."""

from __future__ import annotations

import base64
import binascii


def b64url(data: bytes) -> str:
    """Return bytes as base64url without padding.

    >>> b64url(bytes([251, 255]))
    '-_8'
    """
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    """Return the bytes that base64url, with or without padding, stands for.

    Raises:
        ValueError: If it is none.

    >>> from_b64url("-_8"), from_b64url("-_8=")
    (b'\\xfb\\xff', b'\\xfb\\xff')
    """
    bare = text.rstrip("=")
    try:
        plain = bare.translate(str.maketrans("-_", "+/")) + "=" * (-len(bare) % 4)
        if "+" in bare or "/" in bare:
            raise ValueError("is no base64url")
        return base64.b64decode(plain, validate=True)
    except binascii.Error:
        raise ValueError("is no base64url") from None
