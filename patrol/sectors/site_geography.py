"""Ground: the site's geography, rivers and borders, as documents need it.

It judges what people draw, makes areas of sectors, and says which country and which river address a
place has. Without layers (`Ground()`) polygons work and everything else is not known.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Lock
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
import shapely

from gis.address.address import Address
from gis.address.addresses import Addresses
from gis.border.border import Border, Side
from gis.drawing.drawing import Drawing, check_drawing
from gis.errors.errors import AreaError, GisError
from gis.fences.area import Area, corridor, polygon
from gis.river.landings import Landings
from gis.river.river import River
from gis.river.rivers import OnRiver, Rivers
from patrol.sectors.river_extent import RiverExtent, RiverSteps
from patrol.sectors.sector import Sector

PROBES: Final = 24
"""Places across a sector's larger extent at which its country is asked for, beside its corners."""

MOST_AREAS: Final = 2000
"""Areas that are kept ready, those last asked for."""


T = TypeVar("T")


class DeepestPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sector lies deepest in a country.

    Attributes:
        lon: Degrees east.
        lat: Degrees north.
        border_m: How far from the border, metres; beyond what the line may be off.
    """

    lon: float
    lat: float
    border_m: float


class SectorLie(NamedTuple):
    """How a sector lies on the ground.

    Attributes:
        area: Where.
        countries: Countries that it surely reaches into, and where it does so deepest.
        along: Which kilometres of which rivers lie in it; empty where none is known.
    """

    area: Area
    countries: dict[str, DeepestPoint]
    along: tuple[RiverExtent, ...]


class Ground:
    """The ground of one site.

    Args:
        addresses: Its rivers and its border; None without any.
        landings: Where its boats land; None where none is known.
    """

    def __init__(
        self, addresses: Addresses | None = None, landings: Landings | None = None
    ) -> None:
        self._addresses, self._landings = addresses, landings
        self._areas = _Cache[Area]()
        self._lies = _Cache[SectorLie]()

    @property
    def border(self) -> Border | None:
        """The border; None where none is known."""
        return None if self._addresses is None else self._addresses.border

    @property
    def rivers(self) -> Rivers | None:
        """The rivers; None where none are known."""
        return None if self._addresses is None else self._addresses.rivers

    def judge(self, geometry: Mapping[str, Any]) -> Drawing:
        """Return the faults of a drawn polygon (GeoJSON), and how to mend them."""
        border = None if self._addresses is None else self._addresses.border
        return check_drawing(geometry, border=border)

    def river(self, name: str) -> River:
        """Return a river by name.

        Raises:
            GisError: If there is none of that name.

        >>> Ground().river("Mekong")
        Traceback (most recent call last):
        ...
        gis.errors.errors.GisError: no river is known here
        """
        if self._addresses is None:
            raise GisError("no river is known here")
        return self._addresses.rivers.river(name)

    def area(self, sector: Sector) -> Area:
        """Return where a sector lies.

        Raises:
            AreaError: If its drawing is no area.
            PositionError: If its river has not these kilometres.
            GisError: If there is no such river.
        """
        return self._areas.get((sector.id, sector.version), lambda: self._area(sector))

    def holds(self, sector: Sector, *, lon: float, lat: float) -> bool:
        """Return whether a place, in degrees, lies in a sector; false where this site has no
        data.
        """
        try:
            area = self.area(sector)
        except GisError:
            return False
        x, y = area.plane.metres(lon=lon, lat=lat)
        return bool(shapely.contains_xy(area.shape, x, y))

    def side(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> Side | None:
        """Return on which side of a border a place is; None where no border is known."""
        if self._addresses is None:
            return None
        return self._addresses.border.side(lon=lon, lat=lat, accuracy_m=accuracy_m)

    def chainage(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> OnRiver | None:
        """Return where a place is along the nearest river; None beyond 5 km of all."""
        if self._addresses is None:
            return None
        return self._addresses.rivers.locate(lon=lon, lat=lat, accuracy_m=accuracy_m)

    def is_landing(self, *, lon: float, lat: float) -> bool:
        """Return whether boats land at a place: at a ferry, port, bridge or office."""
        return self._landings is not None and self._landings.near(lon=lon, lat=lat)

    def address(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> Address | None:
        """Return the address of a place in fields; None without geography."""
        if self._addresses is None:
            return None
        return self._addresses.of(lon=lon, lat=lat, accuracy_m=accuracy_m)

    def words(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> str:
        """Return the address of a place for people; its degrees where nothing else is known.

        >>> Ground().words(lon=100.41, lat=20.266)
        '20.26600 N, 100.41000 E'
        """
        if self._addresses is not None:
            address_words = self._addresses.of(lon=lon, lat=lat, accuracy_m=accuracy_m).words()
            if address_words:
                return address_words
        north, east = ("N" if lat >= 0 else "S"), ("E" if lon >= 0 else "W")
        return f"{abs(lat):.5f} {north}, {abs(lon):.5f} {east}"

    def countries(self, sector: Sector) -> Mapping[str, DeepestPoint]:
        """Return the countries that a sector surely reaches into, and where it does so deepest.

        Sure is what is farther from the border than its line may be off. Asked are its corners and
        a grid over it; what fits between two points of the grid is not seen.

        Raises:
            AreaError: If its drawing is no area.
            PositionError: If its river has not these kilometres.
            GisError: If there is no such river.
        """
        return self.lie(sector).countries

    def lie(self, sector: Sector) -> SectorLie:
        """Return area, countries and kilometres of a sector, as `drafted`; remember them.

        Raises:
            AreaError: If its drawing is no area.
            PositionError: If its river has not these kilometres.
            GisError: If there is no such river.
        """
        key = (sector.id, sector.version)
        return self._lies.get(key, lambda: self._lie(sector, self.area(sector)))

    def drafted(self, sector: Sector) -> SectorLie:
        """Return area, countries and kilometres of a sector that is not saved; nothing is cached.

        Raises:
            AreaError: If its drawing is no area.
            PositionError: If its river has not these kilometres.
            GisError: If there is no such river.
        """
        return self._lie(sector, self._area(sector))

    # -- inside

    @cached_property
    def _steps(self) -> RiverSteps | None:
        return None if self._addresses is None else RiverSteps(self._addresses.rivers)

    def _lie(self, sector: Sector, area: Area) -> SectorLie:
        return SectorLie(area, self._reached(area), self._inside(sector, area))

    def _inside(self, sector: Sector, area: Area) -> tuple[RiverExtent, ...]:
        if self._steps is None:
            return ()
        found = self._steps.inside(area)
        if sector.river is None or sector.km_from is None or sector.km_to is None:
            return found
        # Of its own river a stretch holds what it says, to the metre.
        own = RiverExtent(
            river=sector.river,
            km_from=sector.km_from,
            km_to=sector.km_to,
            length_km=round(sector.km_to - sector.km_from, 3),
        )
        return (own, *(each for each in found if each.river != sector.river))

    def _area(self, sector: Sector) -> Area:
        if sector.river is not None:
            if sector.km_from is None or sector.km_to is None or sector.width_m is None:
                raise AreaError(sector.id, "has no kilometres or no width")
            return corridor(
                sector.id,
                self.river(sector.river),
                km_from=sector.km_from,
                km_to=sector.km_to,
                width_m=sector.width_m,
            )
        if not sector.polygon:
            raise AreaError(sector.id, "is empty")
        return polygon(sector.id, shapely.Polygon(sector.polygon[0], sector.polygon[1:]))

    def _reached(self, area: Area) -> dict[str, DeepestPoint]:
        if self._addresses is None:
            return {}
        low_x, low_y, high_x, high_y = area.shape.bounds
        step = max(high_x - low_x, high_y - low_y) / PROBES
        x, y = (
            each.ravel()
            for each in np.meshgrid(
                np.arange(low_x + step / 2, high_x, step),
                np.arange(low_y + step / 2, high_y, step),
            )
        )
        inside = shapely.contains_xy(area.shape, x, y)
        corners = shapely.get_coordinates(area.shape)
        lons, lats = area.plane.places(
            x_m=np.concatenate([corners[:, 0], x[inside]]),
            y_m=np.concatenate([corners[:, 1], y[inside]]),
        )
        sides = self._addresses.border.sides(lons, lats)
        found: dict[str, DeepestPoint] = {}
        for n in np.flatnonzero(sides.sure):
            country, away = str(sides.country[n]), float(sides.distance_to_border_m[n])
            if country not in found or away > found[country].border_m:
                found[country] = DeepestPoint(lon=float(lons[n]), lat=float(lats[n]), border_m=away)
        return found


class _Cache(Generic[T]):
    """The values asked for last, by id and version; asked from several threads."""

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[str, int], T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, int], make: Callable[[], T]) -> T:
        """Return a value, made if it is not there; two threads may both make it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            self._values[key] = made
            while len(self._values) > MOST_AREAS:
                self._values.popitem(last=False)
        return made
