"""A clock that is an hour slow: what it tells is of now and rings, and the office is told of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from patrol.picture.lagging_clocks import look
from patrol.reception.clock_lag import LASTS
from patrol.units.wire import Fix
from radio_gateway.clock.clock import DOUBTFUL
from radio_gateway.health.health import ChannelHealth, ClockDoubt
from tests.patrol.nodes.alerting import IN, OUT, alerts, hear, night, only, put, sector, tick, unit
from tests.patrol.nodes.running import Node, at, said
from tests.patrol.nodes.scenes import boat, channel

HOUR_S = 3600


def told(
    came: Iterable[tuple[float, float]],
    recordings: Collection[str] = (),
    gateways: Iterable[ChannelHealth] = (),
) -> list[float]:
    """Return how far behind a boat's clock is known to be as positions come.

    Args:
        came: When each came, and when it was, seconds.
        recordings: Channels that play what was heard once.
        gateways: How gateways fare.
    """
    contact = boat(last=None)
    contact.heard_on = {"pier/ais": at(0)}
    behind: list[float] = []
    for now, second in came:
        contact.last = Fix(of="u", lon=100.4, lat=20.27, time=at(second))
        look(contact, at(now), recordings, {each.name: each for each in gateways})
        behind.append(contact.behind_s)
    return behind


def test_a_clock_that_is_behind_is_known_after_two_minutes() -> None:
    came = [(second, second - HOUR_S + second % 7) for second in range(0, 200, 20)]
    behind = told(came)
    assert [each > 0 for each in behind] == [second >= 120 for second, _ in came]
    assert behind[-1] == pytest.approx(HOUR_S, abs=7)


def test_of_few_positions_it_is_known_after_the_fourth() -> None:
    assert told([(n * 600, n * 600 - HOUR_S) for n in range(4)]) == [0, 0, 0, HOUR_S]


@pytest.mark.parametrize(
    "came",
    [
        [(second, second) for second in range(0, 300, 20)],  # right
        [(second, second - 250) for second in range(0, 300, 20)],  # not late
        [(second, 10 * second - HOUR_S) for second in range(0, 300, 20)],  # out of a buffer
        [(second, -HOUR_S) for second in range(0, 300, 20)],  # the same again and again
        [(second, -HOUR_S + second * 0.5) for second in range(0, 300, 20)],  # falls behind
    ],
    ids=["right", "a little", "buffer", "again", "slower"],
)
def test_what_is_no_slow_clock(came: list[tuple[float, float]]) -> None:
    assert not any(told(came))


def test_what_is_played_from_a_recording_is_none() -> None:
    came = [(second, second - HOUR_S) for second in range(0, 300, 20)]
    assert not any(told(came, {"pier/ais"}))


@pytest.mark.parametrize(
    ("kind", "by_s", "known"),
    [
        ("gateway", -HOUR_S, True),
        ("differs", HOUR_S, True),  # its radios are ahead of it
        ("gateway", -HOUR_S / 2, False),
        ("gateway", HOUR_S, False),
        ("differs", -HOUR_S, False),
        ("set", -HOUR_S, False),
    ],
)
def test_behind_a_gateway_that_is_known_to_be_slow_it_is_known_at_once(
    kind: Any, by_s: float, known: bool
) -> None:
    doubt = ClockDoubt(kind=kind, by_s=by_s, at=at(0))
    gateway = replace(channel("pier"), clock=doubt)
    assert told([(10, 8 - HOUR_S)], gateways=[gateway]) == [HOUR_S + 2 if known else 0]


def test_one_that_is_slow_on_its_way_changes_nothing_and_a_clock_that_is_set_ends_it() -> None:
    slow = [(second, second - HOUR_S) for second in range(0, 200, 20)]
    assert told([*slow, (205, 160 - HOUR_S)])[-1] == HOUR_S
    assert told([*slow, (220, 220)])[-1] == 0
    assert told([*slow, (220, 220 - HOUR_S / 2)])[-1] == 0
    another = [(second, second - 2 * HOUR_S) for second in range(220, 440, 20)]
    assert told([*slow, *another])[-1] == 2 * HOUR_S


def test_one_that_loses_time_stays_known_and_what_falls_behind_faster_does_not() -> None:
    def losing(part: float) -> list[float]:
        return told([(second, second * (1.0 - part) - HOUR_S) for second in range(0, 40_000, 20)])

    known = losing(0.002)  # three minutes a day
    assert all(known[6:])
    assert known[-1] == pytest.approx(HOUR_S + 80, abs=30)
    assert not all(losing(0.02)[6:])


async def sail(node: Node, first: int, last: int, lon: float, *, behind: int = HOUR_S) -> None:
    """Let a boat report each 20 s, from `first` to `last`, with a clock that is behind."""
    for second in range(first, last, 20):
        await hear(node, said("a", second - behind, lon=lon, heard=second))
        await tick(node, second + 0.5)


async def test_a_boat_that_is_in_a_no_go_sector_now_rings_though_its_clock_is_slow(
    node: Node,
) -> None:
    boat = await unit(node, expected_interval_s=20)
    await put(node, sector(at=at(-10 * HOUR_S)), night(boat))
    await sail(node, 0, 200, OUT)
    assert node.state(boat).liveness == "live"  # it was called lost
    alert = only(node)
    assert (alert.rule, alert.subject, alert.severity, alert.rings) == (
        "doubtful_clock",
        boat,
        "medium",
        True,
    )
    assert (alert.facts["computer"], alert.facts["by"]) == ("Boat a", "-1:00:00")
    await sail(node, 200, 260, IN)
    ringing = only(node, "no_go")
    assert (ringing.rings, ringing.historical) == (True, False)
    assert at(180 - HOUR_S) < ringing.raised_at <= at(200 - HOUR_S)  # by its own clock
    node = await node.again()
    await tick(node, 262)
    assert {each.id: each.version for each in alerts(node)} == {alert.id: 1, ringing.id: 1}
    await sail(node, 280, 340, OUT)
    assert only(node, "no_go").state == "returned_unacknowledged"
    await sail(node, 340, 400, OUT, behind=0)  # it is set right
    assert only(node, "doubtful_clock").state == "returned_unacknowledged"
    assert {each.rule for each in alerts(node)} == {"doubtful_clock", "no_go"}


async def test_a_historical_alert_rings_once_its_clock_is_known_to_be_slow(
    node: Node,
) -> None:
    await unit(node, expected_interval_s=20)
    await put(node, sector(at=at(-10 * HOUR_S)))
    await sail(node, 0, 60, OUT)
    await sail(node, 60, 120, IN)
    assert only(node, "no_go").historical
    await sail(node, 120, 200, IN)
    assert (only(node, "no_go").historical, only(node, "no_go").rings) == (False, True)


async def test_behind_a_gateway_whose_clock_is_slow_it_rings_and_the_gateway_alone_is_reported(
    node: Node,
) -> None:
    boat = await unit(node, expected_interval_s=20)
    await put(node, sector(at=at(-10 * HOUR_S)), night(boat))
    doubt = ClockDoubt(kind="gateway", by_s=-HOUR_S, at=at(0))
    node.watch.channel_health([replace(channel("pier"), clock=doubt)])
    for second in range(0, 260, 20):
        heard_at = at(second - HOUR_S)
        lon = OUT if second < 200 else IN
        message = said("a", second, lon=lon, channel="pier/ais", flags=(DOUBTFUL,))
        node.time = at(second)
        await node.hear(replace(message, heard_at=heard_at))
        await tick(node, second + 0.5)
    assert {each.subject for each in alerts(node, "doubtful_clock")} == {"pier"}
    assert only(node, "no_go").rings
    assert node.state(boat).liveness == "live"
    assert {each.rule for each in alerts(node)} == {"doubtful_clock", "no_go"}
    assert LASTS.total_seconds() < 200


@pytest.mark.parametrize("words", [False, True])
async def test_a_unit_without_a_place_is_sent_as_soon_as_ever(node: Node, words: bool) -> None:
    boat = await unit(node, expected_interval_s=60)
    await put(node, night(boat))
    await sail(node, 0, 140, OUT, behind=0)  # the last is of second 120
    for second in range(400, 430):
        if words and second % 10 == 5:
            await hear(node, said("a", second, lon=None, text="all is well"))
        await tick(node, second)
    alert = only(node)
    assert (alert.rule, alert.raised_at) == ("silent_unit", at(420))
    assert alert.at <= at(422)
