"""The map that a crew's phone keeps: what is left out of it so that it is not too large."""

from __future__ import annotations

import json

import pytest

from gis.catalogue.site_layers import LayerSet
from maps.layers import crew_map
from maps.layers.crew_map import CrewMap

LON, LAT = 100.41, 20.27


@pytest.fixture(scope="module")
def layers() -> LayerSet:
    """The layers that are shipped."""
    return LayerSet()


def layers_of(body: bytes) -> set[str]:
    return {each["properties"]["layer"] for each in json.loads(body)["features"]}


def test_lines_are_simplified_first_then_towns_then_kilometres_are_left_out(
    layers: LayerSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = CrewMap(layers).around(lon=LON, lat=LAT, radius_km=60.0)
    assert len(whole) <= crew_map.LARGEST
    assert {"mekong", "borders", "blos", "places", "river_km"} <= layers_of(whole)
    gone, body = [set[str]()], whole
    while gone[-1] != {"places", "river_km"}:
        largest = len(body) - 1
        monkeypatch.setattr(crew_map, "LARGEST", largest)
        body = CrewMap(layers).around(lon=LON, lat=LAT, radius_km=60.0)
        gone.append(layers_of(whole) - layers_of(body))
        assert len(body) <= largest
    simpler = gone[:-2]
    assert len(simpler) > 3
    assert simpler == [set()] * len(simpler)
    assert gone[-2:] == [{"places"}, {"places", "river_km"}]


def test_the_maps_of_the_last_places_are_kept(layers: LayerSet) -> None:
    made = CrewMap(layers)
    first = made.around(lon=LON, lat=LAT, radius_km=5.0)
    assert made.around(lon=LON, lat=LAT, radius_km=5.0) is first
    for step in range(1, 33):
        made.around(lon=LON, lat=LAT + step * 0.01, radius_km=0.1)
    again = made.around(lon=LON, lat=LAT, radius_km=5.0)
    assert again == first
    assert again is not first, "32 others were asked for since"
