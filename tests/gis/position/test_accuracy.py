"""What an accuracy that is not told is taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.fences.settings import FenceSettings
from gis.position.accuracy import ASSUMED_ACCURACY_M, BY_FLAG, BY_PROTOCOL, typical_accuracy_m
from radio_gateway.messages.address_family import families_of
from radio_gateway.protocols import PROTOCOLS


def test_a_radio_that_is_not_known_better_has_a_satellite_receiver() -> None:
    assert typical_accuracy_m("test") == typical_accuracy_m("ais", ("late",)) == 15.0
    assert typical_accuracy_m("") == FenceSettings().assumed_accuracy_m


@pytest.mark.parametrize("protocol", BY_PROTOCOL)
def test_every_line_is_of_a_radio_that_can_be_received(protocol: str) -> None:
    assert protocol in {family for each in PROTOCOLS for family in families_of(each)}


@pytest.mark.parametrize("flag", BY_FLAG)
def test_what_no_receiver_gave_is_that_coarse_whatever_carried_it(flag: str) -> None:
    found = {typical_accuracy_m(each, ("late", flag)) for each in ("ais", "aprs", "voice")}
    assert found == {BY_FLAG[flag]}
    assert BY_FLAG[flag] > typical_accuracy_m("aprs")


def test_nothing_is_taken_to_be_better_than_a_receiver() -> None:
    assert min(*BY_PROTOCOL.values(), *BY_FLAG.values()) >= typical_accuracy_m("ais")


def test_the_page_takes_the_same_where_the_stream_leaves_it_out() -> None:
    page = Path(__file__).parents[3] / "maps/web/src/symbols/unit-feature.ts"
    assert f"const ASSUMED_ACCURACY_M = {ASSUMED_ACCURACY_M:g};" in page.read_text("utf-8")
