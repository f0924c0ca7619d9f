"""A site's own layers in place of those that ship, or beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import LineString, Point, affinity

from gis.catalogue import layer_catalogue as layers
from gis.catalogue.site_layers import LayerSet
from gis.errors.errors import GisError, LayerError

Save = Callable[[gpd.GeoDataFrame], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a frame to a new GeoPackage."""

    def write(frame: gpd.GeoDataFrame) -> Path:
        file = tmp_path / f"site{len(list(tmp_path.iterdir()))}.gpkg"
        frame.to_file(file, driver="GPKG")
        return file

    return write


def test_without_own_files_the_shipped_layers_stand() -> None:
    site = LayerSet()
    assert site.names() == layers.names()
    assert site.as_geojson("blos") is layers.as_geojson("blos")
    assert site.info("mekong") == layers.info("mekong")
    assert len(site.load("crossings")) == 41


def test_a_replaced_layer_is_the_sites(save: Save) -> None:
    crossings = layers.load("crossings").head(2)[["id", "name", "kind", "geometry"]]
    site = LayerSet(replace={"crossings": save(crossings)})
    assert len(site.load("crossings")) == 2
    assert len(json.loads(site.as_geojson("crossings"))["features"]) == 2
    assert site.info("crossings").source.endswith(".gpkg")
    assert site.names() == layers.names()


def test_an_added_layer_stands_on_top_with_all_its_columns(save: Save) -> None:
    frame = gpd.GeoDataFrame({"depth_m": [2.5]}, geometry=[Point(100.4, 20.3)], crs="EPSG:4326")
    site = LayerSet(add={"shoals": save(frame)})
    assert site.names() == (*layers.names(), "shoals")
    feature = json.loads(site.as_geojson("shoals"))["features"][0]
    assert feature["properties"] == {"depth_m": 2.5}
    assert site.info("shoals").title == "Shoals"


def test_a_layer_of_a_geopackage_is_picked_after_a_colon(tmp_path: Path) -> None:
    file = tmp_path / "survey.gpkg"
    for name, count in (("gates", 3), ("old_gates", 5)):
        layers.load("crossings").head(count).to_file(file, driver="GPKG", layer=name)
    site = LayerSet(replace={"crossings": f"{file}:old_gates"})
    assert len(site.load("crossings")) == 5


def test_a_better_centreline_moves_marks_and_addresses(save: Save) -> None:
    mekong = layers.load("mekong")
    moved = mekong.set_geometry([affinity.translate(s, xoff=0.01) for s in mekong.geometry])
    site = LayerSet(replace={"mekong": save(moved.assign(error_m=20.0))})
    place = site.river().locate(lon=100.41961, lat=20.26553)
    assert place is not None
    assert place.error_m == 20.0
    assert abs(place.offset_m) < 30.0
    mark = site.load("river_km").geometry.iloc[2356]
    shipped = layers.load("river_km").geometry.iloc[2356]
    assert mark.x == pytest.approx(shipped.x + 0.01, abs=1e-3)


def test_a_better_border_moves_the_sides(save: Save) -> None:
    borders = layers.load("borders").assign(error_m=5.0)
    site = LayerSet(replace={"borders": save(borders)})
    side = site.border().side(lon=100.4120, lat=20.2655)
    assert (side.country, side.error_m, side.sure) == ("LA", 5.0, True)


def test_addresses_and_marks_follow_a_better_centreline_and_border(save: Save) -> None:
    shipped = LayerSet().addresses().of(lon=100.4108, lat=20.2655, accuracy_m=5.0)
    assert (shipped.bank, shipped.side_sure, shipped.error_m) == (None, False, 330.0)
    mekong = layers.load("mekong").assign(error_m=8.0, reach="Surveyed", km_end=float("nan"))
    moved = mekong.set_geometry([affinity.translate(s, yoff=-0.002) for s in mekong.geometry])
    site = LayerSet(
        replace={
            "mekong": save(moved),
            "borders": save(layers.load("borders").assign(error_m=8.0)),
            "centrelines": save(layers.load("centrelines").assign(error_m=8.0)),
        }
    )
    here = site.addresses().of(lon=100.4108, lat=20.2655, accuracy_m=5.0)
    assert (here.bank, here.country, here.side_sure) == ("left", "LA", True)
    assert (here.reach, here.error_m, here.border_error_m) == ("Surveyed", 8.0, 13.0)
    ruak = site.addresses().of(lon=100.005, lat=20.414)
    assert (ruak.river, ruak.error_m) == ("Ruak", 8.0)
    office = {mark.id: mark for mark in site.marks()["Mekong"].marks}["LA-HXI"]
    before = {mark.id: mark for mark in LayerSet().marks()["Mekong"].marks}["LA-HXI"]
    assert abs(office.km - before.km) > 1.0  # measured along the moved line, without its figures


