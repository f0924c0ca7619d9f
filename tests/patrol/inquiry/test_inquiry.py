"""Why is this radio not on my map? Every verdict, each from a node in which it is so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.position.position import Position
from patrol.desks.desk import Desk
from patrol.inquiry.find_radio import alike, mentions
from patrol.inquiry.findings import CloseName, InquiryFindings
from patrol.inquiry.inquiry import Inquiry, inquire
from patrol.reception.position_quality import unusable_why
from patrol.reception.record import record_of
from patrol.units.accounts import User
from radio_gateway.health.health import ChannelHealth, LinkState, RejectedFrame
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, said


def health(
    name: str = "serial",
    state: LinkState = "open",
    protocols: tuple[str, ...] = ("test",),
    *,
    heard: float | None = 0,
    **more: Any,
) -> ChannelHealth:
    last = None if heard is None else at(heard)
    values: dict[str, Any] = {"url": "udp://", "since": at(0), "last_heard_at": last} | more
    return ChannelHealth(name=name, state=state, protocols=protocols, **values)


def rejection(payload: bytes, *, channel: str = "serial", second: float = 5) -> RejectedFrame:
    return RejectedFrame(
        channel=channel,
        heard_at=at(second),
        reason="bad_checksum",
        detail="says 6A, is 6B",
        payload=payload,
    )


async def why(
    node: Node, text: str, *, role: Any = "technician", rejected: Sequence[RejectedFrame] = ()
) -> Inquiry:
    def last_rejected(channel: str) -> list[RejectedFrame]:
        return [frame for frame in rejected if frame.channel == channel]

    user = User(name="noi", role=role, agency=AGENCY)
    return await Desk(node.watch, user, rejected=last_rejected).visible.inquire(text)


async def assigned(node: Node, device: str = "a", **more: Any) -> str:
    boat = await node.boat(expected_interval_s=10)
    values = {"start": at(-100)} | more
    await node.desk().registry.assign(address=f"test:{device}", unit=boat, **values)
    return boat


@pytest.fixture
def works(node: Node) -> Node:
    node.watch.channel_health([health()])
    return node


def ill(answer: Inquiry) -> list[str]:
    return [hop.name for hop in answer.hops if hop.well is False]


# -- nothing of it was heard


async def test_no_channel_speaks_its_protocol(works: Node) -> None:
    answer = await why(works, "ais:574123456")
    assert answer.verdict == "no_channel"
    assert answer.explanation == "No channel of this node speaks ais."
    assert ill(answer) == ["channels", "heard", "shown"]


async def test_a_channel_that_speaks_for_the_family_counts(node: Node) -> None:
    node.watch.channel_health(
        [health("mesh", protocols=("meshtastic_mqtt",)), health("gps", protocols=("nmea0183",))]
    )
    for address, channel in (("meshtastic:!a1b2c3d4", "mesh"), ("ais:574123456", "gps")):
        answer = await why(node, address)
        assert answer.explanation == f"{address} was never heard, while {channel} works."


async def test_the_channel_that_could_hear_it_is_down(node: Node) -> None:
    node.watch.channel_health([health(state="down", fault="no such device")])
    answer = await why(node, "test:a")
    assert (answer.verdict, answer.next) == (
        "channel_down",
        "Mend the link first: look at its card on this page.",
    )
    assert answer.explanation == "serial could hear it, and is not open: no such device."
    node.watch.channel_health([health("hill", state="stopped")])
    answer = await why(node, "test:a")
    assert answer.explanation == "hill and serial could hear it, and none of them is open."


async def test_the_channel_that_could_hear_it_hears_nothing_at_all(node: Node) -> None:
    node.watch.channel_health([health(state="silent", heard=None)])
    assert (await why(node, "test:a")).verdict == "channel_silent"


async def test_it_was_never_received_while_others_are(works: Node) -> None:
    answer = await why(works, "test:a")
    assert answer.verdict == "never_heard"
    assert answer.explanation == "test:a was never heard, while serial works."


async def test_what_names_it_was_rejected(works: Node) -> None:
    frames = [rejection(b"$GPRMC,867322035135813,V*00"), rejection(b"another", second=9)]
    answer = await why(works, "test:867322035135813", rejected=frames)
    assert (answer.verdict, answer.rejected) == ("rejected", (frames[0],))
    assert "bad checksum (says 6A, is 6B)" in answer.explanation
    assert "rejected" in ill(answer)


async def test_a_user_who_may_not_see_rejected_frames_is_reported_so(works: Node) -> None:
    frames = [rejection(b"$GPRMC,867322035135813,V*00")]
    answer = await why(works, "test:867322035135813", role="commander", rejected=frames)
    assert (answer.verdict, answer.rejected) == ("never_heard", ())
    assert "Your role may not see rejected frames." in [hop.explanation for hop in answer.hops]


async def test_close_matches_are_suggested_for_a_mistyped_address(works: Node) -> None:
    await works.hear(said("574123456", 1), said("990000001", 1), said("jane/phone", 1))
    for typed in ("574123465", "test:57412345", "574123457"):
        answer = await why(works, typed)
        assert answer.verdict == "never_heard"
        assert answer.close == (CloseName(address="test:574123456"),)
    assert (await why(works, "jane/fone")).close == (CloseName(address="test:jane/phone"),)
    assert (await why(works, "zzzzzzzz")).close == ()


async def test_what_an_address_ends_in_is_enough_for_a_suggestion(works: Node) -> None:
    await works.hear(said("100:1001", 1), said("100:1002", 1), said("100:11001", 1))
    answer = await why(works, "1001")
    assert answer.close[0] == CloseName(address="test:100:1001")
    assert CloseName(address="test:100:1002") not in answer.close
    assert CloseName(address="test:100:11001") not in answer.close[:1]


async def test_of_several_channels_the_verb_goes_with_all(node: Node) -> None:
    node.watch.channel_health([health(name) for name in ("hill", "pier", "serial")])
    answer = await why(node, "test:a")
    assert answer.explanation == "test:a was never heard, while hill, pier and serial work."
    node.watch.channel_health([health(n, heard=None) for n in ("hill", "pier", "serial")])
    assert (
        "pier and serial could hear it, and have heard nothing"
        in (await why(node, "a")).explanation
    )


async def test_every_event_in_the_text_is_there_as_data(works: Node) -> None:
    frames = [rejection(b"$GPRMC,867322035135813,V*00")]
    answer = await why(works, "test:867322035135813", rejected=frames)
    assert [each.at for each in answer.moments] == [frames[0].heard_at]
    assert answer.moments[0].text in answer.explanation
    await assigned(works)
    await works.hear(said("a", 130))
    answer = await why(works, "a")
    text = " ".join(hop.explanation for hop in answer.hops)
    assert {each.at for each in answer.moments} == {at(-100), at(130)}
    assert text.count("UTC") == 2
    assert all(each.text in text for each in answer.moments)


@pytest.mark.parametrize(
    ("reason", "does"), [("wrong_key", "shows a wrong key"), ("no_key", "sends no key")]
)
async def test_a_phone_without_a_good_key_is_reported_by_its_name(
    works: Node, reason: str, does: str
) -> None:
    frame = RejectedFrame(
        channel="serial",
        heard_at=at(5),
        reason=reason,
        detail="calls itself boat-7; no key was sent",
        payload=b"",
        source="10.0.0.9:4711",
    )
    answer = await why(works, "boat-7", rejected=[frame])
    assert (answer.verdict, answer.rejected) == ("rejected", (frame,))
    says = f"Something that calls itself boat-7 {does} on channel serial, last at "
    assert answer.explanation.startswith(says)
    assert answer.explanation.endswith("from 10.0.0.9:4711.")
    assert "secrets_file" in answer.next
    assert (await why(works, "boat-70", rejected=[frame])).verdict == "never_heard"
    assert (await why(works, "boat", rejected=[frame])).verdict == "never_heard"


async def test_a_phone_whose_key_went_bad_after_its_report_is_reported_so(works: Node) -> None:
    await works.hear(said("boat-7", 0))
    works.time = at(3000)
    frame = RejectedFrame(
        channel="serial",
        heard_at=at(2990),
        reason="wrong_key",
        detail="calls itself boat-7 and shows a wrong key",
        payload=b"",
    )
    assert (await why(works, "test:boat-7")).verdict == "unassigned"
    answer = await why(works, "test:boat-7", rejected=[frame])
    assert answer.verdict == "rejected"
    assert "min ago. Something that calls itself boat-7 shows a wrong key" in answer.explanation


# -- it was heard


async def test_it_is_on_the_map(works: Node) -> None:
    boat = await assigned(works)
    await works.hear(said("a", 0))
    works.time = at(3)
    for asked in ("test:a", "TEST:A", "a", "boat 3", " Boat 3 "):
        answer = await why(works, asked)
        assert (answer.verdict, answer.address, answer.unit) == ("on_map", "test:a", boat)
        assert (answer.explanation, answer.next) == ("It is on the map as Boat 3, 3 s old.", "")
        assert ill(answer) == []
    assert answer.last is not None
    assert answer.last.transmission.raw == b"as heard"


async def test_it_stands_for_no_unit(works: Node) -> None:
    await works.hear(said("a", 0))
    answer = await why(works, "a")
    assert (answer.verdict, answer.next) == ("unassigned", "Assign it to its unit.")


async def test_it_will_stand_for_a_unit_later(works: Node) -> None:
    await assigned(works, start=at(600))
    await works.hear(said("a", 0))
    answer = await why(works, "a")
    assert answer.verdict == "assigned_later"
    assert "Boat 3 from 2026-11-24 12:10 UTC on" in answer.explanation


async def test_the_unit_has_no_radio(works: Node) -> None:
    boat = await works.boat()
    answer = await why(works, "Boat 3")
    assert (answer.verdict, answer.address, answer.unit) == ("no_radio", None, boat)


async def test_of_a_units_radios_the_one_received_last_is_followed(works: Node) -> None:
    boat = await assigned(works, "a")
    await works.desk().registry.assign(address="test:b", unit=boat, start=at(-100))
    await works.hear(said("a", 1), said("b", 2))
    assert (await why(works, "Boat 3")).address == "test:b"


async def test_the_unit_is_out_of_service(works: Node) -> None:
    boat = await assigned(works)
    await works.hear(said("a", 0))
    await works.desk().registry.change_unit(boat, {"retired": True})
    for asked in ("Boat 3", "test:a"):
        answer = await why(works, asked)
        assert (answer.verdict, answer.address) == ("retired", "test:a")


async def test_it_never_says_where_it_is(works: Node) -> None:
    await works.hear(said("a", 1, lon=None, text="hello"))
    answer = await why(works, "a")
    assert answer.verdict == "no_position"
    assert answer.explanation == "It was heard (status) and never says where it is."


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"fix": False, "flags": ("no_fix",), "lon": None}, "no satellite fix"),
        ({"fix": False, "flags": ("stale_position",)}, "repeats an old position"),
        ({"lon": 0.0, "lat": 0.0}, "0°, 0°"),
        ({"flags": ("simulator",)}, "simulation mode"),
        ({"flags": ("mock_location",)}, "made up"),
        ({"flags": ("position_suspect",)}, "not to be trusted"),
        ({"flags": ("bad_crc", "damaged")}, "came damaged"),
        ({"flags": ("position_not_available",), "lon": None}, "not available"),
        ({"fix": False}, "no satellite fix"),
    ],
)
async def test_its_position_is_not_believed_and_the_flag_is_explained(
    works: Node, more: dict[str, Any], words: str
) -> None:
    await assigned(works)
    await works.hear(said("a", 1, **more), said("a", 2, lon=None, text="hello"))
    answer = await why(works, "a")
    assert answer.verdict == "bad_position"
    assert words in answer.explanation
    assert "position" in ill(answer)


async def test_its_mark_stands_where_it_last_had_a_fix(works: Node) -> None:
    await assigned(works)
    await works.hear_in_turn(said("a", 1), said("a", 5, flags=("stale_position",), fix=False))
    works.time = at(6)
    answer = await why(works, "a")
    assert answer.verdict == "bad_position"
    assert answer.explanation.startswith("It is on the map where it was 5 s ago.")


async def test_a_clock_that_runs_ahead_is_reported_and_stops_nothing(works: Node) -> None:
    await assigned(works)
    await works.hear(said("a", 1, device_time=at(90_000)))
    answer = await why(works, "a")
    assert answer.verdict == "on_map"
    assert any("Its clock runs ahead" in hop.explanation for hop in answer.hops)


async def test_its_newest_position_is_a_jump(works: Node) -> None:
    await assigned(works)
    await works.hear_in_turn(said("a", 1), said("a", 2), said("a", 3, lon=101.0))
    works.time = at(4)
    assert (await why(works, "a")).verdict == "held_back"


async def test_its_only_position_was_made_before_it_was_assigned(works: Node) -> None:
    """Devices name whole seconds: made in the second of the assignment, it lies before it."""
    await assigned(works, start=at(1.5))
    await works.hear(said("a", 1.6, device_time=at(1)))
    works.time = at(2)
    answer = await why(works, "a")
    assert answer.verdict == "held_back"
    assert "older than its assignment" in answer.explanation
    assert "next position" in answer.next


async def test_it_is_lost(works: Node) -> None:
    await assigned(works)
    await works.hear(said("a", 0))
    works.time = at(200)
    works.watch.picture.tick(works.time)
    answer = await why(works, "a")
    assert answer.verdict == "lost"
    assert answer.explanation == "It is on the map where it was 3 min ago; nothing newer was heard."


async def test_its_link_is_down_or_was_until_just_now(works: Node) -> None:
    await assigned(works)
    await works.hear(said("a", 0))
    works.watch.channel_health([health(state="down", since=at(5))])
    works.time = at(200)
    works.watch.picture.tick(works.time)
    answer = await why(works, "a")
    assert (answer.verdict, "serial is down" in answer.explanation) == ("link_down", True)
    works.watch.channel_health([health(since=at(200))])
    works.watch.picture.tick(works.time)
    answer = await why(works, "a")
    assert (answer.verdict, answer.next) == ("link_down", "Wait for its report.")


async def test_it_is_bound_to_another_channel(works: Node) -> None:
    await assigned(works, channel="serial")
    await works.hear(said("a", 5, channel="udp-2"))
    answer = await why(works, "a")
    assert answer.verdict == "bound_elsewhere"
    assert "bound to serial, and was last heard on udp-2" in answer.explanation
    await works.hear(said("a", 6))
    works.time = at(7)
    answer = await why(works, "a")
    assert answer.verdict == "on_map"
    assert any("Also claimed from udp-2." in hop.explanation for hop in answer.hops)


async def test_so_many_radios_came_that_it_left_the_map(works: Node) -> None:
    works.watch.picture.unknown_at_most = 10
    await works.hear(said("old", 0))
    await works.hear(*(said(f"r{number}", 1) for number in range(12)))
    answer = await why(works, "old")
    assert (answer.verdict, answer.address) == ("crowded_out", "test:old")


async def test_a_name_that_several_radios_have_is_asked_back(works: Node) -> None:
    await works.hear(said("a", 1), said("a", 1, protocol="other"))
    answer = await why(works, "a")
    assert answer.verdict == "several"
    assert {each.address for each in answer.close} == {"test:a", "other:a"}
    assert answer.hops == ()


async def test_of_what_the_user_may_not_see_only_its_existence_is_shown(
    works: Node,
) -> None:
    boat = await works.boat("Secret 9", OTHER)
    await works.desk("admin", OTHER).registry.assign(
        address="test:s3cret", unit=boat, start=at(-10)
    )
    await works.hear(said("s3cret", 1, text="ambush"))
    for asked in ("test:s3cret", "s3cret"):
        answer = await why(works, asked, rejected=[rejection(b"s3cret")])
        assert answer.verdict == "hidden"
        assert (answer.hops, answer.last, answer.unit, answer.rejected) == ((), None, None, ())
        assert "Secret" not in repr(answer)
    assert (await why(works, "Secret 9")).verdict == "never_heard"
    assert (await why(works, "s3cred")).close == ()


# -- parts


@pytest.mark.parametrize(
    ("address", "payload", "topic", "found"),
    [
        ("gt06:0867322035135813", bytes.fromhex("78780d010867322035135813"), None, True),
        ("meshtastic:!a1b2c3d4", bytes.fromhex("00d4c3b2a100"), None, True),
        ("owntracks:jane/phone", b"{", "owntracks/Jane/Phone", True),
        ("aprs:HS1ABC-7", b"hs1abc-7>APRS:!", None, True),
        ("ais:574123456", b"!AIVDM", None, False),
        ("kenwood:1-12", bytes.fromhex("ff12ff"), None, False),
        ("nmea0183:@", b"@", None, False),
    ],
)
def test_a_rejected_frame_names_a_radio_as_text_or_as_bytes_in_either_order(
    address: str, payload: bytes, topic: str | None, found: bool
) -> None:
    frame = RejectedFrame(
        channel="c", heard_at=at(0), reason="r", detail="d", payload=payload, topic=topic
    )
    assert bool(mentions(address, [frame])) is found


def test_what_people_call_it_is_suggested_too() -> None:
    names = [CloseName(address="ais:567000871", name="MEKONG TRADER"), CloseName(address="ais:1")]
    assert alike("mekong trade", names) == (names[0],)
    assert alike("ais:567000871", names) == ()  # no need to suggest what was asked for


flags = st.sets(
    st.sampled_from(["no_fix", "stale_position", "simulator", "late", "jump", "unbound_source"])
)


@given(
    lon=st.sampled_from([None, 100.4, 0.0]), fix=st.sampled_from([None, True, False]), drawn=flags
)
def test_a_reason_is_given_exactly_for_what_joins_no_map(
    lon: float | None, fix: bool | None, drawn: set[str]
) -> None:
    message = said("a", 1, lon=lon, lat=0.0, fix=fix, flags=tuple(sorted(drawn)))
    record = record_of(message, lambda message, _time: message.address)
    assert record.usable is (unusable_why(message.position, fix, message.flags) is None)


def test_evidence_of_nothing_gives_an_answer() -> None:
    answer = inquire(InquiryFindings(query="x", now=datetime.now(at(0).tzinfo)))
    assert (answer.verdict, answer.explanation) == ("no_channel", "This node has no channel.")
    assert unusable_why(Position(lon=100.4, lat=20.0), None, ()) is None
