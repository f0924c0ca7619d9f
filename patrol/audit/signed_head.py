"""Audit head: the end of the journal as it was once, signed by the node.

Kept where nobody can reach it who can reach the store, it proves that nothing up to there was cut
off or written anew.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from patrol.audit.chain import canonical, time_text
from patrol.errors.errors import AuditError
from patrol.signatures.signing_key import SigningKey, is_signed
from radio_gateway.parsing.msgspec_decoders import json_decoder

FORMAT = "joint-patrol audit head 1"


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a journal, signed.

    Attributes:
        format: `joint-patrol audit head 1`.
        node: Whose journal.
        seq: Number of the newest entry; 0 of an empty journal.
        hash: Its hash, 64 hexadecimal digits.
        signed_at: When it was signed, RFC 3339, UTC.
        public_key: Of the node, base64.
        signature: Ed25519, base64, of the JSON array of the first five fields.
    """

    format: str
    node: str
    seq: int
    hash: str
    signed_at: str
    public_key: str
    signature: str

    def check(self, public: str | None = None) -> None:
        """Check the signature.

        Args:
            public: The key that it must be; None: the one that the head itself names.

        Raises:
            AuditError: If it is not signed, or by another key.
        """
        if self.format != FORMAT:
            raise AuditError(f"no head of a journal: format {self.format!r}")
        if public is not None and public != self.public_key:
            raise AuditError(f"the head is signed by another key, {self.public_key}")
        if not is_signed(_covered(self), self.signature, public=self.public_key):
            raise AuditError("the head's signature is wrong: it was altered after it was signed")

    @property
    def place(self) -> tuple[int, bytes]:
        """Number and hash of the entry.

        Raises:
            AuditError: If the hash is none.
        """
        try:
            return self.seq, bytes.fromhex(self.hash)
        except ValueError:
            raise AuditError(f"the head's hash is none: {self.hash!r}") from None


def signed_head(key: SigningKey, *, node: str, seq: int, last: bytes, at: datetime) -> SignedHead:
    """Return the head of a journal, signed.

    Args:
        key: The node's.
        node: Whose journal.
        seq: Number of the newest entry; 0 of an empty one.
        last: Its hash.
        at: Now, aware UTC.
    """
    head = SignedHead(
        format=FORMAT,
        node=node,
        seq=seq,
        hash=last.hex(),
        signed_at=time_text(at),
        public_key=key.public,
        signature="",
    )
    return msgspec.structs.replace(head, signature=key.sign(_covered(head)))


def head_from(text: bytes) -> SignedHead:
    """Return the head that is the last line of a file: of a head alone, or of an export.

    Raises:
        AuditError: If it is none.
    """
    lines = text.splitlines()
    try:
        return json_decoder(SignedHead).decode(lines[-1] if lines else b"")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise AuditError(f"no head of a journal: {error}") from None


def _covered(head: SignedHead) -> bytes:
    return canonical((head.format, head.node, head.seq, head.hash, head.signed_at))
