"""Audit key: the node's own Ed25519 key (RFC 8032), with which it signs heads of its journal.

It is made on first use in a file that its owner alone can read: the 32-byte seed
as base64, one line. Whoever keeps signed heads elsewhere writes down the public key, too.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from patrol.errors.errors import AuditError


class AuditKey:
    """Signs heads.

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
        return f"AuditKey({self.public!r})"

    def sign(self, body: bytes) -> str:
        """Return the signature of `body` as base64."""
        return b64encode(self._key.sign(body)).decode()


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


def audit_key(file: Path) -> AuditKey:
    """Return the key in a file; make it if there is no such file.

    Raises:
        AuditError: If others may read it, or it holds no key.
        OSError: If it cannot be read or made.
    """
    if not file.exists():
        _make(file)
    return _read(file)


def _make(file: Path) -> None:
    """Create a key, atomically, also if another process creates or reads it at the same time."""
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(b64encode(os.urandom(32)) + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):  # another was quicker: its key is the one
            os.link(draft, file)
    finally:
        draft.unlink()


def _read(file: Path) -> AuditKey:
    with file.open("rb") as opened:
        if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
            raise AuditError(f"{file}: others may read this key: chmod 600, and make a new one")
        text = opened.read(200)
    try:
        return AuditKey(b64decode(text.strip(), validate=True))
    except ValueError:
        raise AuditError(f"{file}: no key; it holds 32 bytes as base64") from None
