"""APRS objects: a marked place as stations show it, under a name of nine characters.

    ;SUNKENMPP*240230z2016.45N\10024.61E'Sunken barge: 2 m under water
     │        ││      │       │         │└ comment, at most 43 characters
     │        ││      │       └ symbol: `\'` (crash, incident) a hazard, `/.` (a cross) any other
     │        │└ day, hour, minute UTC      place, hundredths of a minute
     │        └ `*` it is there, `_` it is taken back (killed)
     └ the first letters of its name and three of its own: stations know an object by its name
       alone

Source: APRS Protocol Reference 1.0.1, chapters 6, 8, 11 and 20.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Final

from radio_gateway.formats.name_tag import letters_of
from radio_gateway.messages.marked_place import MarkedPlace

MAX_COMMENT: Final = 43  # bytes
_HAZARD, _PLACE = "\\'", "/."
_STEPS = 6000  # hundredths of a minute in a degree


def object_info(mark: MarkedPlace, *, lon: float, lat: float, at: datetime) -> bytes:
    """Return a mark as the information field of an object report, told at a time, aware UTC.

    >>> from datetime import UTC
    >>> rock = MarkedPlace(id="m1", name="Rock", use="hazard")
    >>> object_info(rock, lon=100.41022, lat=20.27411, at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC))
    b";ROCKMPP  *240230z2016.45N\\\\10024.61E'Rock"
    """
    state = "_" if mark.deleted else "*"
    symbol = _HAZARD if mark.use == "hazard" else _PLACE
    head = (
        f";{object_name(mark):9}{state}{at:%d%H%M}z"
        f"{_degrees(lat, 2, 'NS')}{symbol[0]}{_degrees(lon, 3, 'EW')}{symbol[1]}"
    )
    return head.encode() + _comment(mark)


def object_name(mark: MarkedPlace) -> str:
    """Return the name of a mark as an object.

    >>> object_name(MarkedPlace(id="m1", name="Sunken barge"))
    'SUNKENMPP'
    >>> object_name(MarkedPlace(id="m1", name="ຫີນ"))
    'MARKMPP'
    """
    plain = unicodedata.normalize("NFKD", mark.name).encode("ascii", "ignore").decode()
    letters = re.sub(r"[^A-Za-z0-9]", "", plain)[:6] or "MARK"
    return letters.upper() + letters_of(mark.id, 3)


def object_place(*, lon: float, lat: float) -> tuple[float, float]:
    """Return longitude and latitude as an object tells them, degrees."""
    return round(lon * _STEPS) / _STEPS, round(lat * _STEPS) / _STEPS


def _comment(mark: MarkedPlace) -> bytes:
    words = " ".join(f"{mark.name}: {mark.remarks}".split()).removesuffix(":")
    comment = re.sub(r"[\x00-\x1f\x7f|~]", "", words).encode()[:MAX_COMMENT]
    return comment.decode(errors="ignore").strip().encode()


def _degrees(value: float, digits: int, signs: str) -> str:
    degrees, hundredths = divmod(round(abs(value) * _STEPS), _STEPS)
    return f"{degrees:0{digits}}{hundredths / 100:05.2f}{signs[value < 0]}"
