"""CoT events: what a unit is, how long it is good, calls for help and deletions."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from maps.feeds.due_units import Act
from maps.feeds.writers.cot_writer import CotWriter
from patrol.units.wire import UnitState
from tests.maps.feeds.pictures import NOON, fix, heard, later, notes, unit

WRITER = CotWriter(notes(), max_age=timedelta(seconds=600), form="xml", mark="test-node/tak")


def events(act: Act, who: UnitState) -> list[ET.Element]:
    return [ET.fromstring(each) for each in WRITER.write(act, who, later(5))]


def test_a_boat_is_sent_with_its_own_time_and_until_when_it_is_valid() -> None:
    who = unit("c0ffee", 'HX "1" & co', last=fix("c0ffee", speed_mps=5.5, course_deg=44.5))
    (event,) = events("move", who)
    assert event.attrib == {
        "version": "2.0",
        "uid": "joint-patrol.c0ffee",
        "type": "a-f-S",
        "how": "m-g",
        "time": "2026-11-24T12:00:30.000Z",
        "start": "2026-11-24T12:00:30.000Z",
        "stale": "2026-11-24T12:10:30.000Z",
    }
    point, contact, track = event.find("point"), event.find(".//contact"), event.find(".//track")
    assert point is not None
    assert contact is not None
    assert track is not None
    assert (point.get("lon"), point.get("lat")) == ("100.4102", "20.2741")
    assert contact.get("callsign") == 'HX "1" & co'
    assert track.attrib == {"course": "44.5", "speed": "5.5"}


@pytest.mark.parametrize(
    ("kind", "known", "id", "type_"),
    [
        ("boat", True, "a", "a-f-S"),
        ("vehicle", True, "a", "a-f-G-E-V"),
        ("fixed", True, "a", "a-f-G-I"),
        ("foot", True, "a", "a-f-G-U-C"),
        (None, False, "ais:574123456", "a-u-S"),
        (None, False, "kenwood:1:2", "a-u-G"),
    ],
)
def test_types(kind: str | None, known: bool, id: str, type_: str) -> None:
    (event,) = events("whole", unit(id, kind=kind, known=known))
    assert event.get("type") == type_


def test_a_plotted_position_says_that_a_person_reported_it() -> None:
    (event,) = events("move", unit("a", last=fix("a", flags=("by_voice",))))
    assert event.get("how") == "h-e"


def test_a_call_for_help_and_its_end() -> None:
    (call,) = events("call", unit("a", "HX-1", distress=True))
    assert (call.get("uid"), call.get("type")) == ("joint-patrol.a-9-1-1", "b-a-o-tbl")
    (over,) = events("call over", unit("a", "HX-1"))
    assert (over.get("uid"), over.get("type")) == ("joint-patrol.a-9-1-1", "b-a-o-can")


def test_what_may_not_be_seen_is_deleted_with_its_call() -> None:
    gone = events("forgotten", unit("a", distress=True))
    assert {each.get("type") for each in gone} == {"t-x-d-d"}
    links = [each.find("detail/link") for each in gone]
    uids = {link.get("uid") for link in links if link is not None}
    assert uids == {"joint-patrol.a", "joint-patrol.a-9-1-1"}
    assert all(each.find("detail/__forcedelete") is not None for each in gone)
    assert all("100.41" not in ET.tostring(each).decode() for each in gone)


def test_a_unit_that_speaks_cot_keeps_its_uid_and_is_not_deleted_for_others() -> None:
    who = unit("a", addresses=("cot:ANDROID-1", "kenwood:1:2"))
    (event,) = events("whole", who)
    assert event.get("uid") == "ANDROID-1"
    assert events("forgotten", who) == []


def test_a_position_that_grew_old_needs_no_word() -> None:
    assert events("gone", unit("a")) == []


@pytest.mark.parametrize("form", ["stream", "datagram"])
def test_tak_protocol_says_the_same(form: str) -> None:
    writer = CotWriter(
        notes(),
        max_age=timedelta(seconds=600),
        form=form,  # type: ignore[arg-type]
        mark="test-node/tak",
    )
    who = unit("a", "HX-1", last=fix("a", speed_mps=5.5))
    (transmission,) = heard("tak", b"".join(writer.write("whole", who, NOON)))
    assert transmission.device == "joint-patrol.a"
    assert transmission.position is not None
    assert (transmission.position.lon, transmission.position.lat) == (100.4102, 20.2741)
