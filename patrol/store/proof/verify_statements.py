"""Verification of statements: each is as it was when the journal told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from patrol.audit.chain import ChainFault, Entry
from patrol.counterparts.statement import RECEIVED, SENT, hash_of
from patrol.store.schema.tables import statements_in, statements_out
from radio_gateway.parsing.msgspec_decoders import json_decoder

_SUBJECT: Final = "statement:"
_TABLES: Final = {SENT: statements_out} | dict.fromkeys(RECEIVED.values(), statements_in)


class _Told(msgspec.Struct):
    """What an entry tells of a statement."""

    hash: str = ""


def compare_statements(connection: Connection, entries: Sequence[Entry]) -> ChainFault | None:
    """Return the first statement that is not as it was when an entry told of it."""
    for entry in entries:
        table = _TABLES.get(entry.act)
        if table is None or not entry.subject.startswith(_SUBJECT):
            continue
        id = entry.subject.removeprefix(_SUBJECT)
        try:
            told = json_decoder(_Told).decode(entry.detail).hash
        except msgspec.MsgspecError:  # somebody else's line
            continue
        row = connection.execute(select(table.c.body).where(table.c.id == id)).first()
        document = f"statement {id}"
        if row is None:
            why = "it is not there any more"
            return ChainFault(seq=entry.seq, what="missing", document=document, reason=why)
        if not isinstance(row.body, bytes) or hash_of(row.body) != told:
            why = "it is not what was said"
            return ChainFault(seq=entry.seq, what="altered", document=document, reason=why)
    return None
