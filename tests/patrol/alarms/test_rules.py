"""Rules, clocks and jumps as tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from patrol.picture.contact import Contact
from patrol.picture.distress import distress
from patrol.picture.liveness import liveness, liveness_on_move
from patrol.picture.man_down import latch_man_down
from patrol.picture.step import Effect, Step
from patrol.picture.step_rules import CLOCK_RULES, STEP_RULES, usual
from patrol.reception.position_quality import is_jump
from patrol.reception.record import record_of
from patrol.units.effective_time import effective_time
from patrol.units.units import Liveness, Unit
from patrol.units.wire import Fix
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.protocols import gps103
from tests.patrol.nodes.running import Node, address, at, said

DAY = 86_400.0


def contact(*, last: float | None = 0, heard: float | None = 0, now: Liveness = "live") -> Contact:
    unit = Unit(id="u", call_sign="Boat 3", kind="boat", agency="la-hx", expected_interval_s=60)
    made = Contact("u", agency="la-hx", unit=unit)
    made.last = None if last is None else Fix(of="u", lon=100.4, lat=20.27, time=at(last))
    made.heard_at = None if heard is None else at(heard)
    made.liveness = now
    return made


@pytest.mark.parametrize(
    ("last", "heard", "now", "becomes"),
    [
        (None, None, 10_000, "never"),
        (0, 0, 0, "live"),
        (0, 0, 120, "live"),  # two intervals: one report may be lost
        (0, 0, 120.1, "late"),
        (0, 0, 300, "late"),
        (0, 0, 300.1, "lost"),
        (0, 290, 300.1, "lost"),  # it talks, but nobody knows where it is now
        (None, 290, 300.1, "live"),  # it never says where it is
        (100, 0, 0, "live"),  # a clock a little ahead
    ],
)
def test_a_unit_is_live_late_or_lost_by_its_own_interval(
    last: float | None, heard: float | None, now: float, becomes: Liveness
) -> None:
    for was in ("live", "late", "lost", "never"):
        effect = liveness(contact(last=last, heard=heard, now=was), at(now))
        assert effect == (None if was == becomes else Effect(liveness=becomes))


@pytest.mark.parametrize(
    ("fix", "becomes"),
    [
        (None, None),
        (Fix(of="u", lon=100.4, lat=20.27, time=at(0), live=False), None),
        (Fix(of="u", lon=100.4, lat=20.27, time=at(0)), Effect(liveness="live")),
    ],
)
def test_only_a_position_that_moves_the_marker_makes_a_lost_unit_live(
    fix: Fix | None, becomes: Effect | None
) -> None:
    record = record_of(said("a", 0), lambda message, _time: message.address)
    assert liveness_on_move(Step(contact(now="lost"), record, fix)) == becomes


@pytest.mark.parametrize(
    ("calls", "already", "cleared", "becomes"),
    [
        (False, False, None, None),
        (True, False, None, Effect(distress=True)),
        (True, True, None, None),
        (False, True, None, None),  # silence about it ends nothing
        (True, False, 9, Effect(distress=True)),
        (True, False, 10, None),  # heard before it was cleared
        (True, False, 11, None),
    ],
)
def test_a_call_for_help_stays_until_it_is_cleared(
    calls: bool, already: bool, cleared: float | None, becomes: Effect | None
) -> None:
    who = contact()
    who.distress = already
    who.cleared_at = None if cleared is None else at(cleared)
    record = record_of(said("a", 10, distress=calls), lambda message, _time: message.address)
    assert distress(Step(who, record, None)) == becomes


def test_each_rule_is_in_its_table() -> None:
    assert (liveness_on_move, distress, latch_man_down) == STEP_RULES
    assert (liveness,) == CLOCK_RULES


@pytest.mark.parametrize(
    ("device", "passed_on", "time", "source", "flag"),
    [
        (0, None, 0, "device", None),
        (120, None, 120, "device", None),
        (120.1, None, 0, "heard", "future_time"),
        (-30 * DAY, None, -30 * DAY, "device", None),
        (-30 * DAY - 1, None, 0, "heard", "old_clock"),
        (None, None, 0, "heard", "no_device_time"),
        (None, -5, -5, "passed_on", "no_device_time"),
        (None, -DAY, 0, "heard", "no_device_time"),  # a feeder two days off
        (None, 121, 0, "heard", "no_device_time"),
        (500, -5, -5, "passed_on", "future_time"),
        (-7168 * DAY, -5, -5, "passed_on", "old_clock"),
    ],
)
def test_the_clock_that_is_believed(
    device: float | None, passed_on: float | None, time: float, source: str, flag: str | None
) -> None:
    def moment(seconds: float | None) -> datetime | None:
        return None if seconds is None else at(seconds)

    assert effective_time(
        device_time=moment(device), passed_on_at=moment(passed_on), heard_at=at(0)
    ) == (at(time), source, flag)


@pytest.mark.parametrize(
    ("metres_east", "seconds", "more", "jump"),
    [
        (0, 0, {}, False),
        (190, 0, {}, False),  # noise
        (210, 0, {}, True),
        (590, 10, {}, False),
        (610, 10, {}, True),
        (610, -10.2, {}, False),  # either may be the older
        (610, 10, {"slack_s": 1.0}, False),
        (610, 0, {"accuracy_m": 500.0}, False),
        (1000, 10, {"reported_mps": 70.0}, False),
        (10_000_000, 86_400 * 3, {}, False),  # by air
    ],
)
def test_a_move_nothing_can_make_is_a_jump(
    metres_east: float, seconds: float, more: dict[str, float], jump: bool
) -> None:
    degrees = metres_east / 111_194.93
    assert (
        is_jump(
            lon=100.0 + degrees,
            lat=0.0,
            time=at(seconds),
            from_lon=100.0,
            from_lat=0.0,
            from_time=at(0),
            **more,
        )
        is jump
    )


async def test_a_call_by_a_slow_clock_after_the_last_was_cleared_is_a_new_call(node: Node) -> None:
    own: dict[str, Any] = {"distress": True, "duplicate_window_s": None}
    first = said("a", 1, duplicate_key="sos-1", **own)
    await node.hear(first)
    node.time = at(10)
    state = await node.desk().registry.clear_distress(address())
    assert not state.distress
    await node.hear(msgspec.structs.replace(first, heard_at=at(11), reception_id="gw/boot/again"))
    assert not node.state().distress  # the same call, sent again
    assert node.rows("SELECT * FROM latches WHERE cleared_us IS NULL") == []
    await node.hear(said("a", -120, heard=12, duplicate_key="sos-2", **own))
    assert node.state().distress
    query = "SELECT cleared_by, agency, origin FROM latches ORDER BY cleared_us IS NULL"
    latches = node.rows(query)
    assert [tuple(row) for row in latches] == [
        ("kham", "la-hx", "node-hx"),
        (None, "la-hx", "node-hx"),
    ]
    assert (await node.again()).state().distress


async def test_a_call_with_the_place_and_time_of_the_last_rings_after_that_was_cleared(
    node: Node,
) -> None:
    made = gps103.decoder(DecoderSettings())
    sos = b"imei:359710049075097,help me,2611251900,,F,120000,V,2016.38,N,10024.72,E,0,0"

    async def calls(seconds: float) -> None:
        node.time = at(seconds)
        (call,) = made.decode(Frame(sos, at(seconds)))
        id = f"gw/boot/{seconds}"
        await node.hear(msgspec.structs.replace(call, channel="trackers", reception_id=id))

    await calls(0)
    await calls(10)  # again and again, until it is answered
    assert len(node.rows("SELECT * FROM transmissions")) == 1
    state = await node.desk().registry.clear_distress("gps103:359710049075097")
    assert not state.distress
    await calls(600)
    assert node.state("gps103:359710049075097").distress


async def test_words_of_a_call_for_help_go_when_it_is_cleared_and_stay_away(node: Node) -> None:
    await node.hear(
        said("a", 1, text="engine is warm"),
        said("a", 2, distress=True, text="SINKING", status="emergency"),
        said("b", 2, distress=True, text="MAN OVERBOARD"),
        said("b", 3, text="we have him"),
    )
    assert (node.state().text, node.state().status) == ("SINKING", "emergency")
    node.time = at(10)
    assert (await node.desk().registry.clear_distress(address())).text == "engine is warm"
    state = await node.desk().registry.clear_distress(address("b"))
    assert state.text == "we have him"  # said since: not the call's
    assert node.state().status is None
    again = await node.again()
    assert (again.state().text, again.state().status) == ("engine is warm", None)
    assert again.state(address("b")).text == "we have him"
    await again.hear(said("a", 12, distress=True, text="SINKING AGAIN"))
    assert again.state().text == "SINKING AGAIN"
    await again.hear(said("a", 13, text="safe"))
    await again.desk().registry.clear_distress(address())
    assert again.state().text == "safe"
    await again.stop()


async def test_a_call_for_help_without_a_place_or_with_a_bad_one_counts(node: Node) -> None:
    await node.hear(
        said("a", 1, lon=None, distress=True),
        said("b", 1, lon=0.0, lat=0.0, distress=True),
        said("c", 1, distress=True, device_time=at(0) - timedelta(days=9000)),
    )
    assert all(state.distress for state in node.states().values())
    assert len(node.states()) == 3


async def test_units_age_by_the_watch_s_own_clock(node: Node) -> None:
    boat = await node.boat(expected_interval_s=10)
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-1))
    assert node.state(boat).liveness == "never"
    await node.hear(said("a", 0))
    assert node.state(boat).liveness == "live"
    for second, becomes in ((21, "late"), (51, "lost")):
        node.time = at(second)
        node.watch.picture.tick(node.time)
        assert node.state(boat).liveness == becomes
    await node.hear(said("a", 52))
    assert node.state(boat).liveness == "live"


@pytest.mark.parametrize("now", ["live", "late", "cut"])
@pytest.mark.parametrize("heard_s", [0, 119, 120, 121, 1000])
@pytest.mark.parametrize("live", [True, False, None])
@pytest.mark.parametrize(
    "says",
    [
        {},
        {"distress": True},
        {"status": "man_down"},
        {"status": "en_route"},
        {"flags": ("man_down",)},
        {"facts": {"alarm": "fallDown"}},
        {"facts": {"talker": "GP"}},
    ],
)
def test_of_what_is_usual_no_rule_has_anything_to_say(
    says: dict[str, Any], live: bool | None, heard_s: float, now: Liveness
) -> None:
    fix = None if live is None else Fix(of="u", lon=100.4, lat=20.27, time=at(0), live=live)
    who = contact(now=now)
    who.last = fix
    record = record_of(said("a", heard_s, **says), lambda message, _time: message.address)
    effects = [rule(Step(who, record, fix)) for rule in STEP_RULES]
    if usual(who, record, fix):
        assert effects == [None, None, None]


def test_a_position_of_a_live_sender_that_comes_in_time_is_usual() -> None:
    fix = Fix(of="u", lon=100.4, lat=20.27, time=at(0))
    record = record_of(said("a", 120), lambda message, _time: message.address)
    assert usual(contact(now="live"), record, fix)
    assert not usual(contact(now="late"), record, fix)
