"""Signing: who wrote a message between a gateway and its node, whatever lies in between.

A broker passes messages on; it does not vouch for them. Each side signs with its own Ed25519 key
(RFC 8032) and knows the other's public key; the purpose is signed along, so that a receipt can
never be taken for an order. A key file holds the 32-byte seed as base64, one line, readable by its
owner alone.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Literal

from radio_gateway.errors.errors import GatewayError, SettingsError

Purpose = Literal["reports", "health", "receipt", "hello", "order"]
SIGNATURE_BYTES = 64
_CONTEXT = "joint-patrol v1 "


class SignatureError(GatewayError):
    """A message that was not written by whom it names."""


class Signer:
    """Signs with one key.

    Args:
        seed: 32 bytes, secret.

    Attributes:
        public: The public key as base64: what the other side is told.
    """

    def __init__(self, seed: bytes) -> None:
        from nacl.signing import SigningKey  # only where somebody signs

        self._key = SigningKey(seed)
        self.public = b64encode(bytes(self._key.verify_key)).decode()

    def __repr__(self) -> str:
        """Return the public key: a repr may end in a log."""
        return f"Signer({self.public!r})"

    def sign(self, purpose: Purpose, body: bytes) -> bytes:
        """Return signature and body."""
        return self._key.sign(_context(purpose) + body).signature + body


class Verifier:
    """Checks what one other side signed.

    Args:
        public: Its public key, base64 of 32 bytes.

    Attributes:
        public: The same, in the one way of writing it.

    Raises:
        ValueError: If that is no key.
    """

    def __init__(self, public: str) -> None:
        from nacl.signing import VerifyKey

        key = b64decode(public, validate=True)
        if len(key) != 32:
            raise ValueError("a public key is 32 bytes in base64")
        self._key = VerifyKey(key)
        self.public = b64encode(key).decode()

    def body(self, purpose: Purpose, message: bytes) -> bytes:
        """Return the body of a signed message.

        Raises:
            SignatureError: If it was not signed by that key for that purpose.
        """
        from nacl.exceptions import BadSignatureError

        signature, body = message[:SIGNATURE_BYTES], message[SIGNATURE_BYTES:]
        try:
            self._key.verify(_context(purpose) + body, signature)
        except (BadSignatureError, ValueError):
            raise SignatureError(f"not signed for {purpose!r} by the key that counts") from None
        return body


def new_key_file(path: Path) -> Signer:
    """Make a new key, readable by its owner alone.

    Raises:
        OSError: If the file exists or cannot be made.
    """
    seed = os.urandom(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b64encode(seed) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return Signer(seed)


def read_key_file(path: Path) -> Signer:
    """Read a key.

    Raises:
        SettingsError: With `where` `key_file`, if it cannot be read or is no key, or if others
            may read it.
    """
    try:
        text = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingsError("key_file", f"{path}: {error.strerror}") from error
    if mode & 0o077:
        raise SettingsError("key_file", f"{path}: others may read it; run chmod 600 on it")
    try:
        seed = b64decode(text.strip(), validate=True)
        return Signer(seed)
    except ValueError:
        raise SettingsError("key_file", f"{path}: holds no key") from None


def _context(purpose: Purpose) -> bytes:
    return f"{_CONTEXT}{purpose}\0".encode()
