"""Sightings: where a target was seen, by whom, and on which side of the river and the border.

A side counts only where the stated errors of line and fix leave no doubt: what is unsure is not
across.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from gis.position.accuracy import SIGHTING_ACCURACY_M
from patrol.sectors.site_geography import Ground
from patrol.units.data_classes import ENVELOPE, NEVER, TARGETS

BORDER_RIVER_M: Final = 3000.0
"""Farther from the border than this, the river is no border, and its middle no line to cross."""

Across: TypeAlias = Literal["border", "river"]


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One look at a target.

    Attributes:
        at: When, aware UTC.
        lon: Degrees east.
        lat: Degrees north.
        agency: Whose people saw it.
        accuracy_m: How wrong the place may be, metres; None: not said.
        speed_mps: Over ground, metres per second.
        course_deg: Over ground, degrees true.
        unit: Id of the unit that saw it.
        note: What was seen; crosses with the rest.
        place: The address for people.
        river: Name of the nearest river, within 5 km.
        km: Kilometres from its mouth.
        bank: `left`, `right` or `mid`; None unsure.
        country: Where the drawn border puts it, ISO 3166-1 alpha-2.
        neighbour: Country across the border, if that is within `BORDER_RIVER_M`.
        side_sure: Whether `country` is sure beyond the errors of border and fix.
        by: Name of the user who entered it.
    """

    at: Annotated[datetime, TARGETS]
    lon: Annotated[float, TARGETS]
    lat: Annotated[float, TARGETS]
    agency: Annotated[str, ENVELOPE] = ""
    accuracy_m: Annotated[float | None, TARGETS] = None
    speed_mps: Annotated[float | None, TARGETS] = None
    course_deg: Annotated[float | None, TARGETS] = None
    unit: Annotated[str | None, TARGETS] = None
    note: Annotated[str, TARGETS] = ""
    place: Annotated[str, TARGETS] = ""
    river: Annotated[str | None, TARGETS] = None
    km: Annotated[float | None, TARGETS] = None
    bank: Annotated[str | None, TARGETS] = None
    country: Annotated[str | None, TARGETS] = None
    neighbour: Annotated[str | None, TARGETS] = None
    side_sure: Annotated[bool, TARGETS] = False
    by: Annotated[str, NEVER] = ""

    @property
    def wrong_m(self) -> float:
        """How wrong its place may be, metres."""
        return SIGHTING_ACCURACY_M if self.accuracy_m is None else self.accuracy_m


def locate(sighting: Sighting, ground: Ground | None) -> Sighting:
    """Return a sighting with its river address and side; as it is without ground."""
    if ground is None:
        return sighting
    lon, lat, wrong_m = sighting.lon, sighting.lat, sighting.wrong_m
    found = ground.chainage(lon=lon, lat=lat, accuracy_m=wrong_m)
    side = ground.side(lon=lon, lat=lat, accuracy_m=wrong_m)
    values: dict[str, object] = {"place": ground.words(lon=lon, lat=lat, accuracy_m=wrong_m)}
    if found is not None:
        values |= {
            "river": found.river,
            "km": round(found.place.km, 3),
            "bank": found.place.bank,
        }
    if side is not None and side.country is not None:
        values |= {"country": side.country, "side_sure": side.sure}
        away_m = side.distance_to_border_m
        if math.isfinite(away_m) and away_m <= BORDER_RIVER_M:
            values["neighbour"] = side.neighbour
    return msgspec.structs.replace(sighting, **values)


def across(sightings: Sequence[Sighting], home: str | None) -> Across | None:
    """Return whether the last sighting is surely on the other side, and by which line.

    Args:
        sightings: Oldest first.
        home: Country of who has the target, ISO 3166-1 alpha-2; None unknown.

    Returns:
        `border` when it surely is in another country; `river` when the side of the border is not
        sure, but it surely came from one bank of a border river to the other; None otherwise.

    >>> from datetime import UTC
    >>> seen = Sighting(at=datetime(2026, 1, 1, tzinfo=UTC), lon=100.4, lat=20.3)
    >>> there = msgspec.structs.replace(seen, country="TH", side_sure=True)
    >>> across([there], "LA"), across([there], "TH"), across([seen], "LA"), across([], "LA")
    ('border', None, None, None)
    """
    if not sightings:
        return None
    last = sightings[-1]
    if last.side_sure and last.country is not None and home is not None:
        return "border" if last.country != home else None
    if last.bank not in ("left", "right") or last.neighbour is None:
        return None
    for before in reversed(sightings[:-1]):
        if before.river == last.river and before.bank in ("left", "right"):
            return "river" if before.bank != last.bank else None
    return None


def comes_across(sightings: Sequence[Sighting], home: str | None) -> Across | None:
    """Return by which line the last sighting came across; None when it was across before."""
    by = across(sightings, home)
    return None if by is None or across(sightings[:-1], home) is not None else by
