"""Meshtastic waypoints: a marked place as the app of every node shows it.

An app takes a waypoint with the same id for the same one, changed, and one that is over since 1970
for taken back.

Source: Meshtastic protobuf definitions, `mesh.proto` (Waypoint) and `mesh.options` (lengths, each
with the zero that ends it).
"""

from __future__ import annotations

from typing import Final

from radio_gateway.formats.name_tag import number_of
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.protobuf.meshtastic_pb2 import Waypoint

MAX_NAME: Final = 29  # bytes
MAX_DESCRIPTION: Final = 99
_TAKEN_BACK = 1  # second of 1970
_WARNING_SIGN = 0x26A0


def waypoint(mark: MarkedPlace, *, lon: float, lat: float) -> bytes:
    """Return a mark as a Waypoint.

    >>> rock = MarkedPlace(id="m1", name="Rock", deleted=True)
    >>> waypoint(rock, lon=0.0000001, lat=-0.0000001).hex(" ")[18:]
    '15 ff ff ff ff 1d 01 00 00 00 20 01 32 04 52 6f 63 6b'
    """
    expire_s = _TAKEN_BACK if mark.deleted else 0
    if mark.ends_at is not None and not mark.deleted:
        expire_s = int(mark.ends_at.timestamp())
    message = Waypoint(
        id=number_of(mark.id),
        latitude_i=round(lat * 1e7),
        longitude_i=round(lon * 1e7),
        expire=expire_s,
        name=waypoint_name(mark),
        description=_cut(mark.remarks, MAX_DESCRIPTION),
        icon=_WARNING_SIGN if mark.use == "hazard" else 0,
    )
    return message.SerializeToString()


def waypoint_name(mark: MarkedPlace) -> str:
    """Return what a mark is called as a waypoint."""
    return _cut(mark.name, MAX_NAME)


def _cut(text: str, most: int) -> str:
    """Return as much of a text as goes into so many bytes, in whole characters."""
    return " ".join(text.split()).encode()[:most].decode(errors="ignore").strip()
