"""Revoked keys of gateways, as the journal records them."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from patrol.documents.transaction import Note
from patrol.store.journal import journal
from patrol.store.schema import tables

_ACT = "revoke gateway key"
_KIND = "gateway:"


def revocation(gateway: str, key: str, reason: str, *, agency: str) -> Note:
    """Return the journal note that revokes a key.

    Args:
        gateway: Id of the gateway that had it.
        key: The public key, base64.
        reason: Why, for who reads the journal.
        agency: On whose behalf.
    """
    return Note(
        act=_ACT,
        actor="command line",
        agency=agency,
        subject=f"{_KIND}{gateway}",
        detail={"key": key, "reason": reason},
    )


def revoked_keys(connection: Connection) -> frozenset[str]:
    """Return all revoked public keys."""
    row = tables.journal.c
    query = select(row.detail).where(journal.is_on(_KIND), row.act == _ACT)
    found = (msgspec.json.decode(detail) for (detail,) in connection.execute(query))
    return frozenset(str(each["key"]) for each in found if "key" in each)
