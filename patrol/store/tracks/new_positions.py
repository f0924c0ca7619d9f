"""New positions: what was stored after a row, in the order stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from patrol.store.schema.tables import transmissions

_T: Final = transmissions.c

_QUERY: Final = (
    select(
        _T.id,
        _T.address,
        _T.channel,
        _T.time_us,
        _T.heard_us,
        _T.lon,
        _T.lat,
        _T.speed_mps,
        _T.course_deg,
        _T.heading_deg,
        _T.accuracy_m,
        _T.altitude_m,
        _T.flags,
        _T.usable,
        _T.agency,
    )
    .where(_T.id > bindparam("row"))
    .order_by(_T.id)
    .limit(bindparam("most"))
)


class StoredPosition(NamedTuple):
    """One position as it is stored; fields as those of the table.

    Attributes:
        id: Number of its row.
    """

    id: int
    address: str
    channel: str
    time_us: int
    heard_us: int
    lon: float
    lat: float
    speed_mps: float | None
    course_deg: float | None
    heading_deg: float | None
    accuracy_m: float | None
    altitude_m: float | None
    flags: str


class NewPositions(NamedTuple):
    """What was stored after a row.

    Attributes:
        positions: Usable positions, in the order stored.
        last_row: Up to which row was looked.
        rows: How many rows were looked at.
    """

    positions: list[StoredPosition]
    last_row: int
    rows: int


def newest_row(connection: Connection) -> int:
    """Return the number of the newest row; 0 of an empty store."""
    return int(connection.execute(select(func.max(_T.id))).scalar() or 0)


def stored_after(
    connection: Connection, row: int, agencies: Collection[str], limit: int
) -> NewPositions:
    """Return the usable positions of some agencies among the rows after one.

    Args:
        connection: To the store.
        row: The last row that is not wanted.
        agencies: Owners.
        limit: Most rows to look at.
    """
    found = connection.execute(_QUERY, {"row": row, "most": limit}).all()
    if not found:
        return NewPositions([], row, 0)
    positions = [
        StoredPosition(*each[:-2]) for each in found if each.usable == 1 and each.agency in agencies
    ]
    return NewPositions(positions, found[-1].id, len(found))
