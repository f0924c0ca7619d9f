"""The number a unit goes out under: its own, or one that is nobody's and raises no alarm."""

from __future__ import annotations

import pytest

from maps.feeds.writers.mmsi import MmsiNumbers, mmsi_of, own_mmsi


@pytest.mark.parametrize(
    "address",
    [
        "ais:970123456",  # search and rescue transmitter
        "ais:972123456",  # man overboard
        "ais:974123456",  # emergency beacon
        "ais:979123456",
        "ais:985741234",  # a ship's boat
        "ais:995741234",  # a buoy
        "ais:005741234",  # a coast station
        "ais:111574123",  # an aircraft
        "ais:800123456",  # ours, heard back
        "ais:12345",
        "dsc:574123456",
        "kenwood:100:1001",
    ],
)
def test_no_unit_goes_out_as_a_beacon_a_buoy_or_a_station(address: str) -> None:
    assert own_mmsi([address]) is None
    assert 800_000_000 <= MmsiNumbers().of("unit", [address]) <= 809_999_999


def test_a_boat_heard_by_ais_keeps_its_number() -> None:
    assert MmsiNumbers().of("unit", ["ais:574123456", "kenwood:1"]) == 574123456
    assert own_mmsi(["ais:857412345"]) == 857412345  # a handheld


def test_a_made_number_is_the_same_at_every_start() -> None:
    assert mmsi_of("c0ffee") == mmsi_of("c0ffee") == MmsiNumbers().of("c0ffee", ())
    numbers = MmsiNumbers()
    many = {numbers.of(f"unit {number}", ()) for number in range(20_000)}
    assert len(many) == 20_000  # some would meet by chance
    assert all(800_000_000 <= each <= 809_999_999 for each in many)
    assert numbers.of("unit 7", ()) == numbers.of("unit 7", ())


def test_a_number_follows_the_radio_to_its_unit_and_back() -> None:
    numbers = MmsiNumbers()
    assert numbers.of("ais:574123456", ["ais:574123456"]) == 574123456
    assert numbers.of("unit", ["ais:574123456"]) != 574123456  # not two under one number
    numbers.forget("ais:574123456")
    assert numbers.of("unit", ["ais:574123456"]) == 574123456
    made = numbers.of("unit", [])
    assert made == mmsi_of("unit")
