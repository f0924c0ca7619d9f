"""The reference layers that ship with the package: what they are, and their files.

`reference/layers.toml` is the table; `reference/NOTICES.md` has the licences in words.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gis.errors.errors import GisError
from gis.geometry.features import Features, features_in

if TYPE_CHECKING:
    import geopandas as gpd

FOLDER = Path(__file__).parent.parent / "reference"


class LayerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a layer is and how far it can be trusted.

    Attributes:
        name: Name in this program.
        title: Name for people.
        geometry: Geometry types that a feature may have.
        required: Columns that a site's own file must bring.
        unique: Column whose values must all differ, if any.
        map: Columns that the map needs.
        source: Where the data come from, with versions.
        licence: SPDX expression.
        attribution: What a map must show.
        error: What the error is, in words.
        error_m: How far a place may be off, metres; None where each feature says it.
        computed: How it is made when it has no file of its own.
    """

    name: str
    title: str
    geometry: tuple[str, ...]
    required: tuple[str, ...]
    map: tuple[str, ...]
    source: str
    licence: str
    attribution: str
    error: str
    error_m: float | None = None
    unique: str | None = None
    computed: str | None = None


# Made here: of a type that two threads ask for first at once, msgspec may show one a half-made one.
_TABLE: Final = {
    name: msgspec.convert(row | {"name": name}, LayerInfo)
    for name, row in msgspec.toml.decode((FOLDER / "layers.toml").read_bytes()).items()
}


def table() -> dict[str, LayerInfo]:
    """Return the shipped layers by name, in the order a map draws them.

    >>> list(table())[0], list(table())[-1]
    ('countries', 'crossings')
    """
    return dict(_TABLE)


def info(name: str) -> LayerInfo:
    """Return what the shipped layer `name` is.

    Raises:
        GisError: If there is none of that name.

    >>> info("blos").attribution
    'GeoNames; © OpenStreetMap contributors'
    """
    try:
        return table()[name]
    except KeyError:
        raise GisError(f"no layer {name}; there are {', '.join(table())}") from None


def read_shipped(name: str) -> gpd.GeoDataFrame:
    """Return the shipped layer `name` from its file, EPSG:4326.

    Raises:
        GisError: If there is none of that name, or it is computed and has no file.

    >>> len(read_shipped("crossings"))
    41
    """
    import geopandas as gpd  # takes half a second to load

    return gpd.read_file(_file(name), engine="pyogrio")


def shipped_features(name: str) -> Features:
    """Return the same without geopandas, which a server does not load for it.

    Raises:
        GisError: If there is none of that name, or it is computed and has no file.

    >>> len(shipped_features("crossings"))
    41
    """
    return features_in(_file(name).read_bytes())


def _file(name: str) -> Path:
    layer = info(name)
    if layer.computed is not None:
        raise GisError(f"layer {name} has no file; it is made from {layer.computed}")
    return FOLDER / f"{name}.geojson"
