"""Proof mark file: how far a verification of the journal came, so that an interrupted one goes on.

A whole year takes an hour; whoever ends it loses no more than 20 s. The file is signed with the
node's key like a head: who can write beside the store cannot claim that something was proved.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from maps.runtime.atomic_folder import new_file
from patrol.audit.chain import canonical, time_text
from patrol.errors.errors import AuditError
from patrol.signatures.signing_key import is_signed, read_or_make_key
from patrol.store.proof.verify_journal import ProofMark
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

FORMAT: Final = "joint-patrol proof mark 1"
EVERY_S: Final = 20.0
FOR: Final = timedelta(days=7)
"""What was proved longer ago is proved again."""


class DatedProofMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark, and when it was written, aware UTC."""

    mark: ProofMark
    at: datetime


class _Signed(msgspec.Struct, frozen=True, kw_only=True):
    """The file: MessagePack; the signature is Ed25519, base64, of the JSON array of format, node,
    time and the SHA-256 of the mark.
    """

    format: str
    node: str
    at: str
    mark: bytes
    signature: str

    def covered(self) -> bytes:
        """Return what the signature is of."""
        digest = hashlib.sha256(self.mark).hexdigest()
        return canonical((self.format, self.node, self.at, digest))


class ProofMarkFile:
    """Keeps how far a verification came.

    Args:
        file: Where; beside the store.
        key_file: The key that signs the node's heads.
        node: The node's id.
        steady: Seconds that only ever pass.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        file: Path,
        key_file: Path,
        *,
        node: str,
        steady: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._file, self._key_file, self._node = file, key_file, node
        self._steady, self._now = steady, now
        self._last_s = steady()

    def read(self) -> DatedProofMark | None:
        """Return the mark there is, not older than `FOR`; None: there is none.

        Raises:
            AuditError: If it is not this node's, or altered.
            SigningKeyError: If the key cannot be used.
            OSError: If it cannot be read.
        """
        if not self._file.exists():
            return None
        try:
            found = msgpack_decoder(_Signed).decode(self._file.read_bytes())
            at = datetime.fromisoformat(found.at)
            if (found.format, found.node) != (FORMAT, self._node) or not is_signed(
                found.covered(), found.signature, public=read_or_make_key(self._key_file).public
            ):
                raise ValueError
            mark = msgpack_decoder(ProofMark).decode(found.mark)
        except (msgspec.MsgspecError, ValueError):
            raise AuditError(
                f"{self._file}: it says how far a verification came, and this node has not signed"
                " that: begin from the first row with --anew"
            ) from None
        return DatedProofMark(mark=mark, at=at) if self._now() - at <= FOR else None

    def keep(self, mark: Callable[[], ProofMark]) -> None:
        """Write how far it is, if the last time is `EVERY_S` ago.

        Raises:
            SigningKeyError: If the key cannot be used.
            OSError: If it cannot be written.
        """
        if self._steady() - self._last_s < EVERY_S:
            return
        content = _Signed(
            format=FORMAT,
            node=self._node,
            at=time_text(self._now()),
            mark=msgspec.msgpack.encode(mark()),
            signature="",
        )
        signature = read_or_make_key(self._key_file).sign(content.covered())
        signed = msgspec.structs.replace(content, signature=signature)
        with new_file(self._file, msgspec.msgpack.encode(signed)):
            pass
        self._last_s = self._steady()

    def remove(self) -> None:
        """Remove it: the verification came to its end, or begins anew."""
        self._file.unlink(missing_ok=True)
