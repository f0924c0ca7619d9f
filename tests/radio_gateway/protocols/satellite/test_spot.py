from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import spot
from tests.radio_gateway.protocols.sentences import frame
from tests.radio_gateway.protocols.trackers.streams import hear, hear_one, refusal, survives

FIELDS = {
    "id": "891801957",
    "esn": "0-3112123",
    "esnName": "boat",
    "messageType": "TRACK",
    "timestamp": "2017-12-27T13:19:38.000Z",
    "timeInGMTSecond": "1514380778",
    "latitude": "20.27",
    "longitude": "100.41",
    "batteryState": "GOOD",
}


def message(**more: str | None) -> str:
    fields = {name: value for name, value in (FIELDS | more).items() if value is not None}
    inside = "".join(f"<{name}>{value}</{name}>\n" for name, value in fields.items())
    return f"<message>\n{inside}</message>"


def posted(*messages: str) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    head += '<messageList xmlns="http://v2.shared.globalstar.com"><header><totalCount>1'
    whole = f"{head}</totalCount></header>{''.join(messages)}</messageList>"
    return whole.encode("utf-8", "surrogatepass")  # half a character, too, as a bad sender has it


def said_by(**more: str | None) -> Transmission:
    return hear_one(spot, posted(message(**more)))


def test_track_point_says_place_time_and_battery() -> None:
    transmission = said_by(altitude="352")
    assert (transmission.device, transmission.kind, transmission.fix) == (
        "0-3112123",
        "position",
        True,
    )
    assert transmission.device_time == datetime(2017, 12, 27, 13, 19, 38, tzinfo=UTC)
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)
    assert transmission.position.altitude_m == 352.0
    assert transmission.facts == {
        "message_type": "TRACK",
        "name": "boat",
        "message_id": "891801957",
        "battery_state": "GOOD",
    }
    assert transmission.raw == message(altitude="352").encode()


def test_list_of_the_feed_has_other_names() -> None:
    feed = (
        b"<response><feedMessageResponse><count>1</count><messages><message>"
        b"<messengerId>0-7</messengerId><unixTime>1514380778</unixTime>"
        b"<messageType>OK</messageType><latitude>1</latitude><longitude>-1</longitude>"
        b"<messageContent>all &amp; well</messageContent></message></messages>"
        b"</feedMessageResponse></response>"
    )
    transmission = hear_one(spot, feed)
    assert (transmission.device, transmission.text, transmission.status) == (
        "0-7",
        "all & well",
        "OK",
    )
    assert spot.speaks(frame(feed))


@pytest.mark.parametrize("type_", ["HELP", "SOS", "help"])
def test_call_for_help_is_decoded_with_and_without_a_place(type_: str) -> None:
    assert said_by(messageType=type_).distress
    for more in ({"latitude": "-99999.0", "longitude": "-99999.0"}, {"latitude": "x"}):
        transmission = said_by(messageType=type_, **more)
        assert (transmission.kind, transmission.distress, transmission.position) == (
            "distress",
            True,
            None,
        )


def test_cancelled_help_is_no_call() -> None:
    transmission = said_by(messageType="HELP-CANCEL")
    assert (transmission.distress, transmission.facts["distress_cancelled"]) == (False, True)


def test_no_fix_is_no_place() -> None:
    transmission = said_by(latitude="-99999.0", longitude="-99999.0")
    assert (transmission.position, transmission.flags, transmission.facts["kind"]) == (
        None,
        ("no_fix",),
        "nofix",
    )


@pytest.mark.parametrize("stamp", ["2017-12-27T13:19:38.000Z", "2017-12-27T20:19:38+0700"])
def test_time_may_be_the_stamp_alone(stamp: str) -> None:
    transmission = said_by(timeInGMTSecond=None, timestamp=stamp)
    assert transmission.device_time == datetime(2017, 12, 27, 13, 19, 38, tzinfo=UTC)


def test_time_of_too_many_digits_is_no_time_and_costs_nothing_else() -> None:
    calls = message(messageType="HELP", timeInGMTSecond="0" * 12 + "1" + "9" * 12)
    assert hear_one(spot, posted(calls)).distress


def test_each_message_stands_alone_and_its_id_is_its_key() -> None:
    data = posted(message(), message(latitude="95", id="2"), message(id="3"))
    transmissions, reasons, answers = hear(spot, data)
    assert ([each.duplicate_key for each in transmissions], reasons, answers) == (
        ["id:891801957", "id:3"],
        ["lat_range"],
        [],
    )
    assert hear(spot, posted())[0] == []


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><messageList>&b;</messageList>'
OUTSIDE = b'<!DOCTYPE l SYSTEM "file:///etc/passwd"><messageList/>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BOMB, "xml_dtd"),
        (OUTSIDE, "xml_dtd"),
        (posted()[:-5], "xml"),
        (b"<messageList>&b;</messageList>", "xml"),
        (b'<?xml version="1.0" encoding="klingon"?><messageList/>', "xml"),
        (b"<messageList>\xff\xfe</messageList>", "xml"),
        (b"<a>" * 17 + b"</a>" * 17, "too_deep"),
        (posted("<message/>" * 1001), "too_many"),
        (b"<html/>", "no_messages"),
        (b"\n", "empty"),
        (b" " * (spot.MAX_BYTES + 1) + b"<a/>", "too_long"),
        (posted(message(esn=None)), "no_device"),
        (posted(message(esn="0-\u202e7")), "no_device"),
        (posted(message(latitude="95")), "lat_range"),
        (posted(message(longitude="181")), "lon_range"),
        (posted(message(latitude="0", longitude="0")), "null_island"),
        (posted(message(longitude=None)), "missing_lon"),
        (posted(message(latitude="NaN")), "bad_number"),
        (posted(message(timeInGMTSecond=None, timestamp="yesterday")), "bad_time"),
    ],
)
def test_bad_document_is_rejected(data: bytes, reason: str) -> None:
    assert refusal(spot, data) == reason


_names = st.sampled_from([*FIELDS, "message", "messageList", "altitude", "x"])
_tags = st.builds(lambda name, close: f"<{'/' * close}{name}>", _names, st.booleans())
_parts = st.lists(st.one_of(_tags, st.sampled_from([*FIELDS.values(), "-99999", "HELP"])))


@given(parts=_parts)
def test_any_tags_are_survived(parts: list[str]) -> None:
    survives(spot, posted("".join(parts)), [])
    survives(spot, "".join(parts).encode(), [])


@given(values=st.dictionaries(_names, st.text(st.characters(min_codepoint=32), max_size=9)))
def test_any_values_are_survived(values: dict[str, str]) -> None:
    survives(spot, posted(message(**dict(values))), [])


@given(data=st.binary(max_size=100))
def test_any_bytes_are_survived(data: bytes) -> None:
    survives(spot, data, [])