def test_a_better_border_alone_moves_the_side_and_not_the_kilometre(save: Save) -> None:
    site = LayerSet(replace={"borders": save(layers.load("borders").assign(error_m=5.0))})
    here = site.addresses().of(lon=100.4120, lat=20.2655)
    shipped = LayerSet().addresses().of(lon=100.4120, lat=20.2655)
    assert (here.side_sure, shipped.side_sure) == (True, False)
    assert here.km == shipped.km


def test_a_river_that_does_not_join_or_has_the_name_of_the_main_one_is_refused(save: Save) -> None:
    rivers = layers.load("centrelines")
    twice = rivers.assign(river="Ruak")
    with pytest.raises(LayerError, match="river Ruak, feature 1: begins"):
        LayerSet(replace={"centrelines": save(twice)})
    with pytest.raises(LayerError, match="has a river Mekong"):
        LayerSet(replace={"centrelines": save(rivers.assign(river="Mekong"))})


@pytest.mark.parametrize("name", ["river_km", "territories"])
def test_a_computed_layer_is_not_replaced(name: str, tmp_path: Path) -> None:
    with pytest.raises(GisError, match=f"layer {name} is made from"):
        LayerSet(replace={name: tmp_path / "x.gpkg"})


@pytest.mark.parametrize(
    ("name", "fault"),
    [("blos", "there is a layer blos already"), ("No Good", "may only have a to z")],
)
def test_a_name_that_cannot_be_added_is_refused(name: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(GisError, match=fault):
        LayerSet(add={name: tmp_path / "x.gpkg"})


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(GisError, match="no layer roads"):
        LayerSet(replace={"roads": "x.gpkg"})
    with pytest.raises(GisError, match="no layer roads"):
        LayerSet().load("roads")
    with pytest.raises(GisError, match="no layer roads"):
        LayerSet().as_geojson("roads")


@pytest.mark.parametrize(
    ("change", "feature", "fault"),
    [
        (lambda f: f.drop(columns="kind"), None, "has no column kind, which layer crossings needs"),
        (lambda f: f.assign(kind=["road", None, "road"]), 1, "has no kind"),
        (lambda f: f.assign(id=["a", "b", "a"]), 2, "has id a a second time"),
        (
            lambda f: f.set_geometry([*f.geometry[:2], LineString([(100, 20), (101, 21)])]),
            2,
            "is a LineString; layer crossings takes Point",
        ),
    ],
)
def test_a_replacement_that_does_not_fit_is_refused(
    change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame],
    feature: int | None,
    fault: str,
    save: Save,
) -> None:
    crossings = layers.load("crossings").head(3)[["id", "name", "kind", "geometry"]]
    file = save(change(crossings))
    with pytest.raises(LayerError, match=fault) as caught:
        LayerSet(replace={"crossings": file})
    assert caught.value.file == str(file)
    assert caught.value.feature == feature


def test_metres_may_be_text_but_must_be_numbers(save: Save) -> None:
    borders = layers.load("borders")
    good = LayerSet(replace={"borders": save(borders.assign(error_m="25"))})
    assert good.border().side(lon=100.4178, lat=20.27).error_m == 25.0
    with pytest.raises(LayerError, match="feature 0: has error_m that is no number"):
        LayerSet(replace={"borders": save(borders.assign(error_m="small"))})


def test_replaced_offices_must_still_be_the_seventy(save: Save) -> None:
    file = save(layers.load("blos").head(60))
    with pytest.raises(LayerError, match="has offices"):
        LayerSet(replace={"blos": file})


def test_borders_that_leave_a_country_open_are_refused(save: Save) -> None:
    borders = layers.load("borders")
    file = save(borders[borders["id"] != "LA-TH-mekong"])
    with pytest.raises(LayerError, match="leaves LA open: its lines do not close"):
        LayerSet(replace={"borders": file})


def test_a_broken_centreline_is_refused(save: Save) -> None:
    mekong = layers.load("mekong")
    file = save(mekong[mekong["segment"] != "C"])
    with pytest.raises(LayerError, match="feature 5: begins"):
        LayerSet(replace={"mekong": file})


def test_a_layer_of_a_gpx_is_named_behind_the_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.gpx"
    file.write_text(
        '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="20.3" lon="100.4"/><trk><trkseg><trkpt lat="20" lon="100"/>'
        '<trkpt lat="21" lon="101"/></trkseg></trk></gpx>'
    )
    both = LayerSet(add={"piers": f"{file}:waypoints", "legs": f"{file}:tracks"})
    assert set(both.load("piers").geom_type) == {"Point"}
    assert set(both.load("legs").geom_type) == {"MultiLineString"}
    with pytest.raises(LayerError, match="has several layers, name one of waypoints, tracks"):
        LayerSet(add={"plan": file})
