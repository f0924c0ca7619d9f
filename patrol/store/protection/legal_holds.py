"""Legal holds in the store: which are in force, and what each covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, and_, or_, select

from patrol.documents.document import kind_of
from patrol.documents_registry.document_kinds import decode
from patrol.legal_holds.legal_hold import LegalHold
from patrol.store.engine.sql_functions import bytes_contain
from patrol.store.schema.rows import readable
from patrol.store.schema.tables import documents, units

_P: Final = documents.c
_HOLD: Final = kind_of(LegalHold)


def holds(connection: Connection) -> list[LegalHold]:
    """Return the legal holds that are in force."""
    rows = connection.execute(
        select(documents).where(_P.kind == _HOLD, _P.newest == 1, _P.closed == 0)
    )
    found = readable(rows, lambda row: decode(row.kind, row.body))
    return [each for each in found if isinstance(each, LegalHold)]


def held_units(connection: Connection) -> frozenset[str]:
    """Return the units whose messages must be kept: those under a hold, and all of an agency under
    one.
    """
    held = holds(connection)
    found = {each.id_held for each in held if each.kind_held == "unit"}
    agencies = [each.id_held for each in held if each.kind_held == "agency"]
    if agencies:
        found |= set(
            connection.execute(select(units.c.id).where(units.c.agency.in_(agencies))).scalars()
        )
    return frozenset(found)


def held_agencies(connection: Connection) -> frozenset[str]:
    """Return the agencies that are under a hold as a whole."""
    return frozenset(each.id_held for each in holds(connection) if each.kind_held == "agency")


def is_agency_held(holds: Iterable[LegalHold], agency: str) -> bool:
    return any(each.kind_held == "agency" and each.id_held == agency for each in holds)


def is_held(connection: Connection, holds: Sequence[LegalHold], agency: str, id: str) -> bool:
    """Return whether a hold covers a document, what it names, what names it, its unit or agency."""
    if is_agency_held(holds, agency):
        return True
    ids = {each.id_held for each in holds if each.kind_held != "agency"}
    if id in ids:
        return True
    for other in ids:
        says = or_(
            and_(_P.id == id, bytes_contain(_P.body, other.encode())),
            and_(_P.id == other, bytes_contain(_P.body, id.encode())),
        )
        if connection.execute(select(_P.id).where(says).limit(1)).first() is not None:
            return True
    return False
