"""Audit file: the journal as JSON lines, signed, for people without this server.

The first line says what it is and by which rule to check it, one line follows for each entry, and
the last is the signed head. `docs/reference/audit.md` tells the same, with a program that needs
none of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO, Final, TypeVar

import msgspec

from patrol.audit.chain import FIRST, Chain, ChainFault, Entry, time_text
from patrol.audit.signed_head import SignedHead
from patrol.errors.errors import AuditError
from radio_gateway.parsing.msgspec_decoders import json_decoder

FORMAT: Final = "joint-patrol audit export 1"
RULE: Final = (
    "hash = SHA-256 of the JSON array [seq, at, act, actor, agency, subject, detail, origin, "
    "previous] in UTF-8 without spaces, nothing escaped but quote, backslash and control characters"
    " (\\b \\t \\n \\f \\r, others \\u00xx in lower case); previous = hash of the line before, 64 "
    "zeros for the first; detail.sha256 = SHA-256 of the version of a paper that the line tells of"
)
SIGNED: Final = (
    "the last line's signature is Ed25519 (RFC 8032), base64, of the JSON array [format, node, "
    "seq, hash, signed_at] of that line, written by the same rule"
)
LONGEST_LINE: Final = 1 << 20

T = TypeVar("T")


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """First line of an export.

    Attributes:
        format: `joint-patrol audit export 1`.
        node: Whose journal.
        made_at: When, RFC 3339, UTC.
        after: Number of the entry before the first one here; 0 from the beginning.
        previous: Its hash.
        rule: How hashes are made.
        signed: How the last line is signed.
    """

    format: str
    node: str
    made_at: str
    after: int = 0
    previous: str = FIRST.hex()
    rule: str = RULE
    signed: str = SIGNED


class ExportLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry in an export; as `patrol.audit.chain.Entry`, hashes in hexadecimal."""

    seq: int
    at: str
    act: str
    actor: str
    agency: str
    subject: str
    detail: str
    origin: str
    previous: str
    hash: str


class ExportCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking an export.

    Attributes:
        opening: Its first line.
        head: Its last line, whose signature is good.
        entries: How many entries are proved.
        fault: The first that is not; None: all are.
    """

    opening: Opening
    head: SignedHead
    entries: int
    fault: ChainFault | None


def opening(*, node: str, at: datetime, after: int = 0, previous: bytes = FIRST) -> bytes:
    """Return the first line of an export."""
    first = Opening(
        format=FORMAT, node=node, made_at=time_text(at), after=after, previous=previous.hex()
    )
    return msgspec.json.encode(first) + b"\n"


def lines(entries: Iterable[Entry]) -> bytes:
    """Return entries as lines of an export."""
    return b"".join(
        msgspec.json.encode(
            ExportLine(
                seq=entry.seq,
                at=time_text(entry.at),
                act=entry.act,
                actor=entry.actor,
                agency=entry.agency,
                subject=entry.subject,
                detail=entry.detail,
                origin=entry.origin,
                previous=entry.previous.hex(),
                hash=entry.hash.hex(),
            )
        )
        + b"\n"
        for entry in entries
    )


def check(file: BinaryIO, *, public: str | None = None) -> ExportCheck:
    """Check an export, line by line.

    Args:
        file: The export.
        public: The node's public key, base64; None: the one that the export names.

    Raises:
        AuditError: If it is no export, or its head is not signed by that key.
    """
    first = _decoded(_line(file), Opening, 1)
    if first.format != FORMAT:
        raise AuditError(f"no export of a journal: format {first.format!r}")
    try:
        chain = Chain(first.after, bytes.fromhex(first.previous))
    except ValueError:
        raise AuditError("line 1 of the export: no hash") from None
    count, number, fault = 0, 2, None
    line, following = _line(file), _line(file)
    while following:
        if fault is None:
            fault = _verify_line(chain, line, number)
            count += fault is None
        line, following, number = following, _line(file), number + 1
    head = _decoded(line, SignedHead, number)
    head.check(public)
    if fault is None and head.place != (chain.seq, chain.hash):
        fault = (
            ChainFault(
                seq=chain.seq + 1, what="missing", reason=f"the signed head is row {head.seq}"
            )
            if head.seq > chain.seq
            else ChainFault(
                seq=chain.seq, what="altered", reason="it is not what the head was signed for"
            )
        )
    if fault is None and head.node != first.node:
        raise AuditError(f"the export is of {first.node!r}, and its head of {head.node!r}")
    return ExportCheck(opening=first, head=head, entries=count, fault=fault)


def _verify_line(chain: Chain, line: bytes, number: int) -> ChainFault | None:
    try:
        entry_line = json_decoder(ExportLine).decode(line)
        at = datetime.fromisoformat(entry_line.at)
        entry = Entry(
            seq=entry_line.seq,
            at=at,
            act=entry_line.act,
            actor=entry_line.actor,
            agency=entry_line.agency,
            subject=entry_line.subject,
            detail=entry_line.detail,
            origin=entry_line.origin,
            previous=bytes.fromhex(entry_line.previous),
            hash=bytes.fromhex(entry_line.hash),
        )
        # Each has one way to be written: another spelling of the same is an alteration too.
        readable = (
            at.tzinfo is not None
            and time_text(at) == entry_line.at
            and (entry.previous.hex(), entry.hash.hex()) == (entry_line.previous, entry_line.hash)
        )
    except (msgspec.MsgspecError, ValueError):
        readable = False
    if not readable:
        why = f"line {number} of the export cannot be read"
        return ChainFault(seq=chain.seq + 1, what="altered", reason=why)
    return chain.take(entry)


def _line(file: BinaryIO) -> bytes:
    line = file.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise AuditError(f"a line of the export is longer than {LONGEST_LINE} bytes")
    return line.rstrip(b"\r\n") if line.strip() else b""


def _decoded(line: bytes, kind: type[T], number: int) -> T:
    try:
        return json_decoder(kind).decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise AuditError(f"line {number} of the export is no {kind.__name__}: {error}") from None
