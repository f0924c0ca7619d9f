"""The nearest of several rivers: where each runs, and what is said where two meet."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from gis.address.addresses import load_addresses
from gis.catalogue.layer_catalogue import features, load
from gis.errors.errors import GisError, LayerError
from gis.geometry.geodesy import distance_m, distances_m
from gis.river.river import River, load_mekong
from gis.river.rivers import Rivers, load_rivers, rivers_of
from tests.fixtures.examples import examples


@pytest.mark.parametrize(
    ("name", "into", "length_km"),
    [
        ("Ruak", "Mekong", 39),
        ("Sai", "Ruak", 12),
        ("Kraburi", "sea", 80),
        ("Moei", "Salween", 286),
        ("Nam Heuang", "Mekong", 67),
        ("Beilun", "sea", 40),
        ("Salween", "sea", 1153),
        ("Nam Ou", "Mekong", 416),
        ("Sittong", "sea", 406),
    ],
)
def test_a_river_runs_from_its_head_to_its_mouth(name: str, into: str, length_km: int) -> None:
    rivers = load_rivers()
    river = rivers.river(name)
    assert [round(km) for km in river.km_range] == [0, length_km]
    assert load("centrelines").set_index("river")["into"][name] == into
    lon, lat = river.at_km(0.0)
    if into in rivers.names:
        mouth = rivers.river(into).locate(lon=lon, lat=lat)
        assert mouth is not None
        assert abs(mouth.offset_m) <= mouth.error_m + river_error_m(river)


def river_error_m(river: River) -> float:
    """Return the stated error of the river's line at its mouth."""
    lon, lat = river.at_km(0.0)
    place = river.locate(lon=lon, lat=lat)
    assert place is not None
    return place.error_m


@pytest.mark.parametrize("name", load_rivers().names)
def test_kilometre_to_place_and_back_on_every_river(name: str) -> None:
    river = load_rivers().river(name)
    kms = np.linspace(*river.km_range, 2000)
    found = river.locate_many(*river.at_kms(kms))
    assert np.abs(found.km - kms).max() <= 0.001


@pytest.mark.parametrize(
    ("lon", "lat", "river"),
    [
        (99.99, 20.432, "Ruak"),  # Sop Ruak is at its mouth, this is 30 km up it
        (98.514, 16.695, "Moei"),  # Mae Sot
        (97.65, 16.6, "Salween"),
        (107.967, 21.537, "Beilun"),  # Dongxing and Mong Cai
        (102.615, 17.95, "Mekong"),
        (101.41, 17.7, "Nam Heuang"),
    ],
)
def test_a_place_is_on_the_river_it_is_known_for(lon: float, lat: float, river: str) -> None:
    found = load_rivers().locate(lon=lon, lat=lat)
    assert found is not None
    assert found.river == river
    assert found.place.km_below_golden_triangle is None or river == "Mekong"


def test_at_a_mouth_both_rivers_are_named() -> None:
    lon, lat = load_rivers().river("Ruak").at_km(0.2)
    found = load_rivers().locate(lon=lon, lat=lat)
    assert found is not None
    assert {found.river, *found.also} == {"Ruak", "Mekong"}
    lon, lat = load_rivers().river("Ruak").at_km(8.0)
    up = load_rivers().locate(lon=lon, lat=lat)
    assert up is not None
    assert (up.river, up.also) == ("Ruak", ())


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(97.0, 108.2), st.sampled_from([180.0, -180.0, math.nan, 400.0])),
            st.one_of(st.floats(16.0, 22.0), st.sampled_from([90.0, -90.0, math.nan])),
        ),
        max_size=30,
    ),
    st.sampled_from([0.0, 50.0]),
)
def test_many_places_answer_as_one_does(
    places: list[tuple[float, float]], accuracy_m: float
) -> None:
    rivers = load_rivers()
    many = rivers.locate_many(
        [lon for lon, _ in places], [lat for _, lat in places], accuracy_m=accuracy_m
    )
    assert len(many.km) == len(places)
    for n, (lon, lat) in enumerate(places):
        one = rivers.locate(lon=lon, lat=lat, accuracy_m=accuracy_m)
        if one is None:
            assert many.river[n] == -1
            assert math.isnan(many.km[n])
            continue
        assert rivers.names[many.river[n]] == one.river
        assert many.km[n] == one.place.km
        assert {"left": 1, "right": -1, None: 0}[one.place.bank] == many.side[n]
        assert many.unsure[n] >= bool(one.also)


