"""Sealed box: bytes that only the holder of a node's signing key can read.

X25519 with a key pair made for the one box, then XSalsa20 and Poly1305 (libsodium's
`crypto_box_seal`). The receiver's X25519 key is that of its Ed25519 key
(`crypto_sign_ed25519_pk_to_curve25519`), so a card needs no second one. Whoever has the public key
can make a box: it says nothing of who did.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

OVERHEAD_BYTES: Final = 48
"""What a box is longer than what is in it."""


class BoxNotOpened(ValueError):
    """A box that is not for this key, cut off or altered: which of these nobody can tell."""


def seal_box(body: bytes, *, public: str) -> bytes:
    """Return `body` sealed for the holder of an Ed25519 key.

    Args:
        body: What only that one is to read.
        public: Its public key, base64.

    Raises:
        ValueError: If that is no key.
    """
    from nacl.exceptions import CryptoError  # only where something is sealed or opened
    from nacl.public import SealedBox
    from nacl.signing import VerifyKey

    try:
        key = VerifyKey(b64decode(public, validate=True)).to_curve25519_public_key()
    except CryptoError:
        raise ValueError("no Ed25519 key") from None
    return SealedBox(key).encrypt(body)


def open_box(box: bytes, *, seed: bytes) -> bytes:
    """Return what is in a box.

    Args:
        box: As it came.
        seed: Of the Ed25519 key that it was sealed for, 32 bytes, secret.

    Raises:
        BoxNotOpened: If it is for another key, cut off or altered.
    """
    from nacl.exceptions import CryptoError
    from nacl.public import SealedBox
    from nacl.signing import SigningKey

    try:
        return SealedBox(SigningKey(seed).to_curve25519_private_key()).decrypt(box)
    except CryptoError:
        raise BoxNotOpened("it is not for this key, cut off or altered") from None
