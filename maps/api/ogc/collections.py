"""COLLECTIONS: what is offered, by name; a new collection is a source and one line here.

After these come the reference layers of the site, each under its own name.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from gis.geometry.features import Features
from maps.api.ogc.areas import Sectors
from maps.api.ogc.incidents import Incidents
from maps.api.ogc.layer_collections import LayerSource
from maps.api.ogc.source import CollectionSource
from maps.api.ogc.unit_collections import Fixes, Tracks, Units
from maps.layers.layer import Layer
from patrol.errors.errors import NotFound

if TYPE_CHECKING:
    import geopandas as gpd

COLLECTIONS: Final[dict[str, CollectionSource]] = {
    "units": Units(),
    "tracks": Tracks(),
    "fixes": Fixes(),
    "sectors": Sectors(),
    "incidents": Incidents(),
}


class LayerFrames(Protocol):
    """The layers of this site."""

    def described(self) -> list[Layer]:
        """Return every layer, in the order a map draws them."""

    def features(self, name: str) -> Features:
        """Return a layer; takes a while.

        Raises:
            NotFound: If there is none of that name.
        """

    def frame(self, name: str) -> gpd.GeoDataFrame:
        """Return a layer as a frame, which loads geopandas.

        Raises:
            NotFound: If there is none of that name.
        """


class CollectionCatalogue:
    """All collections of one server.

    Args:
        layers: The layers of this site.
    """

    def __init__(self, layers: LayerFrames) -> None:
        self._layers = layers
        # A site may have called a layer `units`; the units keep their name.
        self._by_name = {
            f"layer_{each.name}" if each.name in COLLECTIONS else each.name: each
            for each in layers.described()
        }
        self._read: dict[str, LayerSource] = {}
        self._one_at_a_time = asyncio.Lock()

    def ids(self) -> tuple[str, ...]:
        """Return the names of all collections."""
        return (*COLLECTIONS, *self._by_name)

    async def source(self, id: str) -> CollectionSource:
        """Return where the features of a collection come from.

        Raises:
            NotFound: If there is none of that name.
        """
        if id in COLLECTIONS:
            return COLLECTIONS[id]
        if id not in self._by_name:
            raise NotFound("collection", id)
        async with self._one_at_a_time:
            if id not in self._read:
                about = self._by_name[id]
                features = await asyncio.to_thread(self._layers.features, about.name)
                self._read[id] = LayerSource(about, features)
        return self._read[id]
