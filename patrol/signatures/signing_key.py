"""Signing key: an Ed25519 key (RFC 8032) of the node itself, in a file.

A node has one with which it signs heads of its journal, and one with which it signs its card and
what it sends to counterparts. Each is made on first use in a file that its owner alone can read:
the 32-byte seed as base64, one line. Whoever checks what it signs has the public key from
elsewhere.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path

from patrol.errors.errors import SigningKeyError
from patrol.signatures.private_file import make_private_file, read_private_file
from patrol.signatures.sealed_box import open_box


class SigningKey:
    """Signs.

    Args:
        seed: 32 bytes, secret.

    Attributes:
        public: The public key as base64, for everybody.
    """

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = b64encode(self._key.public_key().public_bytes_raw()).decode()

    def __repr__(self) -> str:
        """Return the public key: a repr may end in a log."""
        return f"SigningKey({self.public!r})"

    def sign(self, body: bytes) -> str:
        """Return the signature of `body` as base64."""
        return b64encode(self._key.sign(body)).decode()

    def open_box(self, box: bytes) -> bytes:
        """Return what somebody sealed for this key (`seal_box`).

        Raises:
            BoxNotOpened: If it is for another key, cut off or altered.
        """
        return open_box(box, seed=self._key.private_bytes_raw())


def is_signed(body: bytes, signature: str, *, public: str) -> bool:
    """Return whether `signature` is that of `body` by the key `public`, both base64."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True))
        key.verify(b64decode(signature, validate=True), body)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_or_make_key(file: Path) -> SigningKey:
    """Return the key in a file; make it if there is no such file.

    Raises:
        SigningKeyError: If others may read it, or it holds no key.
        OSError: If it cannot be read or made.
    """
    if not file.exists():
        make_private_file(file, b64encode(os.urandom(32)) + b"\n")
    text = read_private_file(file)
    try:
        return SigningKey(b64decode(text.strip(), validate=True))
    except ValueError:
        raise SigningKeyError(f"{file}: no key; it holds 32 bytes as base64") from None
