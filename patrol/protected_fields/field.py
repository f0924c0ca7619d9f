"""Protected field: who informed, witnessed, suffered or was arrested by name, and private notes.

A document does not hold them: what has no such words cannot show them. They stand beside it in the
store, sealed with the agency's key (`field_key`), and the journal tells a commitment of them:
HMAC-SHA256 of the words under 32 random bytes that are sealed with them. Whoever may open the words
proves with it that they are what was written; redaction takes away words and random bytes, and what
is left says nothing of them, while a plain hash of a name is guessed in seconds.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

import msgspec

from patrol.errors.errors import FieldKeyError
from patrol.protected_fields.field_key import FieldKey

FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "incident": ("names", "informants", "witnesses", "victims"),
        "target": ("informants", "witnesses", "private_note"),
    }
)
"""Which fields of a kind of documents are protected."""

LONGEST: Final = 12_000
"""Characters of one field."""


class ProtectedField(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a protected field, as it is stored.

    Attributes:
        id: Globally unique.
        agency: Whose it is.
        kind: Kind of the document it is of (`incident`, `target`).
        document: Id of that document.
        field: Which of `FIELDS`.
        at: When it was written, aware UTC.
        by: Who wrote it: a user's name.
        commitment: 32 bytes, in the journal too.
        key: Id of the key that it is sealed with.
        sealed: The words, sealed; None once they were redacted.
        redacted_at: When they were taken away, aware UTC.
        redacted_by: Who did.
        reason: Why.
    """

    id: str
    agency: str
    kind: str
    document: str
    field: str
    at: datetime
    by: str
    commitment: bytes
    key: str
    sealed: bytes | None
    redacted_at: datetime | None = None
    redacted_by: str = ""
    reason: str = ""

    def words(self, key: FieldKey) -> str:
        """Return the words.

        Raises:
            FieldKeyError: If the key does not open them, or they are not what was written.
        """
        if self.sealed is None:
            return ""
        if key.id != self.key:
            raise FieldKeyError(f"sealed with the field key {self.key}, the file holds {key.id}")
        inside = _unpack(key.open(self.sealed, about=_about(self)))
        if not hmac.compare_digest(_commitment(inside), self.commitment):
            raise FieldKeyError("the words are not those of the commitment")
        return inside.words


class _Inside(msgspec.Struct, frozen=True, array_like=True):
    nonce: bytes
    words: str


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Inside).decode


def sealed_fields(
    key: FieldKey,
    plain: Mapping[str, Any],
    *,
    agency: str,
    kind: str,
    document: str,
    at: datetime,
    by: str,
) -> tuple[ProtectedField, ...]:
    """Return words sealed, each field that has any.

    Args:
        key: The agency's.
        plain: Words by field; of several people a tuple.
        agency: Whose they are.
        kind: Of which kind of documents.
        document: Of which document.
        at: When they are written, aware UTC.
        by: Who writes them.
    """
    made = []
    for name, value in plain.items():
        words = value if isinstance(value, str) else "\n".join(value)
        if not words.strip():
            continue
        inside = _Inside(nonce=os.urandom(32), words=words)
        field = ProtectedField(
            id=uuid4().hex,
            agency=agency,
            kind=kind,
            document=document,
            field=name,
            at=at,
            by=by,
            commitment=_commitment(inside),
            key=key.id,
            sealed=None,
        )
        box = key.seal(_pack(inside), about=_about(field))
        made.append(msgspec.structs.replace(field, sealed=box))
    return tuple(made)


def _about(field: ProtectedField) -> bytes:
    parts = (field.agency, field.kind, field.document, field.field, field.id)
    return "\0".join(parts).encode()


def _commitment(inside: _Inside) -> bytes:
    return hmac.digest(inside.nonce, inside.words.encode(), "sha256")
