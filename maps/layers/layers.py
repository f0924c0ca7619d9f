"""Layers: the reference layers and the river of this site, as the server serves them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gis.address.address import Address
from gis.border.border import Border
from gis.catalogue.site_layers import LayerSet
from gis.errors.errors import PositionError
from gis.geometry.features import Features
from gis.layers.layer_subprocess import read_layer_aside
from gis.position.accuracy import ASSUMED_ACCURACY_M
from gis.river.landings import Landings
from gis.river.river import River
from gis.river.river_marks import MARK_KINDS, WAYS
from gis.river.rivers import Rivers
from maps.errors.errors import BadRequest
from maps.http.compressed_body import CompressedBody
from maps.layers.layer import Layer
from maps.layers.place_address import NearbyPlace, PlaceAddress
from maps.settings.settings_tables import LayerSettings, LayersSettings
from patrol.errors.errors import NotFound
from patrol.intake.river_position import OnRiver
from patrol.sectors.liaison_offices import Offices, offices_of
from patrol.sectors.site_geography import Ground

if TYPE_CHECKING:
    import geopandas as gpd

_BANKS = {1: "left", -1: "right", 0: None}


class Geography:
    """Layers, packed once each, and river addresses.

    Args:
        layers: The layers of this site.
        own: What the site says of those it brought, by name.

    Attributes:
        river: The main river.
        rivers: All that have kilometres, the main one first.
        ground: Rivers and borders for documents.
    """

    def __init__(self, layers: LayerSet, own: Mapping[str, LayerSettings]) -> None:
        self._layers, self._own = layers, own
        self._packed: dict[str, CompressedBody] = {}
        self._one_at_a_time = asyncio.Lock()
        self._border: Border | None = None
        self.river: River = layers.river()
        self._addresses = layers.addresses()
        self.rivers: Rivers = self._addresses.rivers
        landings = Landings(layers.features("crossings"), layers.features("blos"))
        self.ground = Ground(self._addresses, landings)
        self._marks = layers.marks()

    def read_added(self, settings: LayersSettings) -> LayerSet:
        """Read the layers that a site added, anew, and change nothing; for a thread.

        Raises:
            LayerError: If a file cannot be used.
            GisError: If a name is not one that can be added.
        """
        added = {name: each.file for name, each in settings.add.items()}
        return self._layers.with_added(added, read=read_layer_aside)

    def show(self, layers: LayerSet, own: Mapping[str, LayerSettings]) -> None:
        """Hand out other added layers from now on, as `read_added` read them."""
        self._layers, self._own = layers, own
        self._packed.clear()

    def described(self) -> list[Layer]:
        """Return every layer, in the order a map draws them."""
        return [self._about(name) for name in self._layers.names()]

    async def geojson(self, name: str) -> CompressedBody:
        """Return a layer as GeoJSON.

        Raises:
            NotFound: If there is none of that name.
        """
        if name not in self._layers.names():
            raise NotFound("layer", name)
        async with self._one_at_a_time:
            if name not in self._packed:
                self._packed[name] = await asyncio.to_thread(
                    lambda: CompressedBody(self._layers.as_geojson(name))
                )
        return self._packed[name]

    async def border(self) -> Border:
        """Return the border of this site; made when first asked for, in some seconds."""
        async with self._one_at_a_time:
            if self._border is None:
                self._border = await asyncio.to_thread(self._layers.border)
        return self._border

    def frame(self, name: str) -> gpd.GeoDataFrame:
        """Return a layer as a frame in EPSG:4326, for a file of it; loads geopandas.

        Raises:
            NotFound: If there is none of that name.
        """
        if name not in self._layers.names():
            raise NotFound("layer", name)
        return self._layers.load(name)

    def features(self, name: str) -> Features:
        """Return a layer.

        Raises:
            NotFound: If there is none of that name.
        """
        if name not in self._layers.names():
            raise NotFound("layer", name)
        return self._layers.features(name)

    def offices(self) -> Offices:
        """Return the border liaison offices that face each other."""
        return Offices(offices_of(self._layers.features("blos"), self._addresses.rivers))

    def at_km(self, km: float) -> tuple[float, float]:
        """Return longitude and latitude, degrees, of the river at `km` from the sea.

        Raises:
            BadRequest: If the river has no such kilometre.
        """
        try:
            return self.river.at_km(km)
        except PositionError as error:
            raise BadRequest(str(error), field="river_km") from None

    def locate(
        self,
        lons: Sequence[float],
        lats: Sequence[float],
        accuracy_m: Sequence[float | None],
    ) -> list[OnRiver]:
        """Return kilometre and bank along the Mekong of each position; None where it is not.

        Accuracies are metres, None for a position that does not say. What is nearer to another
        river is not on the Mekong.
        """
        places = self._addresses.rivers.locate_many(lons, lats, accuracy_m=_as_floats(accuracy_m))
        return [
            None if river != 0 else (round(km, 3), "mid" if mid else _BANKS[side])
            for river, km, side, mid in zip(
                places.river.tolist(),
                places.km.tolist(),
                places.side.tolist(),
                places.mid.tolist(),
                strict=True,
            )
        ]

    def address(
        self, *, lon: float, lat: float, accuracy_m: float | None, speed_mps: float | None
    ) -> PlaceAddress:
        """Return the address of a place, and what is next up and down the river.

        Args:
            lon: Degrees east.
            lat: Degrees north.
            accuracy_m: How wrong the place may be, metres; 15 when None.
            speed_mps: Over ground, for times of arrival; none without.
        """
        [(_, found)] = self.describe([lon], [lat], [accuracy_m])
        return PlaceAddress(
            lon=lon,
            lat=lat,
            address=found,
            words=found.words(),
            error_words=found.error_words(),
            near=self._near(found, _as_floats([accuracy_m])[0], speed_mps),
        )

    def _near(
        self, place: Address, accuracy_m: float, speed_mps: float | None
    ) -> tuple[NearbyPlace, ...]:
        if place.river is None or place.km is None:
            return ()
        marks, error_m = self._marks[place.river], accuracy_m + (place.error_m or 0.0)
        return tuple(
            NearbyPlace(
                kind=found.mark.kind,
                id=found.mark.id,
                name=found.mark.name,
                way=found.along.way,
                distance_km=round(found.along.distance_km, 2),
                error_km=round(found.along.error_km, 2),
                eta_s=None if speed_mps is None else found.along.eta_s(speed_mps=speed_mps),
            )
            for kind in MARK_KINDS
            for way in WAYS
            if (found := marks.next(place.km, way=way, kind=kind, error_m=error_m)) is not None
        )

    def describe(
        self,
        lons: Sequence[float],
        lats: Sequence[float],
        accuracy_m: Sequence[float | None],
    ) -> list[tuple[OnRiver, Address]]:
        """Return what `locate` does, and the whole address of each position."""
        found = self._addresses.of_many(lons, lats, accuracy_m=_as_floats(accuracy_m))
        return [(self._on_main(address), address) for address in found]

    def _on_main(self, address: Address) -> OnRiver:
        if address.km is None or address.river != self.river.name:
            return None
        return address.km, address.bank

    def _about(self, name: str) -> Layer:
        about, own = self._layers.info(name), self._own.get(name)
        if own is not None:
            return Layer(
                name=name,
                title=own.title or about.title,
                source=own.source or about.source or None,
                licence=own.licence,
                error=None if own.error_m is not None else about.error or None,
                error_m=own.error_m,
                attribution=own.attribution,
            )
        return Layer(
            name=name,
            title=about.title,
            source=about.source or None,
            licence=about.licence or None,
            error=about.error or None,
            error_m=about.error_m,
            attribution=about.attribution or None,
        )


def _as_floats(accuracy_m: Sequence[float | None]) -> list[float]:
    return [ASSUMED_ACCURACY_M if each is None else each for each in accuracy_m]


def read_geography(settings: LayersSettings) -> Geography:
    """Read and check this site's layers.

    Raises:
        LayerError: If a file cannot be used.
        GisError: If a name is not one that can be replaced or added.
    """
    layers = LayerSet(
        replace={name: each.file for name, each in settings.replace.items()},
        add={name: each.file for name, each in settings.add.items()},
        read=read_layer_aside,
    )
    return Geography(layers, {**settings.replace, **settings.add})
