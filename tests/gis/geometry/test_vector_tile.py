"""Vector tiles: GDAL's MVT driver reads what is written, to the unit."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.geometry.vector_tile import EXTENT, LineFeature, Value, encode_lines, project, varints

ZOOM, X, Y = 12, 3190, 1812
"""The tile of Houay Xai."""


def read(folder: Path, tile: bytes) -> gpd.GeoDataFrame:
    """Read a tile with GDAL, in tile units with y down."""
    file = folder / f"{Y}.mvt"
    file.write_bytes(tile)
    options = {"CLIP": "NO", "TILE_EXTENSION": "mvt", "X": str(X), "Y": str(Y), "Z": str(ZOOM)}
    layer = pyogrio.list_layers(file)[0][0]
    frame = gpd.read_file(file, layer=layer, engine="pyogrio", **options)
    edge = 2 * 20037508.342789244 / 2**ZOOM
    west, north = X * edge - 20037508.342789244, 20037508.342789244 - Y * edge

    def units(places: np.ndarray) -> np.ndarray:
        return np.column_stack(
            [(places[:, 0] - west) / edge * EXTENT, (north - places[:, 1]) / edge * EXTENT]
        )

    assert frame.crs.to_epsg() == 3857
    return frame.set_geometry(shapely.transform(frame.geometry.values, units), crs=None)


def test_gdal_reads_lines_and_their_attributes(tmp_path: Path) -> None:
    one = np.array([[0, 0], [10, 300], [4096, 4096], [4160, -64]])
    two = np.array([[-64, 2000], [70000, 2000]])
    told: dict[str, Value | None] = {
        "call_sign": "ເຮືອ เรือ",
        "start": 1795487400,
        "below": -5,
        "speed": 3.25,
        "late": True,
        "none": None,
    }
    tile = encode_lines(
        {
            "tracks": [
                LineFeature(lines=[one, two], properties=told),
                LineFeature(lines=[two], properties={"call_sign": "ເຮືອ เรือ", "start": 1}),
            ]
        }
    )
    frame = read(tmp_path, tile)
    assert frame["call_sign"].tolist() == ["ເຮືອ เรือ"] * 2
    assert frame["start"].tolist() == [1795487400, 1]
    assert frame["below"].tolist()[0] == -5
    assert frame["speed"].tolist()[0] == 3.25
    assert bool(frame["late"].iloc[0]) is True
    assert "none" not in frame.columns
    lines = shapely.get_parts(frame.geometry.values[0])
    assert [np.rint(shapely.get_coordinates(line)).astype(int).tolist() for line in lines] == [
        one.tolist(),
        two.tolist(),
    ]


def test_the_grid_is_where_gdal_has_it(tmp_path: Path) -> None:
    lon, lat = 100.4140, 20.2740
    x, y = project([lon], [lat])
    assert (int(x[0] * 2**ZOOM), int(y[0] * 2**ZOOM)) == (X, Y)
    units = np.rint(np.array([[x[0] * 2**ZOOM - X, y[0] * 2**ZOOM - Y]]) * EXTENT).astype(np.int64)
    tile = encode_lines(
        {"tracks": [LineFeature(lines=[np.vstack([units, units + 9])], properties={})]}
    )
    file = tmp_path / f"{Y}.mvt"
    file.write_bytes(tile)
    frame = gpd.read_file(file, engine="pyogrio", X=str(X), Y=str(Y), Z=str(ZOOM)).to_crs(4326)
    first = shapely.get_coordinates(frame.geometry.values)[0]
    assert first == pytest.approx((lon, lat), abs=2e-5)


@given(st.lists(st.integers(0, 2**62), max_size=50))
def test_varints_are_those_of_protobuf(numbers: list[int]) -> None:
    written = bytearray()
    for number in numbers:
        while number > 0x7F:
            written.append(number & 0x7F | 0x80)
            number >>= 7
        written.append(number)
    assert varints(np.array(numbers, dtype=np.uint64)) == bytes(written)


def test_places_at_and_beyond_the_edge_of_the_grid() -> None:
    x, y = project([-180, 180, 0], [90, -90, 85.0511287798066])
    assert x.tolist() == [0, 1, 0.5]
    assert y.tolist() == pytest.approx([0, 1, 0], abs=1e-12)
    assert [len(part) for part in project([], [])] == [0, 0]