@pytest.mark.parametrize("none", [math.inf, -math.inf, math.nan])
def test_a_place_that_is_none_hides_no_river_from_the_others(none: float) -> None:
    with np.errstate(invalid="ignore"):
        places = load_rivers().locate_many([none, 100.005, 100.005], [20.414, none, 20.414])
    assert places.river.tolist() == [-1, -1, load_rivers().names.index("Ruak")]


def test_rivers_need_names_of_their_own_and_at_least_one() -> None:
    with pytest.raises(GisError, match="at least one"):
        Rivers([])
    with pytest.raises(GisError, match="name of its own"):
        Rivers([load_mekong(), load_mekong()])
    with pytest.raises(GisError, match="no river Rhine; there are Mekong, Ruak"):
        load_rivers().river("Rhine")


def test_a_layer_of_rivers_needs_their_names() -> None:
    with pytest.raises(LayerError, match="has no column river"):
        rivers_of(load_mekong(), load("centrelines").drop(columns="river"))


def test_a_river_across_the_antimeridian_and_one_near_the_pole() -> None:
    for line in ([(179.9, 65.0), (-179.9, 65.0)], [(10.0, 89.5), (10.0, 89.8)]):
        frame = gpd.GeoDataFrame(
            {"reach": ["a"], "error_m": [10.0]}, geometry=[LineString(line)], crs="EPSG:4326"
        )
        river = River(frame, name="far")
        length = distance_m(lon1=line[0][0], lat1=line[0][1], lon2=line[1][0], lat2=line[1][1])
        assert river.km_range[1] * 1000.0 == pytest.approx(length)
        kms = np.linspace(*river.km_range, 50)
        lons, lats = river.at_kms(kms)
        assert (np.abs(lons) <= 180.0).all()
        assert np.abs(river.locate_many(lons, lats).km - kms).max() <= 0.001
        assert river.locate(lon=line[0][0] + 90.0, lat=0.0) is None


OFFICES_ON_SMALLER_RIVERS = {
    "MM-TCK": "Sai", "TH-MSI": "Sai", "MM-MYW": "Moei", "TH-MST": "Moei", "MM-KTG": "Kraburi",
    "TH-RNG": "Kraburi", "LA-DSV": "Sepon", "VN-LBO": "Sepon", "KH-CTM": "Binh Di",
    "VN-LBH": "Binh Di", "CN-RUI": "Ruili", "MM-MSE": "Ruili", "CN-QSH": "Nanting",
    "MM-CSH": "Nanting",
}  # fmt: skip


def test_offices_on_smaller_border_rivers_have_a_river_address_with_its_error() -> None:
    offices = features("blos")
    for row in offices.rows():
        if row["id"] not in OFFICES_ON_SMALLER_RIVERS:
            continue
        found = load_addresses().of(
            lon=row["geometry"].x, lat=row["geometry"].y, accuracy_m=row["uncertainty_m"]
        )
        assert found.river == OFFICES_ON_SMALLER_RIVERS[row["id"]], row["id"]
        assert found.km is not None
        assert found.error_m is not None
        assert found.km_error_share is not None


def test_a_ruler_along_a_reach_and_its_kilometres_differ_by_no_more_than_is_documented() -> None:
    for name in ("mekong", "centrelines"):
        for row in features(name).rows():
            lon, lat = shapely.get_coordinates(row["geometry"]).T
            ruler = distances_m(lon1=lon[:-1], lat1=lat[:-1], lon2=lon[1:], lat2=lat[1:]).sum()
            km = row["km_start"] - row["km_end"]
            assert abs(km / (ruler / 1000.0) - 1.0) <= row["km_error_share"], row["reach"]


def test_a_place_that_may_be_wrong_by_kilometres_is_looked_for_farther_off() -> None:
    mae_sot = {"lon": 98.5667, "lat": 16.7167}
    assert load_rivers().locate(**mae_sot) is None
    found = load_rivers().locate_many([98.5667], [16.7167], accuracy_m=[3000.0])
    assert load_rivers().names[int(found.river[0])] == "Moei"
    assert (load_rivers().locate_many([98.5667], [16.7167], accuracy_m=[np.nan]).river < 0).all()
