"""Cursor on Target in XML: events a TAK client would write; all of them made here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols.cot import cot, tak
from radio_gateway.protocols.cot import framer as framer_of
from radio_gateway.protocols.cot.framer import MAX_EVENT, CotFramer
from radio_gateway.protocols.cot.pli_event import read_pli
from radio_gateway.protocols.cot.xml import MAX_DEPTH
from tests.radio_gateway.protocols.sentences import NOW, frame

POINT = '<point lat="17.95" lon="102.61" hae="140.5" ce="8.0" le="9999999.0"/>'
TIMES = 'time="2026-11-25T11:59:58.5Z" start="2026-11-25T11:59:58Z" stale="2026-11-25T12:05:00Z"'


def event(
    *,
    type_: str = "a-f-G-U-C",
    uid: str = "ANDROID-1",
    how: str = "m-g",
    times: str = TIMES,
    point: str = POINT,
    detail: str = '<contact callsign="PATROL 3"/><track course="181.2" speed="6.0"/>',
) -> bytes:
    """Return an event as XML."""
    return (
        f'<event version="2.0" uid="{uid}" type="{type_}" {times} how="{how}">'
        f"{point}<detail>{detail}</detail></event>"
    ).encode()


def said(payload: bytes) -> Transmission:
    """Return the one transmission of an event."""
    (transmission,) = cot.decoder(DecoderSettings()).decode(frame(payload))
    return transmission


def reason(payload: bytes) -> str:
    """Return why an event is refused."""
    with pytest.raises(FrameError) as error:
        said(payload)
    return error.value.reason


def test_unit_says_where_it_is() -> None:
    unit = said(event())
    place = unit.position
    assert place is not None
    assert (place.lon, place.lat, place.accuracy_m) == (102.61, 17.95, 8.0)
    assert (place.speed_mps, place.course_deg, place.altitude_m) == (6.0, 181.2, 140.5)
    assert unit.device == "ANDROID-1"
    assert unit.address == "cot:ANDROID-1"
    assert unit.device_time == datetime(2026, 11, 25, 11, 59, 58, 500_000, tzinfo=UTC)
    assert (unit.kind, unit.fix, unit.distress, unit.flags) == ("position", True, False, ())
    assert unit.facts == {
        "cot_type": "a-f-G-U-C",
        "how": "m-g",
        "callsign": "PATROL 3",
        "stale_utc": "2026-11-25T12:05:00Z",
        "altitude_reference": "ellipsoid",
    }
    assert unit.duplicate_window_s is None


def test_unknown_errors_and_heights_are_absent() -> None:
    point = '<point lat="17.95" lon="102.61" hae="9999999" ce="9999999.0" le="4.5"/>'
    unit = said(event(point=point))
    assert unit.position is not None
    assert (unit.position.altitude_m, unit.position.accuracy_m) == (None, None)
    assert unit.facts["vertical_accuracy_m"] == 4.5
    assert "altitude_reference" not in unit.facts


def test_track_that_is_no_number_costs_only_itself() -> None:
    unit = said(event(detail='<track course="NaN" speed="-1"/>'))
    assert unit.position is not None
    assert (unit.position.speed_mps, unit.position.course_deg) == (None, None)
    assert unit.flags == ("bad_field",)


def test_course_of_360_is_north() -> None:
    unit = said(event(detail='<track course="360" speed="1"/>'))
    assert unit.position is not None
    assert unit.position.course_deg == 0.0


def test_simulated_unit_has_no_fix() -> None:
    unit = said(event(how="m-s"))
    assert (unit.fix, unit.flags) == (False, ("simulator",))
    assert said(event(how="h-e")).flags == ("placed_by_hand",)


def test_client_tells_its_battery_and_program() -> None:
    detail = (
        '<takv device="PIXEL" platform="ATAK-CIV" version="4.10" os="33"/><status battery="78"/>'
        '<__group name="Cyan" role="Medic"/><precisionlocation geopointsrc="GPS"/>'
    )
    facts = said(event(detail=detail)).facts
    assert facts["battery_pct"] == 78.0
    assert (facts["platform"], facts["team"], facts["role"]) == ("ATAK-CIV", "Cyan", "Medic")
    assert facts["position_source"] == "GPS"


def test_chat_is_words_of_its_sender_without_a_place() -> None:
    detail = (
        '<__chat parent="RootContactGroup" chatroom="All Chat Rooms" senderCallsign="PATROL 3"'
        ' messageId="77"><chatgrp uid0="ANDROID-1" uid1="All Chat Rooms"/></__chat>'
        '<remarks source="BAO.F.ATAK.ANDROID-1" to="All Chat Rooms">boat &lt;7&gt; here</remarks>'
    )
    words = said(event(uid="GeoChat.X.All Chat Rooms.77", type_="b-t-f", detail=detail))
    assert (words.kind, words.device, words.text) == ("text", "ANDROID-1", "boat <7> here")
    assert words.position is None
    assert words.facts["chatroom"] == "All Chat Rooms"
    bare = said(event(uid="GeoChat.ANDROID-9.All.1", type_="b-t-f", detail="<remarks>a</remarks>"))
    assert bare.device == "ANDROID-9"


def test_receipt_answers_the_message_it_names() -> None:
    detail = '<__chat messageId="order-1"/><link uid="ANDROID-1" relation="p-p"/>'
    receipt = said(event(uid="order-1", type_="b-t-f-d", detail=detail))
    assert (receipt.kind, receipt.status) == ("answer", "delivered")
    assert receipt.facts["answers"] == "order-1"
    assert receipt.device == "ANDROID-1"


@pytest.mark.parametrize("type_", ["b-a-o-tbl", "b-a-o-pan", "b-a-o-opn"])
def test_alert_is_distress_of_the_device_behind_it(type_: str) -> None:
    detail = '<contact callsign="PATROL 3-Alert"/><emergency type="911 Alert">PATROL 3</emergency>'
    alert = said(event(uid="ANDROID-1-9-1-1", type_=type_, detail=detail))
    assert alert.distress
    assert alert.device == "ANDROID-1"
    assert alert.position is not None
    assert alert.facts["uid"] == "ANDROID-1-9-1-1"
    assert alert.facts["emergency_type"] == "911 Alert"
    linked = said(event(uid="x", type_=type_, detail='<link uid="ANDROID-2" relation="p-p"/>'))
    assert linked.device == "ANDROID-2"


@pytest.mark.parametrize(
    ("point", "flag"),
    [
        ('<point lat="0" lon="0" hae="0" ce="9" le="9"/>', "null_island"),
        ('<point lat="95" lon="0" hae="0" ce="9" le="9"/>', "lat_range"),
        ("", "no_point"),
    ],
)
def test_alert_without_a_place_is_still_an_alert(point: str, flag: str) -> None:
    alert = said(event(uid="ANDROID-1-9-1-1", type_="b-a-o-tbl", point=point))
    assert (alert.kind, alert.distress, alert.position) == ("distress", True, None)
    assert alert.flags == (flag,)


@pytest.mark.parametrize(
    ("point", "times", "flag", "placed"),
    [
        ('<point lat="NaN" lon="NaN" hae="NaN" ce="NaN" le="NaN"/>', TIMES, "bad_number", False),
        ('<point lat="17.95" lon="102.61" hae="" ce="9" le="9"/>', TIMES, "bad_number", True),
        (POINT, 'time="now" start="now" stale="now"', "bad_time", True),
    ],
)
@pytest.mark.parametrize(
    ("type_", "detail"), [("b-a-o-tbl", ""), ("a-f-G", '<emergency type="911 Alert"/>')]
)
def test_alert_is_decoded_without_what_cannot_be_read_in_it(
    point: str, times: str, flag: str, placed: bool, type_: str, detail: str
) -> None:
    alert = said(event(type_=type_, point=point, times=times, detail=detail))
    assert (alert.distress, alert.position is not None) == (True, placed)
    assert flag in alert.flags
    assert reason(event(point=point, times=times)) == flag


def test_unit_that_carries_an_emergency_is_in_distress() -> None:
    alert = said(event(detail='<emergency type="911 Alert"/>'))
    assert (alert.kind, alert.distress) == ("position", True)


@pytest.mark.parametrize(
    ("type_", "detail"),
    [("b-a-o-can", '<emergency cancel="true">P 3</emergency>'), ("b-a-o-tbl", "")],
)
def test_cancelled_alert_is_no_distress(type_: str, detail: str) -> None:
    detail = detail or '<emergency cancel="true"/>'
    over = said(event(uid="ANDROID-1-9-1-1", type_=type_, detail=detail))
    assert not over.distress
    assert over.device == "ANDROID-1"
    assert "distress_cancelled" in over.flags
    assert over.kind == "position"
    assert over.position is not None
    assert (over.position.lon, over.position.lat) == (102.61, 17.95)


@pytest.mark.parametrize("type_", ["b-a-o-can", "a-f-G-U-C"])
def test_alert_is_over_also_where_its_place_is_none(type_: str) -> None:
    nowhere = event(uid="ANDROID-1", type_=type_, detail='<emergency cancel="true"/>').replace(
        b'lat="17.95" lon="102.61"', b'lat="0" lon="0"'
    )
    over = said(nowhere)
    assert (over.kind, over.position, over.distress) == ("status", None, False)
    assert over.flags == ("distress_cancelled", "null_island")


def test_crossed_fence_is_no_distress() -> None:
    assert not said(event(type_="b-a-g", detail='<emergency type="Geo-fence"/>')).distress


def test_call_for_evacuation_is_distress_at_a_place_that_is_not_the_callers() -> None:
    call = said(event(uid="m-1", type_="b-r-f-h-c", detail="<remarks>2 urgent</remarks>"))
    assert (call.kind, call.distress, call.position) == ("distress", True, None)
    assert (call.facts["waypoint_lon"], call.facts["waypoint_lat"]) == (102.61, 17.95)


def test_ping_is_a_heartbeat_at_no_place() -> None:
    zero = '<point lat="0" lon="0" hae="0" ce="9999999" le="9999999"/>'
    ping = said(event(uid="ANDROID-1-ping", type_="t-x-c-t", point=zero, detail=""))
    assert (ping.kind, ping.facts["kind"], ping.device) == ("status", "heartbeat", "ANDROID-1")
    assert ping.position is None


MAKER = '<link uid="ANDROID-1" type="a-f-G-U-C" relation="p-p"/>'


def test_marker_is_a_mark_of_who_made_it() -> None:
    detail = MAKER + '<contact callsign="Ford"/><remarks>2 m\ndeep</remarks>'
    marker = said(event(uid="abc", type_="b-m-p-s-m", how="h-g-i-g-o", detail=detail))
    assert (marker.kind, marker.device, marker.position) == ("waypoint", "ANDROID-1", None)
    assert (marker.facts["waypoint_lon"], marker.facts["waypoint_lat"]) == (102.61, 17.95)
    mark = marker.mark
    assert mark is not None
    assert (mark.id, mark.name, mark.lon, mark.lat) == ("abc", "Ford", 102.61, 17.95)
    assert (mark.use, mark.remarks, mark.path, mark.deleted) == ("place", "2 m\ndeep", (), False)


def test_mark_that_names_no_maker_makes_no_device_of_itself() -> None:
    marker = said(event(uid="abc", type_="b-m-p-c", detail=""))
    assert marker.device is None
    assert marker.mark is not None
    assert marker.mark.use == "meeting_point"


def test_unit_that_a_person_placed_by_hand_is_a_mark_of_that_person() -> None:
    detail = MAKER + '<contact callsign="R.1"/><archive/>'
    placed = said(event(uid="abc", type_="a-h-G", how="h-g-i-g-o", detail=detail))
    assert (placed.kind, placed.device, placed.position) == ("waypoint", "ANDROID-1", None)
    assert placed.mark is not None
    assert (placed.mark.name, placed.mark.ends_at) == ("R.1", None)
    itself = said(event(uid="ANDROID-1", how="h-e", detail="<takv/>" + MAKER))
    assert (itself.kind, itself.mark) == ("position", None)


def test_drawn_lines_and_areas_have_their_corners() -> None:
    corners = [(17.95, 102.61), (17.96, 102.62), (17.94, 102.63)]
    links = "".join(f'<link point="{lat},{lon},0.0"/>' for lat, lon in corners)
    line = said(event(uid="l", type_="u-d-f", detail=MAKER + links)).mark
    assert line is not None
    assert (line.path, line.closed) == (tuple((lon, lat) for lat, lon in corners), False)
    back = links + f'<link point="{corners[0][0]},{corners[0][1]}"/>'
    area = said(event(uid="a", type_="u-d-f", detail=MAKER + back)).mark
    assert area is not None
    assert (area.use, area.closed, len(area.path)) == ("area", True, 4)
    box = said(event(uid="r", type_="u-d-r", detail=MAKER + links)).mark
    assert box is not None
    assert (box.closed, box.path[0]) == (True, box.path[-1])
    shape = '<shape><ellipse major="50" minor="200" angle="0"/></shape>'
    circle = said(event(uid="c", type_="u-d-c-c", detail=MAKER + shape)).mark
    assert circle is not None
    assert (circle.use, circle.radius_m) == ("area", 200.0)
    bad = said(event(uid="b", type_="b-m-r", detail=MAKER + '<link point="x,y"/>')).mark
    assert bad is not None
    assert (bad.use, bad.path) == ("route", ())


def test_end_of_a_mark_is_what_its_sender_means() -> None:
    def end(stale: str, detail: str = "") -> datetime | None:
        times = f'time="2026-01-01T00:00:00Z" start="2026-01-01T00:00:00Z" stale="{stale}"'
        mark = said(event(uid="m", type_="b-m-p-s-m", times=times, detail=MAKER + detail)).mark
        assert mark is not None
        return mark.ends_at

    assert end("2026-01-01T06:00:00Z") == datetime(2026, 1, 1, 6, tzinfo=UTC)
    assert end("2026-01-01T00:05:00Z") is None  # it says when it comes again
    assert end("2026-01-01T06:00:00Z", "<archive/>") is None  # until somebody takes it away


def test_deletion_takes_back_what_its_link_names() -> None:
    detail = '<link uid="abc" relation="none" type="none"/><__forcedelete/>'
    gone = said(event(uid="0b7d", type_="t-x-d-d", detail=detail))
    assert (gone.kind, gone.device) == ("waypoint", None)
    assert gone.mark is not None
    assert (gone.mark.id, gone.mark.deleted) == ("abc", True)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (event(point='<point lat="97.5" lon="1" hae="0" ce="1" le="1"/>'), "lat_range"),
        (event(point='<point lat="7.5" lon="181" hae="0" ce="1" le="1"/>'), "lon_range"),
        (event(point='<point lat="0" lon="0.0" hae="0" ce="1" le="1"/>'), "null_island"),
        (event(point='<point lat="1_0" lon="1"/>'), "bad_number"),
        (event(point='<point lat="nan" lon="1"/>'), "bad_number"),
        (event(point='<point lat="" lon="1"/>'), "bad_number"),
        (event(point='<point lon="1"/>'), "no_point"),
        (event(point=""), "no_point"),
        (event(uid=""), "no_uid"),
        (event(type_=""), "no_type"),
        (event(times='time="yesterday"'), "bad_time"),
        (event(times='time="2026-13-01T00:00:00Z"'), "bad_time"),
        (b'<event uid="A" type="a-f"', "xml"),
        (b"<auth/>", "xml"),
        (b"", "xml"),
        (b"<!DOCTYPE event>" + event(), "xml_dtd"),
        (b'<!DOCTYPE e [<!ENTITY a "b">]>' + event(uid="&a;"), "xml_dtd"),
        (event(uid="&a;"), "xml"),
        (event(detail="<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH), "xml_depth"),
        (event(detail="<a/>" * 5000), "xml_depth"),
        (event(detail=" " * MAX_EVENT), "too_long"),
        (b'<?xml version="1.0" encoding="no-such"?>' + event(), "xml"),
    ],
)
def test_refused_event_names_why(payload: bytes, why: str) -> None:
    assert reason(payload) == why


def test_time_with_an_offset_is_utc_and_none_is_none() -> None:
    assert said(event(times='time="2026-11-25T18:59:58+07:00"')).device_time == NOW - timedelta(
        seconds=2
    )
    unknown = said(event(times=""))
    assert (unknown.device_time, unknown.duplicate_key) == (None, None)


def test_clock_ahead_is_flagged() -> None:
    assert said(event(times='time="2027-11-25T12:00:00Z"')).flags == ("future_time",)


def test_event_sent_again_has_the_same_key_and_a_later_one_another() -> None:
    later = 'time="2026-11-25T12:00:08Z"'
    assert said(event()).duplicate_key == said(event(detail="")).duplicate_key
    assert said(event()).duplicate_key != said(event(times=later)).duplicate_key


def test_events_and_messages_of_the_other_form_are_distinguished() -> None:
    for payload in (event(), b"\xef\xbb\xbf <?xml version='1.0'?>" + event(), b"<event/>"):
        assert cot.speaks(frame(payload))
        assert not tak.speaks(frame(payload))
    for payload in (b"\xbf\x01\xbf", b"$GPRMC", b""):
        assert not cot.speaks(frame(payload))
    assert tak.speaks(frame(b"\xbf\x01\xbf"))


# --- framer


def cut(*reads: bytes, close: bool = True) -> tuple[list[bytes], int]:
    """Return the payloads of a stream and its junk."""
    framer = CotFramer()
    payloads = [payload for read in reads for payload in framer.feed(read)]
    return payloads + (framer.close() if close else []), framer.junk_bytes


TRICKY = [
    event(),
    b'<?xml version="1.0" encoding="UTF-8"?>\n' + event(),
    b'<event uid="A" type="t-x-c-t"/>',
    event(detail="<!-- </event> <event> -->"),
    event(detail="<remarks><![CDATA[</event> ]] ]]></remarks>"),
    event(detail='<contact callsign="a > &lt;/event&gt; \' b"/>'),
    event(detail="<contact callsign='\"/>'/>"),
    event(detail="<eventual/><?pi </event>?>"),
    event().replace(b"</event>", b"</event >"),
]


@pytest.mark.parametrize("payload", TRICKY)
def test_event_ends_at_its_own_end_tag_only(payload: bytes) -> None:
    assert cut(payload + b"\n" + event()) == ([payload, event()], 0)


def test_noise_between_events_is_junk() -> None:
    assert cut(b"\xff\x00noise" + event() + b"more" + event()) == ([event(), event()], 11)


def test_event_cut_by_the_next_costs_only_itself() -> None:
    half = event()[:60]
    assert cut(half + event())[0] == [half, event()]
    in_tag = event()[:-15]
    assert cut(in_tag + event())[0] == [in_tag, event()]


def test_foreign_element_before_an_event_is_junk() -> None:
    payloads, junk = cut(b'<?xml version="1.0"?><auth><cot username="a"/></auth>' + event())
    assert payloads == [event()]
    assert junk > 40


def test_document_type_stays_with_its_event() -> None:
    evil = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><event uid="&b;"/>'
    assert cut(evil + event())[0] == [evil, event()]


def test_event_without_end_is_given_up_after_the_longest() -> None:
    endless = b'<event uid="A"><detail><![CDATA[' + b"x" * (MAX_EVENT + 10)
    payloads, _ = cut(endless + event() + event())
    assert payloads == [endless[:1024], event(), event()]
    framer, waiting = CotFramer(), 0
    for _ in range(200):
        beginning = b"<event uid='A'> " + b"y" * 4096
        waiting += len(beginning) - sum(map(len, framer.feed(beginning)))
        assert waiting <= MAX_EVENT + 5000


def test_cut_datagram_is_a_payload_but_a_broken_stream_is_not() -> None:
    assert cut(b'<event uid="A"')[0] == [b'<event uid="A"']
    assert cut(b"hello")[0] == [b"hello"]
    assert cut(event() + b'<event uid="A"')[0] == [event()]
    assert cut(b" \r\n")[0] == []


@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from(TRICKY),
            st.binary(max_size=30),
            st.sampled_from(
                [b"<event ", b"<!--", b"\xbf\x01\xbf", b"\xbf\x05\x12\x03abc", b"<?xml"]
            ),
        ),
        max_size=6,
    ),
    splits=st.lists(st.integers(1, 60), max_size=30),
)
def test_split_of_the_stream_makes_no_difference(parts: list[bytes], splits: list[int]) -> None:
    stream = b"".join(parts)
    reads, at = [], 0
    for size in splits:
        reads.append(stream[at : at + size])
        at += size
    reads.append(stream[at:])
    assert cut(*reads) == cut(stream)
    assert cut(*[bytes([byte]) for byte in stream]) == cut(stream)


PLAIN = [event(uid=f"ANDROID-{number}") for number in range(8)]
SPOILT = (
    *(
        b"<event ",
        b"</event>",
        b"</event",
        b"event",
        b"'",
        b'"',
        b">",
        b"/>",
        b"<!-- -->",
        b"<?x?>",
    ),
    *(b"\n", b"\xbf", b"!", b"?"),
)


@given(
    parts=st.lists(st.sampled_from([*TRICKY, *PLAIN]), max_size=3),
    where=st.integers(0, 8 * len(PLAIN[0])),
    spoilt=st.sampled_from(SPOILT),
    over=st.integers(0, 2),
)
def test_events_that_came_together_are_cut_as_one_after_the_other(
    parts: list[bytes], where: int, spoilt: bytes, over: int
) -> None:
    many = b"".join(PLAIN)
    stream = many[:where] + spoilt + many[where + over :] + b"".join(parts) + many[:where]
    together = cut(stream)
    assert together == cut(many[:where], spoilt, stream[where + len(spoilt) :])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framer_of, "plain_events", lambda _: [])
        assert together == cut(stream)


def test_plain_events_are_cut_all_at_once() -> None:
    assert framer_of.plain_events(b"".join(PLAIN)) == PLAIN
    long = event(detail="x" * MAX_EVENT)
    for tricky in (*TRICKY[1:], *SPOILT[:9], long):
        assert framer_of.plain_events(b"".join([*PLAIN, tricky, PLAIN[0]])) == []


def test_events_behind_one_that_two_reads_bring_are_cut_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    framer = CotFramer()
    assert framer.feed(PLAIN[0][:-20]) == []
    # whatever looks at one event after the other
    monkeypatch.setattr(framer_of, "plain_end", lambda *_: pytest.fail("one by one"))
    assert framer.feed(PLAIN[0][-20:] + b"".join(PLAIN)) == [PLAIN[0], *PLAIN]


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda at, byte: event()[:at] + bytes([byte]) + event()[at + 1 :],
            st.integers(0, len(event()) - 1),
            st.integers(0, 255),
        ),
    )
)
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    for piece in cut(payload)[0]:
        try:
            transmission = said(piece)
        except FrameError:
            continue
        if transmission.position is not None:
            assert -90 <= transmission.position.lat <= 90


ELEMENTS = (
    '<contact callsign="PATROL 3" endpoint="*:-1:stcp"/>',
    '<contact callsign="other"/>',
    '<track course="181.2" speed="6.0"/>',
    '<track speed="fast" />',
    '<status battery="87"/>\n',
    '<link uid="ANDROID-2" relation="p-p"/>',
    '<link uid="ANDROID-3" relation="p-p" uid="again"/>',
    "<takv device='radio'/>",
    "<remarks>words &amp; words</remarks>",
    "<remarks/>",
    '<emergency type="911 Alert"/>',
    '<__group name="Cyan" role="a &lt; b"/>',
    '<__group name="a > b"/>',
    '<x:y z="1"/>',
    '<a><track speed="1"/></a>',
    "<!-- <track/> -->",
    '<x a="1"b="2"/>',
    '<x a = "1"/>',
    "words",
    "</detail><detail>",
)


NUMBERS = (
    *("17.95", "-102.61", "0", "0.0", "-0.0", "91", "-180.5", "9999999", "007.", "360", "359.99"),
    *("361.0", "1e3", "1_0", "nan", "-inf", "+5", ".5", " 7", "", "x", "9" * 400, "٣", "-12000"),
    *("17.1234567890123456789", "100000.1", "1.7976931348623157" + "0" * 20),
)
MOMENTS = (
    *("2026-11-25T12:05:00.000Z", "2026-02-30T00:00:00.000Z", "2026-11-25T11:59:58Z", "today", ""),
    *("2026-11-25T11:59:60.000Z", "1980-01-06T00:00:00.120Z", "2026-11-25T18:59:58.5+07:00"),
    *("0000-01-01T00:00:00.000Z", "2031-01-01T00:00:00.001Z", "٢026-11-25T12:05:00.000Z"),
)
TRACKS = (
    *('<track course="{course}" speed="{speed}" />\n', "", "<track />", "<track/>", "<track "),
    *('<track speed="{speed}"/>', '<a x="<track speed="{speed}" course="{course}"/>"/>'),
    *("<!--<track speed='{speed}'/>-->", '<track  speed="{speed}" course="{course}"/>'),
)
PARTS = (*ELEMENTS, "<a>", "</a>", '<a x="', '"/>', '<status battery="1_0"/>', " ", "")
CLIENT = {
    "uid": "ANDROID-1",
    "type": "a-f-G-U-C",
    "how": ' how="m-g"',
    "time": "2026-11-25T11:59:58.500Z",
    "start": "2026-11-25T11:59:58.500Z",
    "stale": "2026-11-25T12:05:00.000Z",
    "late": "",
    "lat": "17.95",
    "lon": "102.61",
    "hae": "140.5",
    "ce": "8.0",
    "le": "9999999.0",
    "speed": "6.0",
    "course": "181.2",
    "before": '<contact callsign="PATROL 3"/>',
    "track": '<track speed="{speed}" course="{course}"/>',
    "behind": '<status battery="78"/>',
    "detail": "<detail>{}</detail>",
}
ODD: dict[str, tuple[str, ...]] = {
    "uid": ("", " a ", "u" * 201, "a>b", "GeoChat.A.B.1", "A-ping", "a\tb", "A-9-1-1", "&#65;"),
    "type": ("", "b-t-f", "b-a-o-tbl", "b-r-f-h-c", "t-x-c-t", "u-d-f", " a-f ", "b-m-p"),
    "how": (' how="m-s"', ' how="h-e"', "", " how='m-g'", ' how=" m-g "'),
    "late": (' how="m-g"', ' lang="en"'),
    **dict.fromkeys(("time", "start", "stale"), MOMENTS),
    **dict.fromkeys(("lat", "lon", "hae", "ce", "le", "speed", "course"), NUMBERS),
    **dict.fromkeys(("before", "behind"), PARTS),
    "track": TRACKS,
    "detail": ("<detail>{}</detail>\n", "{}", "<detail/>{}", "<detail>{}", "<detail >{}</detail>"),
}


def of_client(**odd: str) -> bytes:
    """Return an event as clients write it, but for what is `odd`."""
    of = CLIENT | odd
    inside = "".join(of[part] for part in ("before", "track", "behind"))
    inside = inside.replace("{speed}", of["speed"]).replace("{course}", of["course"])
    return (
        '<event version="2.0" uid="{uid}" type="{type}"{how} time="{time}" start="{start}"'
        ' stale="{stale}"{late}><point lat="{lat}" lon="{lon}" hae="{hae}" ce="{ce}" le="{le}"/>'
    ).format(**of).encode() + (of["detail"].format(inside) + "</event>").encode()


@given(
    odd=st.lists(
        st.sampled_from(sorted(ODD)).flatmap(
            lambda name: st.tuples(st.just(name), st.sampled_from(ODD[name]))
        ),
        max_size=3,
    ).map(dict)
)
def test_event_of_a_client_read_at_once_and_by_the_parser_is_the_same(odd: dict[str, str]) -> None:
    payload = of_client(**odd)

    def heard() -> object:
        try:
            transmission = said(payload)
        except FrameError as error:
            return error.reason, error.detail
        return transmission, list(transmission.facts)

    at_once = heard()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cot, "read_pli", lambda _: None)
        assert at_once == heard()


def test_event_as_clients_write_it_is_read_at_once() -> None:
    read = read_pli(of_client())
    assert read is not None
    assert (read.lat, read.lon, read.speed, read.course) == (17.95, 102.61, 6.0, 181.2)
    assert read_pli(of_client(track="", behind="")) is not None
    assert read_pli(of_client(behind="<status battery='78'/>")) is None
    assert read_pli(of_client(before='<track speed="1" course="2"/>')) is None
    assert read_pli(of_client(uid="a&amp;b")) is None


def test_what_a_sender_says_of_itself_is_parsed_once_unless_it_is_long() -> None:
    short, long = f'<contact callsign="{"S" * 77}"/>', f'<contact callsign="{"L" * 1000}"/>'
    for detail, is_shared in ((short, True), (long, False)):
        first, second = read_pli(of_client(before=detail)), read_pli(of_client(before=detail))
        assert first is not None
        assert second is not None
        assert first.detail == second.detail
        assert (first.detail is second.detail) is is_shared


# --- orders


def order(kind: str = "text", *, device: str | None = "ANDROID-1", text: str = "come in") -> Order:
    """Return an order."""
    return Order(
        id="o-1",
        kind=kind,  # type: ignore[arg-type]
        channel="tak",
        operator="ops",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
        device=device,
        text=text,
    )


def test_order_becomes_chat_whose_receipt_is_a_report() -> None:
    outgoing = cot.encode(order(), DecoderSettings(station="HQ"), number=1)
    words = said(outgoing.data.strip())
    assert (words.device, words.text, words.kind) == ("HQ", "come in", "text")
    assert words.facts["to"] == "ANDROID-1"
    assert words.facts["stale_utc"] == "2026-11-25T12:10:00Z"
    assert (outgoing.answer, outgoing.report) == (None, "o-1")


def test_order_to_all_waits_for_no_answer_and_says_how_grave_it_is() -> None:
    outgoing = cot.encode(order("alert", device=None), DecoderSettings(), number=1)
    words = said(outgoing.data.strip())
    assert (words.text, words.facts["chatroom"]) == ("ALERT: come in", "All Chat Rooms")
    assert (outgoing.answer, outgoing.report) == (None, None)
    relayed = cot.encode(order("distress", device=None), DecoderSettings(), number=1)
    assert said(relayed.data.strip()).text == "MAYDAY: come in"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (order("poll"), "unknown_kind"),
        (order(text=" "), "no_words"),
        (order(text="x" * 5000), "too_long"),
    ],
)
def test_order_that_cannot_be_encoded_is_refused(bad: Order, why: str) -> None:
    with pytest.raises(OrderError) as error:
        cot.encode(bad, DecoderSettings(), number=1)
    assert error.value.reason == why
