"""Targets, sectors and marks of a feed: told, taken back, and known again when they return."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from maps.feeds.due_places import DuePlaces
from maps.feeds.due_units import AGAIN_EVERY_S
from maps.feeds.places import FeedPlace, PlaceKind, place_of
from maps.feeds.settings import FeedSettings
from maps.feeds.writers.cot_writer import CotWriter
from maps.feeds.writers.nmea_writer import NmeaWriter
from patrol.documents.document import Document, kind_of
from patrol.marks.mark import Mark
from patrol.sectors.sector import Sector
from patrol.targets.sightings import Sighting
from patrol.targets.target import Target
from patrol.units.wire import Change, Snapshot
from radio_gateway.messages.marked_place import MarkedPlace
from tests.maps.feeds.pictures import NOON, heard, later, notes, unit

PROTOCOL = {"xml": "cot", "stream": "tak", "datagram": "tak"}
RING = ((100.4, 20.2), (100.5, 20.2), (100.5, 20.3), (100.4, 20.2))
ALL: tuple[PlaceKind, ...] = ("targets", "sectors", "marks")
DOCUMENT_FIELDS: dict[str, Any] = {"agency": "la-hx", "origin": "hx", "at": NOON}


def mark(id: str = "m", **more: Any) -> Mark:
    given = {"name": "Sunken barge", "lon": 100.41, "lat": 20.27, "marked_at": NOON}
    return Mark(id=id, **(DOCUMENT_FIELDS | given | {"ends_at": later(3600), **more}))


def sector(**more: Any) -> Sector:
    return Sector(id="s", **(DOCUMENT_FIELDS | {"name": "Isles", "polygon": (RING,)} | more))


def target(**more: Any) -> Target:
    sighting = Sighting(at=NOON, lon=100.41, lat=20.28, speed_mps=8.0, course_deg=215.0)
    given = {"case": "c", "what": "vessel", "name": "grey longtail", "sightings": (sighting,)}
    return Target(id="t", **(DOCUMENT_FIELDS | given | more))


def due(*, kinds: tuple[PlaceKind, ...] = ALL) -> DuePlaces:
    return DuePlaces(kinds=kinds, outline=lambda _sector: None)


def snapshot(*documents: Document) -> bytes:
    return msgspec.json.encode(
        Snapshot(stream="s", seq=1, time=NOON, units=(), documents=documents)
    )


def change(*documents: Document, forget: tuple[str, ...] = ()) -> bytes:
    return msgspec.json.encode(Change(seq=2, time=NOON, documents=documents, forget=forget))


def said(places: DuePlaces, at_s: float = 0.0) -> list[tuple[str, str]]:
    return [(act, place.id) for act, place in places.due(at_s)]


def place(document: Document) -> FeedPlace:
    found = place_of(document, lambda _sector: None)
    assert found is not None
    return found


def test_places_are_sent_at_once_again_after_six_minutes_and_deleted() -> None:
    places = due()
    places.take(snapshot(mark(), sector(), target()))
    assert sorted(said(places)) == [("place", "m"), ("place", "s"), ("place", "t")]
    assert said(places, 10.0) == []
    places.take(change(mark(name="barge", version=2)))
    assert said(places, 20.0) == [("place", "m")]
    assert sorted(said(places, AGAIN_EVERY_S)) == [("place", "s"), ("place", "t")]
    ended = mark(state="ended", version=3)
    places.take(change(ended, sector(retired_at=NOON), forget=("t",)))
    assert sorted(said(places, 500.0)) == [("taken back", each) for each in "mst"]
    assert places.all() == []


def test_feed_tells_of_nothing_that_its_settings_do_not_name() -> None:
    places = due(kinds=())
    places.take(snapshot(mark(), sector(), target()))
    assert said(places) == []
    marks = due(kinds=("marks",))
    marks.take(snapshot(mark(), sector(), target()))
    assert said(marks) == [("place", "m")]
    marks.take(snapshot())
    assert said(marks) == [("taken back", "m")]


def test_target_in_custody_of_another_agency_is_not_sent() -> None:
    assert place_of(target(state="handed over"), lambda _sector: None) is None
    assert place_of(target(sightings=()), lambda _sector: None) is None


@pytest.mark.parametrize("form", ["xml", "stream", "datagram"])
@pytest.mark.parametrize(
    "document", [mark(use="hazard"), sector(use="no_go"), target()], ids=kind_of
)
def test_what_goes_out_as_cot_is_no_radio_of_ours_when_it_comes_back(
    form: Any, document: Document
) -> None:
    writer = CotWriter(notes(), max_age=timedelta(minutes=10), form=form, mark="test-node/tak")
    payloads = writer.place("place", place(document), NOON)
    gone = writer.place("taken back", place(document), NOON)
    found = [each for data in (*payloads, *gone) for each in heard(PROTOCOL[form], data)]
    assert [each.kind for each in found] == ["waypoint", "waypoint"]
    back, deleted = found
    assert (back.device, back.position) == ("joint-patrol.hx", None)
    assert back.mark is not None
    assert back.mark.id == f"joint-patrol.hx.{document.id}"
    assert deleted.mark == MarkedPlace(id=back.mark.id, deleted=True)


def test_cot_has_shape_words_and_end_of_a_place() -> None:
    writer = CotWriter(notes(), max_age=timedelta(minutes=10), form="xml", mark="test-node/tak")
    (area,) = heard("cot", writer.place("place", place(sector(use="no_go", note="rocks")), NOON)[0])
    assert area.mark is not None
    assert (area.mark.path, area.mark.closed) == (RING, True)
    assert area.mark.remarks == "No-go area\nrocks"
    (circle,) = heard("cot", writer.place("place", place(mark(radius_m=300.0)), NOON)[0])
    assert circle.mark is not None
    assert circle.mark.radius_m == 300.0
    soon = writer.place("place", place(mark(ends_at=later(60))), NOON)[0]
    assert b'stale="2026-11-24T12:01:30.000Z"' in soon
    assert writer.place("place", place(mark(address="cot:ANDROID-1")), NOON) == []


def test_chartplotter_is_sent_waypoints_targets_and_calls_for_help() -> None:
    writer = NmeaWriter(notes())
    (waypoint,) = writer.place("place", place(mark(use="hazard")), NOON)
    assert waypoint.startswith(b"$IIWPL,2016.2000,N,10024.6000,E,HAZ SUNKEN BARGE*")
    (followed,) = writer.place("place", place(target()), NOON)
    assert followed.startswith(b"$RATLL,00,2016.8000,N,10024.6000,E,GREY LONGTAIL,120030.00,T,*")
    assert writer.place("taken back", place(mark()), NOON) == []
    (lost,) = writer.place("taken back", place(target()), NOON)
    assert b",L,*" in lost
    writer.write("whole", unit("a", distress=True), NOON)
    (alarm,) = writer.write("call", unit("a", distress=True), NOON)
    assert alarm.startswith(b"$IIALR,120030.00,000,A,V,SOS A*")
    (over,) = writer.write("call over", unit("a"), NOON)
    assert over.startswith(b"$IIALR,120030.00,000,V,V,SOS A*")


def test_ais_has_no_words_for_places() -> None:
    given = {"name": "x", "url": "udp://127.0.0.1:5000", "agency": "a", "role": "crew"}
    with pytest.raises(ValidationError, match="also"):
        FeedSettings(**given, speaks="ais", also=["marks"])  # type: ignore[arg-type]
    assert FeedSettings(**given, speaks="nmea").also == frozenset()  # type: ignore[arg-type]
