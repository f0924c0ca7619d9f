"""Sealer: encryption of secrets that must be read again, and tags nobody else can make.

A password or token is kept as its digest, but the secret of an authenticator must be read again to
check a code. So it is sealed (AES-256-GCM, bound to its user's name) with a key in a file beside
the settings: whoever gets hold of the database alone, in a back-up say, cannot make codes with it.
Losing the key file means enrolling second factors anew (`joint-patrol user second-factor --off`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from maps.errors.errors import SealError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Sealer:
    """Seals, opens and marks, with keys made from one in a file.

    Args:
        file: The key; made on first use, readable by its owner only.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._key: bytes | None = None

    def seal(self, secret: str, *, about: str) -> bytes:
        """Return `secret` encrypted.

        Args:
            secret: What nobody may read.
            about: Whose it is; what was sealed about one opens for no other.

        Raises:
            SealError: If the key file cannot be used.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, secret.encode(), about.encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        """Return what was sealed.

        Raises:
            SealError: If it was sealed with another key or about another, or was altered.
        """
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher().decrypt(nonce, rest, about.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealError(f"{self._file}: this is not the key it was sealed with") from None

    def mark(self, *words: str) -> str:
        """Return a mark on `words` that only this node can make, hexadecimal.

        Raises:
            SealError: If the key file cannot be used.
        """
        content = b"".join(len(word.encode()).to_bytes(4, "big") + word.encode() for word in words)
        return hmac.new(self._derived(b"mark"), content, hashlib.sha256).hexdigest()

    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # not before it is needed

        return AESGCM(self._derived(b"seal"))

    def _derived(self, purpose: bytes) -> bytes:
        if self._key is None:
            self._key = read_or_make_sealing_key(self._file)
        return hmac.new(self._key, purpose, hashlib.sha256).digest()


def read_or_make_sealing_key(file: Path) -> bytes:
    """Return the key of 32 bytes in `file`; make it, readable by its owner only, if there is none.

    Raises:
        SealError: If it cannot be read or made, or is no key.
    """
    try:
        if not file.exists():
            # Written aside and linked: another process sees no half a key, and one of two wins.
            fresh = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
            written = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(written, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
                os.fsync(written)
            finally:
                os.close(written)
            try:
                os.link(fresh, file)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except OSError as error:
        raise SealError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise SealError(f"{file}: not a key") from None
    if len(key) != _KEY_BYTES:
        raise SealError(f"{file}: not a key of {_KEY_BYTES} bytes")
    return key
