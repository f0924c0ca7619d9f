"""Geography: the reference layers and the river of this site, as the server hands them out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence

import geopandas as gpd

from gis.errors import PositionError
from gis.layer_set import LayerSet
from gis.river import River
from maps.api.layers import Layer
from maps.errors import BadRequest
from maps.packed import Packed
from maps.settings_tables import LayerSettings, LayersSettings
from patrol.errors import NotFound

_BANKS = {1: "left", -1: "right", 0: None}


class Geography:
    """Layers, packed once each, and river addresses.

    Args:
        layers: The layers of this site.
        own: What the site says of those it brought, by name.
    """

    def __init__(self, layers: LayerSet, own: Mapping[str, LayerSettings]) -> None:
        self._layers, self._own = layers, own
        self._packed: dict[str, Packed] = {}
        self._one_at_a_time = asyncio.Lock()
        self.river: River = layers.river()

    def described(self) -> list[Layer]:
        """Return every layer, in the order a map draws them."""
        return [self._about(name) for name in self._layers.names()]

    async def geojson(self, name: str) -> Packed:
        """Return a layer as GeoJSON.

        Raises:
            NotFound: If there is none of that name.
        """
        if name not in self._layers.names():
            raise NotFound("layer", name)
        async with self._one_at_a_time:
            if name not in self._packed:
                self._packed[name] = await asyncio.to_thread(
                    lambda: Packed(self._layers.as_geojson(name))
                )
        return self._packed[name]

    def frame(self, name: str) -> gpd.GeoDataFrame:
        """Return a layer as a frame in EPSG:4326.

        Raises:
            NotFound: If there is none of that name.
        """
        if name not in self._layers.names():
            raise NotFound("layer", name)
        return self._layers.load(name)

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
        self, lons: Sequence[float], lats: Sequence[float]
    ) -> list[tuple[float, str | None] | None]:
        """Return river kilometre and bank of each position; None away from the river."""
        places = self.river.locate_many(lons, lats)
        return [
            None if math.isnan(km) else (round(km, 3), "mid" if mid else _BANKS[side])
            for km, side, mid in zip(
                places.km.tolist(), places.side.tolist(), places.mid.tolist(), strict=True
            )
        ]

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


def read_geography(settings: LayersSettings) -> Geography:
    """Read and check this site's layers.

    Raises:
        LayerError: If a file cannot be used.
        GisError: If a name is not one that can be replaced or added.
    """
    layers = LayerSet(
        replace={name: each.file for name, each in settings.replace.items()},
        add={name: each.file for name, each in settings.add.items()},
    )
    return Geography(layers, {**settings.replace, **settings.add})
