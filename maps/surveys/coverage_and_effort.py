"""Coverage and effort: what units did over some time, and what they saw, from stored tracks.

Every track comes through the caller's Desk, so nobody learns of a unit that they may not see
(following.py). The work is done in a thread, one survey at a time: positions would wait for it
otherwise.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec
import shapely

from gis.border.border import Border
from gis.drawing.drawing import check_drawing
from gis.errors.errors import PositionError
from gis.geometry.geojson import plain
from gis.river.river import River
from gis.river.rivers import Rivers
from gis.tracks.coverage import (
    Coverage,
    RiverCoverage,
    Stretch,
    area_coverage,
    reach_km,
    river_coverage,
)
from gis.tracks.effort import Effort, effort, total
from gis.tracks.track import Track
from maps.errors.errors import BadRequest
from maps.runtime.fair_queue import FairQueue
from maps.surveys.query_windows import passed
from maps.surveys.track_reader import read_tracks
from patrol.desks.desk import Desk

AT_ONCE: Final = 2
"""Surveys whose positions are in memory; others wait, those of every user in turn."""

NO_COUNTRY: Final = "unknown"

T = TypeVar("T")


class SurveyGround(Protocol):
    """The border and the rivers of this site."""

    @property
    def river(self) -> River: ...

    @property
    def rivers(self) -> Rivers: ...

    async def border(self) -> Border: ...


class UnitEffort(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one unit did.

    Attributes:
        unit: Its id.
        call_sign: Its name on the radio.
        country: Its own side, ISO 3166-1 alpha-2; absent when unknown.
        effort: Kilometres and hours, by the side and sector it was in.
        removed: How many positions could not be true, by reason.
    """

    unit: str
    call_sign: str
    effort: Effort
    country: str | None = None
    removed: dict[str, int] = {}


class EffortReport(msgspec.Struct, frozen=True, kw_only=True):
    """What units did over some time.

    Attributes:
        start: First moment, UTC.
        end: Moment after the last, UTC; now, if what was asked for is not over.
        units: Each that has a position in that time, by call sign.
        by_country: Together, by the units' own side; `unknown`.
        total: All together.
    """

    start: datetime
    end: datetime
    units: list[UnitEffort]
    by_country: dict[str, Effort]
    total: Effort


class CoverageReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of an area or a river units saw over some time.

    Attributes:
        start: First moment, UTC.
        end: Moment after the last, UTC; now, if what was asked for is not over.
        radius_m: How far a unit was taken to see, metres.
        units: Ids of the units that have a position in that time.
        seen: How much was seen: km2 of an area, km of a river.
        stretches: Of a river: stretches seen and unseen in turn, from the lower end up.
        line_error_m: Of a river: how far its centreline may be off, metres.
        cells: GeoJSON of an area's cells, where they were asked for: `last`, `seen_s`, `visits`,
            `area_km2`.
    """

    start: datetime
    end: datetime
    radius_m: float
    units: list[str]
    seen: Coverage
    stretches: tuple[Stretch, ...] | None = None
    line_error_m: float | None = None
    cells: dict[str, Any] | None = None


class Survey:
    """Makes surveys.

    Args:
        land: The border and the river of this site.
    """

    def __init__(self, land: SurveyGround) -> None:
        self._land = land
        self._one_at_a_time = asyncio.Lock()
        self._turns = FairQueue(AT_ONCE)

    async def effort(
        self,
        desk: Desk,
        *,
        units: Sequence[str],
        start: datetime,
        end: datetime,
        area: shapely.Geometry | None = None,
    ) -> EffortReport:
        """Return how far units went and how long they were out.

        Args:
            desk: Of who asks.
            units: Unit ids or radio addresses; none: every registered unit.
            start: First moment, aware UTC.
            end: Moment after the last, aware UTC.
            area: A sector to tell apart, as `area`.

        Raises:
            BadRequest: If the time is none, too long, or holds too many positions.
            Forbidden: If the role may not.
            NotFound: If there is no such unit, or the user may not know of it.
        """
        until = passed(start, end, now=datetime.now(UTC))
        async with self.turn(desk):
            found = await read_tracks(desk, units, start, end, in_thread=self.in_thread)
            border = await self._land.border()
            tracks = {each.state.id: each.track for each in found}
            sectors = None if area is None else {"area": area}
            rivers = self._land.rivers
            done = await self.in_thread(
                lambda: effort(tracks, border=border, rivers=rivers, sectors=sectors)
            )
        by_country: dict[str, list[Effort]] = {}
        for each in found:
            by_country.setdefault(each.state.country or NO_COUNTRY, []).append(done[each.state.id])
        return EffortReport(
            start=start,
            end=until,
            units=[
                UnitEffort(
                    unit=each.state.id,
                    call_sign=each.state.call_sign,
                    country=each.state.country,
                    effort=done[each.state.id],
                    removed=each.removed,
                )
                for each in found
            ],
            by_country={country: total(each) for country, each in sorted(by_country.items())},
            total=total(done.values()),
        )

    async def area(
        self,
        desk: Desk,
        *,
        units: Sequence[str],
        start: datetime,
        end: datetime,
        radius_m: float,
        area: shapely.Geometry,
        cells: bool = False,
    ) -> CoverageReport:
        """Return how much of an area was seen; arguments and errors as `effort`.

        Args:
            desk: Of who asks.
            units: As there.
            start: As there.
            end: As there.
            radius_m: How far a unit sees, metres.
            area: Polygons, EPSG:4326.
            cells: Also when and for how long each cell was seen.
        """
        until = passed(start, end, now=datetime.now(UTC))
        async with self.turn(desk):
            found = await read_tracks(desk, units, start, end, in_thread=self.in_thread)
            tracks = [each.track for each in found]

            def work() -> tuple[Coverage, dict[str, Any] | None]:
                coverage, frame = area_coverage(tracks, area, radius_m=radius_m, rivers=self.rivers)
                return coverage, cells_of(frame) if cells else None

            coverage, made = await self.in_thread(work)
        return CoverageReport(
            start=start,
            end=until,
            radius_m=radius_m,
            units=[each.state.id for each in found],
            seen=coverage,
            cells=made,
        )

    async def river(
        self,
        desk: Desk,
        *,
        units: Sequence[str],
        start: datetime,
        end: datetime,
        radius_m: float,
        km_from: float,
        km_to: float,
    ) -> CoverageReport:
        """Return how much of the river was seen; arguments and errors as `effort`.

        Args:
            desk: Of who asks.
            units: As there.
            start: As there.
            end: As there.
            radius_m: How far a unit sees, metres.
            km_from: One end, kilometres from the sea.
            km_to: The other end.
        """
        until = passed(start, end, now=datetime.now(UTC))
        async with self.turn(desk):
            found = await read_tracks(desk, units, start, end, in_thread=self.in_thread)
            coverage = await self.river_coverage(
                [each.track for each in found], km_from=km_from, km_to=km_to, radius_m=radius_m
            )
        return CoverageReport(
            start=start,
            end=until,
            radius_m=radius_m,
            units=[each.state.id for each in found],
            seen=coverage.seen,
            stretches=coverage.stretches,
            line_error_m=line_error_of(coverage),
        )

    async def river_coverage(
        self, tracks: Sequence[Track], *, km_from: float, km_to: float, radius_m: float
    ) -> RiverCoverage:
        """Return how much of the main river tracks saw; `turn` is held by whoever calls.

        Args:
            tracks: The tracks, cleaned.
            km_from: One end, kilometres from the sea.
            km_to: The other end.
            radius_m: How far a unit sees, metres.

        Raises:
            BadRequest: If the river has not one of the kilometres.
        """
        rivers = self.rivers
        return await self.in_thread(
            lambda: river_coverage(
                tracks,
                rivers.main,
                km_from=km_from,
                km_to=km_to,
                radius_m=radius_m,
                rivers=rivers,
            )
        )

    def reach(self, name: str) -> tuple[float, float]:
        """Return the kilometres of a reach.

        Raises:
            BadRequest: If the river has none of that name.
        """
        try:
            return reach_km(self._land.river, name)
        except PositionError as error:
            raise BadRequest(str(error), field="reach") from None

    @property
    def rivers(self) -> Rivers:
        """The rivers of this site; kilometres are counted of the main one."""
        return self._land.rivers

    def turn(self, desk: Desk) -> AbstractAsyncContextManager[None]:
        """Wait for a turn of the user of `desk`, and have positions in memory while inside."""
        return self._turns.turn(desk.user.name)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do work beside the event loop, after every survey that was asked for before.

        A thread cannot be called off: where the one who asked is, the next waits for it all the
        same. Else who asks and calls off would soon have all the threads there are.

        Raises:
            BadRequest: If places or areas are none.
        """
        async with self._one_at_a_time:
            doing = asyncio.ensure_future(asyncio.to_thread(work))
            try:
                await asyncio.wait({doing})
            except asyncio.CancelledError:
                await asyncio.gather(doing, return_exceptions=True)
                raise
            try:
                return doing.result()
            except PositionError as error:
                raise BadRequest(str(error)) from None


def line_error_of(coverage: RiverCoverage) -> float | None:
    """Return how far a river's centreline may be off, metres; None where that is not known."""
    return None if math.isnan(coverage.line_error_m) else coverage.line_error_m


def read_area(text: str) -> shapely.Geometry:
    """Return the polygons of a GeoJSON geometry (or Feature), coordinates [lon, lat].

    Raises:
        BadRequest: If it is none, or its drawing has a fault (`gis.drawing.drawing`), which is
            named.

    >>> read_area('{"type":"Polygon","coordinates":[[[100,20],[101,20],[101,21],[100,20]]]}').area
    0.5
    """
    try:
        parsed = msgspec.json.decode(text)
    except msgspec.DecodeError:
        parsed = None
    if isinstance(parsed, dict) and parsed.get("type") == "Feature":
        parsed = parsed.get("geometry")
    if not isinstance(parsed, dict):
        raise BadRequest("is no GeoJSON geometry", field="area")
    for fault in check_drawing(parsed).faults:
        if not fault.only_warns:
            raise BadRequest(fault.message, field="area")
    return shapely.geometry.shape(parsed)


def cells_of(frame: Any) -> dict[str, Any]:
    """Return the cells of an area as GeoJSON: `last`, `seen_s`, `visits`, `area_km2`."""
    features = []
    shapes = shapely.to_geojson(shapely.set_precision(frame.geometry.values, 1e-6))
    for row, shape in zip(frame.itertuples(index=False), shapes, strict=True):
        last = None if row.visits == 0 else row.last.to_pydatetime()
        properties = {"area_km2": round(row.area_km2, 6), "last": last}
        properties |= {"seen_s": round(row.seen_s, 1), "visits": plain(row.visits)}
        geometry = msgspec.Raw(shape.encode())
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "features": features}
