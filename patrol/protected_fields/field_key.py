"""Field key: an agency's own key for protected fields, in a file outside the store.

It is 32 bytes, secret, in a file of its own that its owner alone can read, written as it is printed
on paper: base32 (RFC 4648) in groups of four letters, the last group a check. It is read for one
answer and held no longer. XChaCha20-Poly1305 (RFC 8439 with the 192-bit nonce), bound to what the
words are of: sealed words that are moved to another document, field or agency do not open.
"""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b32decode, b32encode
from pathlib import Path
from secrets import token_hex
from typing import Final

from patrol.errors.errors import FieldKeyError, NoFieldKey

KEY_BYTES: Final = 32
_CHECK: Final = 4  # letters
_MISREAD: Final = str.maketrans("018", "OIB")  # no digit of base32, and read for a letter of it
_AGENCY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class FieldKey:
    """One agency's key.

    Args:
        secret: 32 bytes.

    Attributes:
        id: Eight hexadecimal digits that tell keys apart and tell nothing of them.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id: Final = hashlib.sha256(b"field key " + secret).hexdigest()[:8]

    def __repr__(self) -> str:
        """Return its id: a repr may end in a log."""
        return f"FieldKey({self.id!r})"

    @property
    def text(self) -> str:
        """The key as it stands in its file and on paper."""
        letters = b32encode(self._secret).decode().rstrip("=") + _check(self._secret)
        return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))

    def seal(self, words: bytes, *, about: bytes) -> bytes:
        """Return words that open with this key only, and only as words about that."""
        from nacl.secret import Aead  # only where words are sealed or opened

        return bytes(Aead(self._secret).encrypt(words, about))

    def open(self, sealed: bytes, *, about: bytes) -> bytes:
        """Return what `seal` was given.

        Raises:
            FieldKeyError: If it was sealed with another key or about something else, or altered.
        """
        from nacl.exceptions import CryptoError
        from nacl.secret import Aead

        try:
            return bytes(Aead(self._secret).decrypt(sealed, about))
        except (CryptoError, ValueError):
            raise FieldKeyError(f"the field key {self.id} does not open what is kept") from None


def key_from(text: str) -> FieldKey:
    """Return the key that a printed page or file holds, in capitals or not, with or without dashes.

    Raises:
        FieldKeyError: If it is none, or a letter was misread.

    >>> made = FieldKey(bytes(range(32)))
    >>> key_from(made.text.lower().replace("-", " ")).id == made.id
    True
    """
    letters = "".join(text.split()).replace("-", "").upper().translate(_MISREAD)
    try:
        secret = b32decode(letters[:-_CHECK] + "====")
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES or _check(secret) != letters[-_CHECK:]:
        raise FieldKeyError("no field key: 14 groups of four letters, the last of them a check")
    return FieldKey(secret)


class FieldKeys:
    """The folder with the keys of a node's agencies, one file each.

    Args:
        folder: Where; None: nowhere, so no protected field can be written.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder: Final = folder

    def file(self, agency: str) -> Path:
        """Return where an agency's key is, or would be.

        Raises:
            NoFieldKey: If there is no folder, or that is no agency's id.
        """
        if self.folder is None or _AGENCY.fullmatch(agency) is None:
            raise NoFieldKey(agency)
        return self.folder / f"{agency}.key"

    def read(self, agency: str) -> FieldKey:
        """Return an agency's key.

        Raises:
            NoFieldKey: If it has none.
            FieldKeyError: If others may read it, it cannot be read, or holds no key.
        """
        file = self.file(agency)
        try:
            with file.open("rb") as opened:
                if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
                    raise FieldKeyError(f"{file}: others may read this key: chmod 600")
                text = opened.read(200)
        except FileNotFoundError:
            raise NoFieldKey(agency) from None
        except OSError as error:
            raise FieldKeyError(f"{file}: {error.strerror}") from None
        try:
            return key_from(text.decode("ascii", "replace"))
        except FieldKeyError as error:
            raise FieldKeyError(f"{file}: {error}") from None

    def write(self, agency: str, key: FieldKey) -> None:
        """Put a key into its file, whole or not at all; never over another.

        Raises:
            NoFieldKey: If there is no folder.
            FieldKeyError: If there is one already.
            OSError: If it cannot be written.
        """
        file = self.file(agency)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(key.text.encode() + b"\n")
                opened.flush()
                os.fsync(opened.fileno())
            os.link(draft, file)
        except FileExistsError:
            raise FieldKeyError(f"{file}: there is a key already") from None
        finally:
            draft.unlink()

    def is_printed(self, agency: str, key: FieldKey) -> bool:
        """Return whether a person confirmed that this key is on paper."""
        try:
            return self._printed(agency).read_text(encoding="utf-8").strip() == key.id
        except OSError:
            return False

    def note_printed(self, agency: str, key: FieldKey) -> None:
        """Note that a key is on paper.

        Raises:
            OSError: If it cannot be written.
        """
        self._printed(agency).write_text(f"{key.id}\n", encoding="utf-8")

    def _printed(self, agency: str) -> Path:
        return self.file(agency).with_suffix(".printed")


def new_key() -> FieldKey:
    """Return a new random key."""
    return FieldKey(os.urandom(KEY_BYTES))


def _check(secret: bytes) -> str:
    return b32encode(hashlib.sha256(b"field key check " + secret).digest()).decode()[:_CHECK]
