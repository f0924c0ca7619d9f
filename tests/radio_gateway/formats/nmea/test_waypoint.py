from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import nmea0183, raveon
from radio_gateway.protocols.kenwood import kenwood
from tests.radio_gateway.protocols.sentences import frame, heard, sentence

STATIONS = DecoderSettings(waypoints="stations")
KENWOOD = "PKWDWPL,115930,V,2016.38,N,10024.72,E,9.7,231.8,251126,1120,HS1AA-9,/s"
MAGELLAN = "PMGNWPL,2016.38,N,10024.72,E,100,F,HS1AA-9,on patrol,a"
PLAIN = "GPWPL,2016.38,N,10024.72,E,HS1AA-9"


def one(payload: bytes, module: ModuleType = nmea0183) -> Transmission:
    transmissions, reasons = heard(module.decoder(STATIONS), [payload])
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


@pytest.mark.parametrize(
    ("module", "protocol"), [(nmea0183, "nmea0183"), (kenwood, "kenwood"), (raveon, "raveon")]
)
@pytest.mark.parametrize("body", [KENWOOD, MAGELLAN, PLAIN])
def test_named_place_is_where_the_station_of_that_name_is(
    module: ModuleType, protocol: str, body: str
) -> None:
    transmission = one(sentence(body), module)
    assert (transmission.address, transmission.kind) == (f"{protocol}:HS1AA-9", "position")
    assert (transmission.device_time, transmission.fix, transmission.flags) == (None, None, ())
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    assert transmission.position.lon == pytest.approx(100.412)
    assert module.speaks(frame(sentence(body)))


def test_kenwood_set_tells_speed_course_height_and_its_own_clock() -> None:
    transmission = one(sentence(KENWOOD))
    place = transmission.position
    assert place is not None
    assert place.speed_mps == pytest.approx(4.99, abs=0.001)
    assert (place.course_deg, place.altitude_m) == (231.8, 1120.0)
    assert transmission.passed_on_at == datetime(2026, 11, 25, 11, 59, 30, tzinfo=UTC)
    assert transmission.facts["symbol"] == "/s"


@pytest.mark.parametrize(
    ("end", "name", "symbol"),
    [("test,5,/'", "test,5", "/'"), ("test3,/,", "test3", "/,"), ("HS1AA,", "HS1AA", None)],
)
def test_name_or_symbol_may_hold_a_comma(end: str, name: str, symbol: str | None) -> None:
    transmission = one(sentence(KENWOOD.removesuffix("HS1AA-9,/s") + end))
    assert (transmission.device, transmission.facts.get("symbol")) == (name, symbol)


def test_set_whose_clock_was_never_set_gives_no_time() -> None:
    transmission = one(sentence(KENWOOD.replace("251126", "000000")))
    assert (transmission.passed_on_at, transmission.position is None) == (None, False)


def test_magellan_height_may_be_in_feet() -> None:
    transmission = one(sentence(MAGELLAN))
    assert transmission.position is not None
    assert transmission.position.altitude_m == pytest.approx(30.48)
    assert transmission.facts["remarks"] == "on patrol"


def test_same_place_from_two_receivers_is_known_again() -> None:
    first, second = one(sentence(PLAIN)), one(sentence(PLAIN))
    assert first.duplicate_key == second.duplicate_key is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("GPWPL,2016.38,N,10024.72,E", "truncated"),
        ("GPWPL,2016.38,N,10024.72,E,", "no_device"),
        (f"GPWPL,2016.38,N,10024.72,E,{'A' * 81}", "no_device"),
        ("GPWPL,,,,,HS1AA", "missing_lat"),
        ("GPWPL,2016.38,N,,,HS1AA", "missing_lon"),
        ("GPWPL,9116.38,N,10024.72,E,HS1AA", "lat_range"),
        ("GPWPL,0000.00,N,00000.00,E,HS1AA", "null_island"),
        ("GPWPL,2016.38,Q,10024.72,E,HS1AA", "bad_hemisphere"),
        (KENWOOD.replace("9.7", "x"), "bad_number"),
        (KENWOOD.replace("115930", "256130"), "bad_time"),
        (KENWOOD.replace("231.8", "361"), "course_range"),
    ],
)
def test_impossible_values_are_refused_with_their_reason(body: str, reason: str) -> None:
    assert heard(nmea0183.decoder(STATIONS), [sentence(body)]) == ([], [reason])


def test_channel_that_says_nothing_of_waypoints_tells_only_that_the_bus_carries_them() -> None:
    (transmission,), reasons = heard(nmea0183.decoder(DecoderSettings()), [sentence(PLAIN)])
    assert (transmission.kind, transmission.position, transmission.device, reasons) == (
        "other",
        None,
        None,
        [],
    )


@pytest.mark.parametrize(("body", "remarks"), [(PLAIN, ""), (MAGELLAN, "on patrol")])
def test_on_a_channel_that_says_so_a_named_place_is_a_mark(body: str, remarks: str) -> None:
    decoder = nmea0183.decoder(DecoderSettings(waypoints="marks"))
    (transmission,), reasons = heard(decoder, [sentence(body)])
    assert (transmission.kind, transmission.device, transmission.position, reasons) == (
        "waypoint",
        None,
        None,
        [],
    )
    mark = transmission.mark
    assert mark is not None
    assert (mark.id, mark.name, mark.use, mark.remarks) == (
        "HS1AA-9",
        "HS1AA-9",
        "waypoint",
        remarks,
    )
    assert mark.lat == pytest.approx(20.273)
    assert mark.lon == pytest.approx(100.412)
    assert heard(decoder, [sentence("GPWPL,0000.00,N,00000.00,E,HS1AA")])[1] == ["null_island"]


def test_checksum_is_held_to_as_for_any_sentence() -> None:
    bare = b"$" + PLAIN.encode()
    assert one(bare).flags == ("no_checksum",)
    for module in (nmea0183, kenwood, raveon):
        decoder = module.decoder(STATIONS)
        decoder.decode(frame(sentence(PLAIN)))
        with pytest.raises(FrameError, match="no_checksum"):
            decoder.decode(frame(bare))


def test_bad_waypoint_costs_no_position_that_was_being_gathered() -> None:
    decoder = kenwood.decoder(DecoderSettings())
    radio = sentence("PKNSH,2016.38,N,10024.72,E,115958,A,U00001")
    assert decoder.decode(frame(radio)) == []
    (transmission,) = decoder.decode(frame(sentence("GPWPL,,,,,HS1AA")))
    assert transmission.device == "U00001"
    assert [each.reason for each in decoder.rejected()] == ["missing_lat"]
