"""Layer collections: offices, crossings, rivers, borders and a site's own layers by OGC."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from gis.files.export_content import moment
from gis.geometry.features import Features
from gis.geometry.geojson import encode_features
from maps.api.ogc.collection_query import CollectionQuery
from maps.api.ogc.documents import Extent, extent
from maps.api.ogc.filters import Kind, Kinds
from maps.api.ogc.source import FeaturePage
from maps.api.ogc.unit_collections import halves
from maps.errors.errors import BadRequest
from maps.layers.layer import Layer
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.units.permissions import require


class LayerSource:
    """One reference layer.

    Args:
        about: What it is.
        features: Its features.
    """

    def __init__(self, about: Layer, features: Features) -> None:
        self.title = about.title
        self.description = _words(about)
        self._features = features
        self._shapes = features.geometry
        self.properties: Kinds = {
            name: kind
            for name in features.columns
            if (kind := _kind(features[name].tolist())) is not None
        }
        # A site's own ids, where they tell features apart; else the number of the feature.
        own = features["id"].tolist() if "id" in features.columns else []
        ids = [str(each) for each in own]
        unique = len(ids) == len(set(ids)) == len(features) and None not in own
        self._ids = ids if unique else [str(number) for number in range(len(features))]

    async def extent(self, desk: Desk) -> Extent:  # noqa: ARG002
        """Return the box of all features."""
        west, south, east, north = (float(each) for each in shapely.total_bounds(self._shapes))
        return extent(None if np.isnan(west) else (west, south, east, north))

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
        """Return features in the layer's order; a time that is asked for leaves none out."""
        require(desk.user.role, "see the picture")
        return await asyncio.to_thread(self._page, query)

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one feature."""
        require(desk.user.role, "see the picture")
        try:
            at = self._ids.index(id)
        except ValueError:
            raise NotFound("feature", id) from None
        return (await asyncio.to_thread(lambda: self._encoded))[at]

    def _page(self, query: CollectionQuery) -> FeaturePage:
        chosen = np.arange(len(self._shapes))
        if query.box is not None:
            hit = np.zeros(len(self._shapes), dtype=bool)
            for half in halves(query.box):
                hit |= shapely.intersects(self._shapes, shapely.box(*half))
            chosen = np.flatnonzero(hit)
        if query.filters:
            chosen = np.array(
                [at for at in chosen.tolist() if query.matching([self._encoded[at]])], dtype=int
            )
        try:
            skip = int(query.cursor or 0)
        except ValueError:
            raise BadRequest("is none of this collection's", field="cursor") from None
        page = chosen[max(skip, 0) :][: query.limit].tolist()
        until = max(skip, 0) + len(page)
        return FeaturePage(
            features=[self._encoded[at] for at in page],
            next=str(until) if page and until < len(chosen) else None,
            matched=len(chosen),
        )

    @cached_property
    def _encoded(self) -> list[bytes]:
        features = self._features
        for name in features.columns:
            features = features.with_column(name, [_json_value(value) for value in features[name]])
        return encode_features(features, ids=self._ids, decimals=6)


def _kind(values: list[Any]) -> Kind | None:
    """Return the type of a column; None where it has several, or none that can be compared."""
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return "number"
    if len(types) != 1:
        return None
    kinds: dict[type, Kind] = {
        str: "string", int: "integer", float: "number", bool: "boolean", datetime: "date-time",
    }  # fmt: skip
    return kinds.get(types.pop())


def _json_value(value: Any) -> Any:
    """Return a value as JSON says it: a time as RFC 3339 has it."""
    if not isinstance(value, datetime):
        return value
    return moment(value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


def _words(about: Layer) -> str:
    parts = (
        about.source and f"Source: {about.source}",
        about.error and f"Error: {about.error}",
        about.error_m and f"Off by up to {about.error_m:g} m",
        about.licence and f"Licence: {about.licence}",
        about.attribution and f"Show: {about.attribution}",
    )
    return ". ".join(part.rstrip(".") for part in parts if part) or about.title
