"""Limits of sectors on a running node: loitering, meetings, long stays and speed become alerts."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import pytest

from gis.position.position import Position
from patrol.documents.document import revise
from patrol.documents.transaction import Filing
from patrol.patrols.patrol import Rendezvous
from patrol.sectors.sector import SectorLimits
from patrol.sectors.site_geography import Ground
from radio_gateway.messages.transmission import Transmission
from tests.patrol.nodes.agreements import share
from tests.patrol.nodes.alerting import (
    METRE_DEG,
    alerts,
    hear,
    night,
    only,
    put,
    sector,
    tick,
    unit,
)
from tests.patrol.nodes.running import OTHER, Node, address, at, said

MIDDLE = 100.415
LOITERING = SectorLimits(loitering_s=600.0, loitering_within_m=100.0)
STAY = SectorLimits(stay_s=1800.0)
MEETING = SectorLimits(meeting_s=300.0, meeting_within_m=100.0)
SPEED = SectorLimits(speed_mps=5.0)


def fixes(
    seconds: Iterable[float],
    *,
    device: str = "a",
    lon: float = MIDDLE,
    east_mps: float = 0.0,
    since: float = 0.0,
    speed_mps: float | None = None,
    **more: Any,
) -> list[Transmission]:
    """Return what a boat says that lies at `lon`, or goes east from there since a time."""
    return [
        said(
            device,
            second,
            position=Position(
                lon=lon + (second - since) * east_mps * METRE_DEG, lat=20.27, speed_mps=speed_mps
            ),
            **more,
        )
        for second in seconds
    ]


async def hear_all(node: Node, *messages: Transmission) -> None:
    """Hear messages in order of time, and let the watch look after each minute of them."""
    for _, minute in groupby(
        sorted(messages, key=lambda each: each.heard_at),
        key=lambda each: each.heard_at.replace(second=0),
    ):
        await hear(node, *minute)
        await tick(node)


# -- loitering


async def test_a_boat_that_keeps_to_one_place_is_one_alert_until_it_leaves(node: Node) -> None:
    boat = await unit(node)
    area = sector("patrol", limits=LOITERING)
    await put(node, area)
    await hear_all(node, *fixes(range(0, 560, 20)))
    assert alerts(node) == []
    await hear_all(node, *fixes(range(560, 1800, 20)))
    alert = only(node)
    assert (alert.rule, alert.subject, alert.severity) == (
        "loitering",
        f"{boat}|{area.id}",
        "medium",
    )
    assert alert.raised_at == at(0)
    assert alert.facts["minutes"] == 10
    assert alert.facts["within_m"] == 100
    assert alert.facts["sector_name"] == "Don Xao"
    assert alert.lon == pytest.approx(MIDDLE, abs=1e-4)
    await hear_all(node, *fixes(range(1800, 2000, 20), east_mps=5.0, since=1800))
    assert only(node).state == "returned_unacknowledged"


async def test_a_limit_is_of_what_comes_in_the_moment_after_it_was_set(node: Node) -> None:
    await hear(node, *fixes([0], device="x"))
    filing = Filing(documents=(sector("patrol", limits=LOITERING),), act="test")
    await node.watch.document_service.file(lambda _open_documents, _now: filing)
    await hear(node, *fixes(range(60, 1500, 60), device="x"))  # before a tick
    await tick(node)
    assert only(node, "loitering").raised_at <= at(60)


async def test_a_radio_that_nobody_registered_is_reported_too(node: Node) -> None:
    await put(node, sector("patrol", limits=LOITERING))
    await hear_all(node, *fixes(range(0, 900, 20), device="x"))
    assert only(node, "loitering").unit == address("x")


@pytest.mark.parametrize(("whose", "told"), [("units", "a"), ("others", "x")])
async def test_a_limit_may_be_of_units_or_of_others_alone(
    node: Node, whose: Any, told: str
) -> None:
    boat = await unit(node)
    limits = SectorLimits(applies_to=whose, loitering_s=600.0)
    await put(node, sector("patrol", limits=limits))
    await hear_all(
        node,
        *fixes(range(0, 900, 20)),
        *fixes(range(0, 900, 20), device="x", lon=MIDDLE + 0.003),
    )
    assert only(node).unit == (boat if told == "a" else address("x"))


async def test_no_boat_is_reported_outside_the_sector_or_in_a_sector_without_limits(
    node: Node,
) -> None:
    await unit(node)
    await put(node, sector("patrol"), sector("patrol", limits=LOITERING, name="Other"))
    await hear_all(node, *fixes(range(0, 1800, 20), lon=100.4075))
    assert alerts(node) == []


async def test_a_patrol_may_do_in_its_sectors_what_it_must(node: Node) -> None:
    boat = await unit(node)
    area = sector("patrol", limits=LOITERING)
    await put(node, area, night(boat, sectors=(area.id,)))
    await hear_all(node, *fixes(range(0, 1800, 20)))
    assert alerts(node, "loitering") == []


async def test_where_units_are_to_meet_boats_lie_still(node: Node) -> None:
    boat = await unit(node)
    place = Rendezvous(name="Pier", lon=MIDDLE, lat=20.27, at=at(9000), radius_m=200.0)
    await put(node, sector("patrol", limits=LOITERING), night(boat, rendezvous=(place,)))
    await hear_all(node, *fixes(range(0, 1800, 20)))
    assert alerts(node, "loitering") == []


async def test_boats_lie_still_at_a_landing_and_in_a_sector_to_meet_in(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await unit(node)
    await put(node, sector("patrol", limits=LOITERING))
    with monkeypatch.context() as patched:
        patched.setattr(Ground, "is_landing", lambda *_args, **_more: True)
        await hear_all(node, *fixes(range(0, 1800, 20)))
        assert alerts(node) == []
    await put(node, sector("rendezvous", name="Pier"))
    await hear_all(node, *fixes(range(1800, 3600, 20)))
    assert alerts(node) == []


async def test_a_silent_boat_is_still_there_for_all_that_is_known(node: Node) -> None:
    await unit(node)
    await put(node, sector("patrol", limits=LOITERING))
    await hear_all(node, *fixes(range(0, 700, 20)))
    await tick(node, 3600)
    alert = only(node, "loitering")
    assert (alert.state, alert.historical) == ("escalated", False)


async def test_a_restart_neither_ends_nor_repeats_it(node: Node) -> None:
    await unit(node)
    await put(node, sector("patrol", limits=LOITERING))
    await hear_all(node, *fixes(range(0, 700, 20)))
    first = only(node, "loitering")
    await node.again()
    node.time = at(720)
    await tick(node)
    await hear_all(node, *fixes(range(720, 2400, 20)))
    assert [(each.id, each.state, each.count) for each in alerts(node, "loitering")] == [
        (first.id, "raised", 1)
    ]
    await hear_all(node, *fixes(range(2400, 2600, 20), east_mps=5.0, since=2400))
    assert only(node, "loitering").state == "returned_unacknowledged"


async def test_what_late_reports_alone_tell_does_not_ring(node: Node) -> None:
    await unit(node)
    await put(node, sector("patrol", limits=LOITERING))
    late = fixes(range(0, 900, 60), heard=7200)
    away = fixes(range(900, 1500, 60), east_mps=10.0, since=900, heard=7200)
    await hear_all(node, *late, *away)
    alert = only(node, "loitering")
    assert (alert.historical, alert.rings) == (True, False)
    assert alert.raised_at == at(0)


async def test_the_order_of_reports_changes_nothing(node: Node) -> None:
    await unit(node)
    await put(node, sector("patrol", limits=LOITERING))
    transmissions = fixes(range(0, 900, 30))
    for part in range(0, len(transmissions), 6):
        mixed = transmissions[part : part + 6]
        random.Random(part).shuffle(mixed)
        for message in mixed:
            await hear(node, message)
    await tick(node)
    assert only(node, "loitering").raised_at == at(0)


async def test_another_name_of_the_sector_does_not_begin_it_anew(node: Node) -> None:
    await unit(node)
    area = sector("patrol", limits=LOITERING)
    await put(node, area)
    await hear_all(node, *fixes(range(0, 400, 20)))
    await put(node, revise(area, at=at(400), by="malee", name="Don Sao"))
    await hear_all(node, *fixes(range(400, 660, 20)))
    assert only(node, "loitering").facts["sector_name"] == "Don Sao"


async def test_a_limit_that_is_taken_back_ends_its_alert(node: Node) -> None:
    await unit(node)
    area = sector("patrol", limits=LOITERING)
    await put(node, area)
    await hear_all(node, *fixes(range(0, 700, 20)))
    await put(node, revise(area, at=at(700), by="malee", limits=None))
    assert only(node, "loitering").state == "returned_unacknowledged"


async def test_a_stay_in_two_limited_sectors_is_reported_once_by_the_shorter_limit(
    node: Node,
) -> None:
    await unit(node)
    short = sector("patrol", name="Islands", limits=LOITERING)
    long = sector("reach", name="Reach", limits=SectorLimits(loitering_s=1200.0))
    await put(node, long, short)
    await hear_all(node, *fixes(range(0, 1800, 20)))
    assert only(node).facts["sector_name"] == "Islands"


# -- who sees it


async def test_another_agency_sees_the_alert_as_any_other_and_nothing_of_the_limit(
    node: Node,
) -> None:
    await unit(node)
    area = sector("patrol", limits=LOITERING)
    await put(node, area)
    await share(node)
    await hear_all(node, *fixes(range(0, 900, 20)))
    [alert] = node.desk("commander", OTHER).alerts.open()
    assert (alert.rule, alert.facts) == ("loitering", {})
    [shown] = node.desk("commander", OTHER).sectors.all()
    assert (shown.name, shown.limits) == ("Don Xao", None)


async def test_boats_of_another_agency_are_not_followed(node: Node) -> None:
    theirs = await node.boat("Boat t", OTHER)
    await node.desk("admin", OTHER).registry.assign(
        address=address(), unit=theirs, start=at(-100_000)
    )
    await put(node, sector("patrol", limits=LOITERING))
    await hear_all(node, *fixes(range(0, 900, 20)))
    assert alerts(node) == []


# -- a long stay


async def test_a_stay_longer_than_allowed_is_reported_while_it_lasts(node: Node) -> None:
    boat = await unit(node)
    area = sector("patrol", limits=STAY)
    await put(node, area)
    about = [
        said("a", second, lon=MIDDLE + 300 * METRE_DEG * (second // 60 % 2))
        for second in range(0, 1740, 60)
    ]
    await hear_all(node, *about)
    assert alerts(node) == []
    await hear_all(node, *fixes(range(1740, 2100, 60)))
    alert = only(node)
    assert (alert.rule, alert.subject) == ("long_stay", f"{boat}|{area.id}")
    assert alert.facts["minutes"] == 30
    await hear_all(node, *fixes(range(2100, 2700, 60), lon=100.43))
    assert only(node).state == "returned_unacknowledged"


# -- speed


async def test_a_boat_too_fast_is_reported_and_one_fast_report_is_not_enough(node: Node) -> None:
    await unit(node)
    await put(node, sector("patrol", limits=SPEED))
    slow = fixes(range(0, 100, 10), lon=100.411, east_mps=1.0, speed_mps=1.0)
    wild = fixes([100], lon=100.412, speed_mps=25.0)
    await hear_all(node, *slow, *wild)
    assert alerts(node) == []
    fast = fixes(range(110, 180, 10), lon=100.411, east_mps=9.0, since=110, speed_mps=9.0)
    await hear_all(node, *fast)
    alert = only(node)
    assert (alert.rule, alert.severity) == ("speeding", "low")
    assert alert.facts["speed_kmh"] == 32
    assert alert.facts["limit_kmh"] == 18
    await hear_all(node, *fixes(range(180, 260, 10), lon=100.418, speed_mps=0.5))
    assert only(node).state == "returned_unacknowledged"


# -- a meeting


def meets(*, device: str = "b", since: float = 0, beside_m: float = 30.0) -> list[Transmission]:
    """Return what a boat says that comes from the east, and lies beside `MIDDLE`."""
    return [
        said(
            device,
            second,
            lon=MIDDLE + (beside_m + max(400.0 - 2.0 * (second - since), 0.0)) * METRE_DEG,
        )
        for second in range(int(since), int(since) + 900, 10)
    ]


async def test_two_boats_that_come_together_are_one_alert_until_they_part(node: Node) -> None:
    boat = await unit(node)
    area = sector("patrol", limits=MEETING)
    await put(node, area)
    lies = fixes(range(0, 900, 10))
    await hear_all(node, *lies[:40], *meets()[:40])
    assert alerts(node) == []
    await hear_all(node, *lies[40:], *meets()[40:])
    alert = only(node)
    assert alert.rule == "boats_meeting"
    assert sorted(alert.subject.split("|")) == sorted([address("b"), boat, area.id])
    assert alert.unit == address("b")
    assert alert.facts["beside"] == "Boat a"
    await hear_all(
        node,
        *fixes(range(900, 1100, 10)),
        *fixes(range(900, 1100, 10), device="b", east_mps=4.0, since=890),
    )
    assert only(node).state == "returned_unacknowledged"


async def test_a_third_boat_beside_two_is_no_second_alert(node: Node) -> None:
    await put(node, sector("patrol", limits=MEETING))
    lies = fixes(range(0, 2000, 10), device="a")
    stays = fixes(range(900, 2000, 10), device="b", lon=MIDDLE + 30 * METRE_DEG)
    third = meets(device="c", since=900, beside_m=-20.0)
    await hear_all(node, *lies, *meets(), *stays, *third)
    assert len(alerts(node)) == 1


async def test_boats_that_lay_together_at_their_first_report_have_not_met(node: Node) -> None:
    await put(node, sector("patrol", limits=MEETING))
    lies = [fixes(range(0, 1800, 10), device=each, lon=MIDDLE + n * 2e-4) for n, each in
            enumerate("abcd")]  # fmt: skip
    await hear_all(node, *(message for each in lies for message in each))
    assert alerts(node) == []


async def test_boats_that_pass_or_travel_together_do_not_meet(node: Node) -> None:
    await put(node, sector("patrol", limits=MEETING))
    for since in (0, 400, 800):
        both = [
            fixes(range(since, since + 300, 10), device=each, lon=lon, east_mps=3.5, since=since)
            for each, lon in (("a", 100.4105), ("b", 100.4108))
        ]
        await hear_all(node, *both[0], *both[1])
    passing = fixes(range(1200, 1500, 10), device="b", lon=100.419, east_mps=-3.0, since=1200)
    await hear_all(node, *fixes(range(1200, 1500, 10)), *passing)
    assert alerts(node) == []


# -- the whole reach


async def test_a_reach_is_its_owners_alone(node: Node) -> None:
    reach = sector("reach", limits=LOITERING)
    await put(node, reach)
    await share(node)
    assert [each.id for each in node.desk().sectors.all()] == [reach.id]
    assert node.desk("commander", OTHER).sectors.all() == []
