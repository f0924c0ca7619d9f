"""Voyage: where a boat, truck or team of the demo is at a moment, a pure function of time.

Along a river a mover goes to and fro between two river kilometres at its own speed, resting at
both ends and keeping its distance to one side of the centreline; a seeded sway makes it look
steered. So any moment can be asked for, past or future, and the same seed gives the same patrol.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Protocol

_METRES_PER_DEGREE = 111_195.0


class VoyageRiver(Protocol):
    """What a voyage asks of the river."""

    def at_km(self, km: float, /) -> tuple[float, float]:
        """Return longitude and latitude, degrees, at `km` from the sea."""


@dataclass(frozen=True, kw_only=True)
class MoverState:
    """Where a mover is and how it moves.

    Attributes:
        lon: Degrees east.
        lat: Degrees north.
        speed_mps: Over ground, metres a second.
        course_deg: Degrees true.
    """

    lon: float
    lat: float
    speed_mps: float
    course_deg: float


@dataclass(frozen=True, kw_only=True)
class Voyage:
    """To and fro between two river kilometres.

    Attributes:
        from_km: One end, kilometres from the sea.
        to_km: The other end.
        speed_mps: Along the river, metres a second.
        start_km: Where it is at time 0, heading for `to_km`.
        side_m: Distance from the centreline, metres; negative is left looking downstream.
        rest_s: Rest at each end, seconds.
        sway_m: How far it swings to both sides, metres.
        seed: Makes its sway its own.
    """

    from_km: float
    to_km: float
    speed_mps: float
    start_km: float
    side_m: float
    rest_s: float = 60.0
    sway_m: float = 12.0
    seed: int = 0

    def at(self, river: VoyageRiver, t_s: float) -> MoverState:
        """Return where it is `t_s` seconds after the start; negative is before."""
        lon, lat = self._place(river, t_s)
        after_lon, after_lat = self._place(river, t_s + 1.0)
        east_m = (after_lon - lon) * _METRES_PER_DEGREE * math.cos(math.radians(lat))
        north_m = (after_lat - lat) * _METRES_PER_DEGREE
        return MoverState(
            lon=lon,
            lat=lat,
            speed_mps=math.hypot(east_m, north_m),
            course_deg=math.degrees(math.atan2(east_m, north_m)) % 360.0,
        )

    def _place(self, river: VoyageRiver, t_s: float) -> tuple[float, float]:
        km = self._km(t_s)
        return offset_point(river, km, self.side_m + self._sway(t_s))

    def _km(self, t_s: float) -> float:
        length_km = abs(self.to_km - self.from_km)
        leg_s = length_km * 1000.0 / self.speed_mps
        started_s = abs(self.start_km - self.from_km) * 1000.0 / self.speed_mps
        within_s = (t_s + started_s) % (2 * (leg_s + self.rest_s))
        there_s, back_s = within_s, within_s - leg_s - self.rest_s
        share = min(1.0, there_s / leg_s) if back_s < 0 else 1.0 - min(1.0, back_s / leg_s)
        return self.from_km + (self.to_km - self.from_km) * share

    def _sway(self, t_s: float) -> float:
        dice = random.Random(self.seed)  # noqa: S311 - looks, not secrets
        return self.sway_m * sum(
            math.sin(t_s * 2 * math.pi / dice.uniform(40, 160) + dice.uniform(0, 6.3)) / 2
            for _ in range(2)
        )


@dataclass(frozen=True, kw_only=True)
class FixedPost:
    """A fixed place.

    Attributes:
        lon: Degrees east.
        lat: Degrees north.
    """

    lon: float
    lat: float

    def at(self, river: VoyageRiver, t_s: float) -> MoverState:  # noqa: ARG002
        """Return the place; it never moves."""
        return MoverState(lon=self.lon, lat=self.lat, speed_mps=0.0, course_deg=0.0)


def offset_point(river: VoyageRiver, km: float, side_m: float) -> tuple[float, float]:
    """Return the point `side_m` metres right (looking downstream) of the centreline at `km`."""
    lon, lat = river.at_km(km)
    # Over 300 m, so that a corner of the drawn line does not throw a boat sideways.
    up_lon, up_lat = river.at_km(km + 0.15)
    down_lon, down_lat = river.at_km(km - 0.15)
    scale = math.cos(math.radians(lat))
    east, north = (down_lon - up_lon) * scale, down_lat - up_lat
    length = math.hypot(east, north) or 1.0
    right_east, right_north = north / length, -east / length
    return (
        lon + side_m * right_east / (_METRES_PER_DEGREE * scale),
        lat + side_m * right_north / _METRES_PER_DEGREE,
    )
