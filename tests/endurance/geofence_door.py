"""The one place where the trials of the geofence engine meet the engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from gis.fences.area import Area, polygon
from gis.fences.events import FenceEvent
from gis.fences.geofences import Geofences
from gis.position.position import Position
from gis.river.rivers import load_rivers


class Alarm(NamedTuple):
    """That a boat was in its area between two times (s), or only may have been."""

    boat: int
    since: float
    until: float
    only_maybe: bool


class Door:
    """An engine with one area for each boat; area n is boat n's.

    Args:
        areas: Rings in degrees of each boat's area, holes after the first; shape (points, 2).
    """

    def __init__(self, areas: list[list[npt.NDArray[np.float64]]]) -> None:
        made: dict[bytes, Area] = {}
        # Where all have the same area it is one.
        self._of: list[str] = []
        for rings in areas:
            key = rings[0].tobytes()
            if key not in made:
                shape = shapely.Polygon(rings[0], rings[1:])
                made[key] = polygon(f"area-{len(made)}", shape)
            self._of.append(made[key].id)
        self._engine = Geofences(list(made.values()), rivers=load_rivers())
        self._alarms: dict[Alarm, list[float]] = {}

    def hear(
        self,
        boat: npt.NDArray[np.int64],
        t: npt.NDArray[np.float64],
        lon: npt.NDArray[np.float64],
        lat: npt.NDArray[np.float64],
        accuracy_m: float | None,
        speed_mps: npt.NDArray[np.float64] | None,
    ) -> None:
        """Hand over a batch of reports."""
        outcome = self._engine.see(
            [
                (
                    f"boat-{boat[n]}",
                    Position(
                        lon=float(lon[n]),
                        lat=float(lat[n]),
                        time=datetime.fromtimestamp(float(t[n]), UTC),
                        accuracy_m=accuracy_m,
                        speed_mps=None if speed_mps is None else float(speed_mps[n]),
                    ),
                )
                for n in range(len(boat))
            ]
        )
        answers = dict(zip(boat.tolist(), t.tolist(), strict=True))
        for event in outcome.withdrawn:
            alarm = self._alarm(event)
            if alarm is not None and self._alarms.get(alarm):
                self._alarms[alarm].pop()
        for event in outcome.added:
            alarm = self._alarm(event)
            if alarm is not None:
                self._alarms.setdefault(alarm, []).append(answers[alarm.boat])

    def standing(self) -> list[tuple[Alarm, float]]:
        """Return the alarms that stand, each with the time of the report that brought it."""
        return [(alarm, heard) for alarm, times in self._alarms.items() for heard in times]

    def _alarm(self, event: FenceEvent) -> Alarm | None:
        boat = int(event.unit.removeprefix("boat-"))
        if event.area != self._of[boat] or event.kind == "leave":
            return None
        return Alarm(
            boat,
            event.earliest.timestamp(),
            event.latest.timestamp(),
            event.kind == "may_have_passed",
        )
