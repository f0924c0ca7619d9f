"""Site layers: the shipped layers, with a site's own in place of some or beside them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely

from gis.address.addresses import Addresses, load_addresses
from gis.border.border import Border, enclosed, load_border
from gis.catalogue import layer_catalogue as layers
from gis.errors.errors import GisError, LayerError
from gis.geometry.features import Features, features_of
from gis.layers.reference_layers import LayerInfo
from gis.river.river import River, kilometres, load_mekong
from gis.river.river_marks import RiverMarks, marks_along
from gis.river.rivers import Rivers, load_rivers, rivers_of

if TYPE_CHECKING:
    import geopandas as gpd

    from gis.geometry.features import Table

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
PathLike = str | os.PathLike[str]
Reading: TypeAlias = "Callable[[str, str | None], Table]"
"""Takes a file and the layer inside it, None for its only one; raises LayerError."""


class LayerSet:
    """Shipped layers with a site's replacements and additions, all checked when made.

    What is computed follows: a site's `mekong` and `centrelines` move the kilometre marks, the
    river addresses and the marks along the rivers, its `borders` and `outlines` the side tests.
    """

    def __init__(
        self,
        *,
        replace: Mapping[str, PathLike] | None = None,
        add: Mapping[str, PathLike] | None = None,
        read: Reading = layers.read_layer,
    ) -> None:
        """Read and check a site's own files.

        Args:
            replace: Name of a shipped layer → file in its place. The file must bring the columns
                that `layers.info(name).required` names; `file.gpkg:layer` picks a layer of it.
            add: New name (a to z, 0 to 9, _) → file. Any columns will do.
            read: How a file is read: here, which loads geopandas, or by
                `gis.layers.layer_subprocess.read_layer_aside`, which does not.

        Raises:
            LayerError: If a file cannot be used; names file, layer, feature and fault.
            GisError: If a name is not one that can be replaced or added.

        >>> LayerSet().names() == layers.names()
        True
        """
        self._own: dict[str, Features] = {}
        self._info: dict[str, LayerInfo] = {name: layers.info(name) for name in layers.names()}
        self._encoded: dict[str, bytes] = {}
        for name, path in (replace or {}).items():
            shipped = layers.info(name)
            if shipped.computed is not None:
                raise GisError(f"layer {name} is made from {shipped.computed}; replace those")
            own = check_layer(_read(path, read), shipped, file=os.fspath(path))
            self._own[name] = own
            self._info[name] = _site_info(name, path, own, shipped)
        self._add(add or {}, read)
        self._check(replace or {})

    def with_added(
        self, add: Mapping[str, PathLike], *, read: Reading = layers.read_layer
    ) -> LayerSet:
        """Return a set with the same layers in place of shipped ones, and these beside them.

        Args:
            add: New name → file, as above; each is read anew.
            read: How a file is read, as above.

        Raises:
            LayerError, GisError: As above.
        """
        made = copy(self)
        shipped = frozenset(layers.names())
        for field in ("_own", "_info", "_encoded"):
            shipped_only = {
                name: it for name, it in getattr(self, field).items() if name in shipped
            }
            setattr(made, field, shipped_only)
        made._add(add, read)  # noqa: SLF001 - another one of this class
        return made

    def _add(self, add: Mapping[str, PathLike], read: Reading) -> None:
        for name, path in add.items():
            if name in self._info:
                raise GisError(f"there is a layer {name} already; replace it, or take another name")
            if NAME.fullmatch(name) is None:
                raise GisError(f"layer name {name!r} may only have a to z, 0 to 9 and _")
            self._own[name] = own = _read(path, read)
            self._info[name] = _site_info(name, path, own, None)

    def names(self) -> tuple[str, ...]:
        """Return the names of all layers, lowest on the map first; added ones stand on top."""
        return tuple(self._info)

    def info(self, name: str) -> LayerInfo:
        """Return what the layer `name` is.

        Raises:
            GisError: If there is none of that name.
        """
        if name not in self._info:
            raise GisError(f"no layer {name}; there are {', '.join(self._info)}")
        return self._info[name]

    def load(self, name: str) -> gpd.GeoDataFrame:
        """Return the layer `name` as a frame; the caller may change it. Loads geopandas.

        Raises:
            GisError: If there is none of that name.
        """
        self.info(name)
        if name in self._own or self._follows(name):
            return self.features(name).frame()
        return layers.load(name)

    def features(self, name: str) -> Features:
        """Return the layer `name`, all its columns.

        Raises:
            GisError: If there is none of that name.

        >>> len(LayerSet().features("gauges"))
        21
        """
        self.info(name)
        if name in self._own:
            return self._own[name]
        if name == "river_km" and "mekong" in self._own:
            return kilometres(self.river())
        if name == "territories" and self._own.keys() & {"borders", "outlines"}:
            return enclosed(self.features("borders"), self.features("outlines"))
        return layers.features(name)

    def as_geojson(self, name: str) -> bytes:
        """Return the layer `name` as compact GeoJSON with the columns a map needs; kept.

        Raises:
            GisError: If there is none of that name.
        """
        if name not in self._encoded:
            own = self.info(name)
            changed = own != layers.info(name) if name in layers.names() else True
            source = self.features(name) if changed or self._follows(name) else name
            self._encoded[name] = layers.as_geojson(source, columns=own.map)
        return self._encoded[name]

    def river(self) -> River:
        """Return the Mekong of this site's centreline.

        >>> LayerSet().river() is load_mekong()
        True
        """
        if "mekong" not in self._own:
            return load_mekong()
        return River(self._own["mekong"], file=self._file("mekong"))

    def rivers(self) -> Rivers:
        """Return the Mekong and the other rivers of this site's centrelines.

        >>> LayerSet().rivers().names[:2]
        ('Mekong', 'Ruak')
        """
        if not self._own.keys() & {"mekong", "centrelines"}:
            return load_rivers()
        others = self.features("centrelines")
        return rivers_of(self.river(), others, file=self._file("centrelines"))

    def marks(self) -> dict[str, RiverMarks]:
        """Return gauges, offices and crossings along this site's rivers, by river.

        >>> LayerSet().marks()["Beilun"].marks[0].kind
        'office'
        """
        return marks_along(
            self.rivers(),
            gauges=self.features("gauges"),
            blos=self.features("blos"),
            crossings=self.features("crossings"),
        )

    def addresses(self) -> Addresses:
        """Return what gives positions their addresses by this site's rivers and border.

        >>> LayerSet().addresses().of(lon=100.43, lat=20.27).bank
        'left'
        """
        own = {"mekong", "centrelines", "borders", "outlines", "border_doubts"}
        return (
            Addresses(self.rivers(), self.border()) if self._own.keys() & own else load_addresses()
        )

    def border(self) -> Border:
        """Return the border of this site's lines; the shipped one is loaded once for all.

        >>> LayerSet().border() is load_border()
        True
        """
        if not self._own.keys() & {"borders", "outlines", "border_doubts", "territories"}:
            return load_border()
        doubts = None if "borders" in self._own else self.features("border_doubts")
        return Border(
            self.features("borders"),
            self.features("territories"),
            outlines=self.features("outlines"),
            doubts=self._own.get("border_doubts", doubts),
        )

    def _file(self, name: str) -> str:
        return self._info[name].source if name in self._own else f"{name}.geojson"

    def _follows(self, name: str) -> bool:
        made_from = {"river_km": {"mekong"}, "territories": {"borders", "outlines"}}
        return bool(made_from.get(name, set()) & self._own.keys())

    def _check(self, replaced: Mapping[str, PathLike]) -> None:
        """Check what needs more than one layer."""
        if replaced.keys() & {"mekong", "centrelines"}:
            self.rivers()
        if replaced.keys() & {"borders", "outlines"}:
            areas = self.features("territories")
            for country in areas["country"][shapely.is_empty(areas.geometry)]:
                file = os.fspath(replaced.get("borders", replaced.get("outlines", "")))
                raise LayerError(file, f"leaves {country} open: its lines do not close")
        if "blos" in replaced:
            layers.validate_blos(
                self._own["blos"],
                territories=self.features("territories"),
                file=os.fspath(replaced["blos"]),
            )


def check_layer(table: Table, what: LayerInfo, *, file: str) -> Features:
    """Raise unless a site's layer can stand for the shipped layer `what`.

    Returns:
        The layer, with metres that were given as text as numbers.

    Raises:
        LayerError: If a required column is missing or empty somewhere, a geometry has the wrong
            type, or a value of the unique column stands twice.
    """
    layer = features_of(table)
    for column in what.required:
        if column not in layer.columns:
            raise LayerError(file, f"has no column {column}, which layer {what.name} needs")
        for number in _missing(layer[column])[:1]:
            raise LayerError(file, f"has no {column}", feature=number)
        if column.endswith("_m"):  # KML and Shapefile may bring numbers as text
            layer = layer.with_column(column, [_number(value) for value in layer[column]])
            for number in _missing(layer[column])[:1]:
                raise LayerError(file, f"has {column} that is no number", feature=number)
    for number, kind in enumerate(_kinds(layer)):
        if kind not in what.geometry:
            fault = f"is a {kind}; layer {what.name} takes {' and '.join(what.geometry)}"
            raise LayerError(file, fault, feature=number)
    if what.unique is not None:
        ids: set[Any] = set()
        for number, value in enumerate(layer[what.unique]):
            if value in ids:
                raise LayerError(file, f"has {what.unique} {value} a second time", feature=number)
            ids.add(value)
    return layer


def _missing(values: Sequence[Any] | np.ndarray) -> list[int]:
    return [number for number, value in enumerate(values) if value is None]


def _number(value: Any) -> float | None:
    """Return a value as a number; None for one that is none, or not finite."""
    try:
        return value if isinstance(value, int | float) else float(value)
    except (TypeError, ValueError):
        return None


def _kinds(layer: Features) -> list[str]:
    return [shape.geom_type for shape in layer.geometry]


def _read(path: PathLike, read: Reading) -> Features:
    text = os.fspath(path)
    file, mark, layer = text.rpartition(":")
    if mark and Path(file).suffix.lower() in (".gpkg", ".kml", ".gpx") and not Path(text).exists():
        return features_of(read(file, layer))
    return features_of(read(text, None))


def _site_info(name: str, path: PathLike, own: Features, shipped: LayerInfo | None) -> LayerInfo:
    fields: Sequence[str] = own.columns if shipped is None else shipped.map
    return LayerInfo(
        name=name,
        title=name.replace("_", " ").capitalize() if shipped is None else shipped.title,
        geometry=tuple(sorted(set(_kinds(own)))) if shipped is None else shipped.geometry,
        required=() if shipped is None else shipped.required,
        map=tuple(fields),
        source=Path(os.fspath(path)).name,
        licence="",
        attribution="",
        error="As the site that brought it knows.",
        unique=None if shipped is None else shipped.unique,
    )
