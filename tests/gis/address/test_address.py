"""Addresses: what is said of a place, and how sure it is said to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address.address import Address
from gis.address.addresses import load_addresses
from gis.geometry.geodesy import destination
from gis.river.river import load_mekong
from tests.fixtures.examples import examples


def words(lon: float, lat: float, accuracy_m: float = 0.0) -> str:
    """Return the words with plain spaces."""
    address = load_addresses().of(lon=lon, lat=lat, accuracy_m=accuracy_m)
    return address.words().replace("\u202f", " ")


def test_the_address_of_houay_xai_is_as_people_say_it() -> None:
    assert words(100.4178, 20.27) == (
        "km 2 356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)"
    )


HOUAY_XAI = "Houay Xai reach ({} km below the Golden Triangle)"
UNSURE = "km 2 {}, bank unsure, side unsure ({} or {}), "


@pytest.mark.parametrize(
    ("lon", "lat", "accuracy_m", "said"),
    [
        (100.40461, 20.26125, 10.0, "km 2 355, right bank, TH side, " + HOUAY_XAI.format(69)),
        (100.4096, 20.2655, 10.0, UNSURE.format(356, "LA", "TH") + HOUAY_XAI.format(69)),
        (100.4178, 20.27, 700.0, UNSURE.format(356, "LA", "TH") + HOUAY_XAI.format(68)),
        (105.85, 14.12, 0.0, "km 743, bank unsure, LA side, Si Phan Don reach"),
        (98.514, 16.695, 0.0, "Moei km 286, bank unsure, side unsure (MM or TH)"),
        (98.508, 16.69, 0.0, "Moei km 283, left bank, MM side"),
        (99.83, 19.91, 0.0, "TH side, 40 km from the border with MM"),  # Chiang Rai
        (101.0, 24.5, 0.0, "CN side, 218 km from the border with MM"),
        (0.0, 0.0, 0.0, ""),
    ],
)
def test_an_address_says_what_is_known_and_what_is_not(
    lon: float, lat: float, accuracy_m: float, said: str
) -> None:
    assert words(lon, lat, accuracy_m) == said


def test_an_address_above_the_golden_triangle_says_so() -> None:
    assert words(*load_mekong().at_km(2530.0)).endswith("(106 km above the Golden Triangle)")


def test_the_error_is_reported_in_words() -> None:
    address = load_addresses().of(lon=100.4178, lat=20.27, accuracy_m=12.0)
    assert address.error_words() == (
        "river line within 330 m, distances along it within 3.5 %; border line and fix within 312 m"
    )


@settings(max_examples=examples(200), deadline=None)
@given(
    km=st.floats(1.0, 2754.0),
    bearing=st.floats(0.0, 360.0),
    away_m=st.floats(0.0, 4900.0),
    accuracy_m=st.floats(0.0, 500.0),
)
def test_every_position_within_five_kilometres_has_an_address(
    km: float, bearing: float, away_m: float, accuracy_m: float
) -> None:
    lon, lat = load_mekong().at_km(km)
    lon, lat = destination(lon=lon, lat=lat, bearing_deg=bearing, distance_m=away_m)
    address = load_addresses().of(lon=lon, lat=lat, accuracy_m=accuracy_m)
    assert address.river is not None
    assert address.offset_m is not None
    assert address.error_m is not None
    assert abs(address.offset_m) <= away_m + 0.6
    if address.bank in ("left", "right"):
        assert abs(address.offset_m) >= address.error_m + accuracy_m - 0.06
        assert (address.offset_m > 0.0) == (address.bank == "left")
    if address.side_sure:
        assert address.border_m is not None
        assert address.border_error_m is not None
        assert address.border_m >= address.border_error_m - 0.2
    assert "km" in address.words()


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(math.nan, 20.0), (100.0, math.nan), (180.0, 0.0), (-180.0, 90.0), (0.0, -90.0), (500.0, 1.0)],
)
def test_a_place_that_is_none_or_far_away_has_no_address(lon: float, lat: float) -> None:
    assert load_addresses().of(lon=lon, lat=lat) == Address()


def test_an_accuracy_that_is_none_makes_nothing_sure() -> None:
    address = load_addresses().of(lon=100.4178, lat=20.27, accuracy_m=math.nan)
    assert (address.bank, address.side_sure, address.border_error_m) == (None, False, None)
    assert address.km == pytest.approx(2355.8, abs=0.1)


def test_many_answer_as_one_does() -> None:
    lons = np.array([100.4178, 100.0847, 0.0, math.nan])
    lats = np.array([20.27, 20.3523, 0.0, 1.0])
    many = load_addresses().of_many(lons, lats, accuracy_m=[5.0, 0.0, 0.0, 0.0])
    for n, address in enumerate(many):
        accuracy_m = 5.0 if n == 0 else 0.0
        assert address == load_addresses().of(lon=lons[n], lat=lats[n], accuracy_m=accuracy_m)
    assert many[1].also == ("Ruak",)
    assert load_addresses().of_many([], []) == []
