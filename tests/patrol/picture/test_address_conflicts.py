"""An address that two senders use is raised once, told quietly, and over when it stops."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from patrol.errors.errors import StoreError
from patrol.units.wire import Change, Claim, Snapshot
from tests.patrol.nodes.running import AGENCY, OTHER, Node, Viewer, address, at, said

FAR = 100.515  # 12 km east of 100.4 at 20.27


async def bound(node: Node, agency: str = AGENCY) -> str:
    boat = await node.boat(agency=agency)
    await node.desk("admin", agency).registry.assign(
        address=address(), unit=boat, start=at(-10), channel="serial"
    )
    return boat


def tick(node: Node, second: float) -> None:
    node.time = at(second)
    node.watch.picture.tick(node.time)


async def test_a_bound_address_claimed_from_elsewhere_is_raised_with_whom_where_and_since_when(
    node: Node,
) -> None:
    boat = await bound(node)
    await node.hear(said("a", 1), said("a", 2, lon=FAR, channel="udp-2"))
    (claim,) = node.desk().visible.claims()
    assert claim.distance_m == pytest.approx(12_000, rel=0.01)
    assert msgspec.structs.replace(claim, distance_m=None) == Claim(
        address=address(), channel="udp-2", agency=AGENCY, since=at(2), unit=boat, bound="serial"
    )


async def test_a_claim_without_a_place_is_raised_too(node: Node) -> None:
    await bound(node)
    await node.hear(said("a", 2, lon=None, channel="udp-2", text="all is well"))
    (claim,) = node.desk().visible.claims()
    assert claim.distance_m is None


async def test_viewers_are_sent_it_once_and_again_only_when_much_has_changed(node: Node) -> None:
    await bound(node)
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()

    async def told() -> list[Claim]:
        return [
            claim
            for frame in await viewer.look(0.1)
            if isinstance(frame, Change)
            for claim in frame.claims
        ]

    await node.hear(said("a", 1), said("a", 2, lon=FAR, channel="udp-2"))
    assert len(await told()) == 1
    await node.hear(*(said("a", 3 + n, lon=FAR + n / 1e4, channel="udp-2") for n in range(20)))
    assert await told() == []
    await node.hear(said("a", 60, lon=100.4, channel="udp-2"))
    (nearer,) = await told()
    assert nearer.distance_m == 0.0
    assert nearer.since == at(2)
    assert len(node.rows("SELECT * FROM latches WHERE kind = 'claim'")) == 1
    tick(node, 660)
    node.watch.live.publish()
    assert await told() == []
    tick(node, 661)
    node.watch.live.publish()
    (over,) = await told()
    assert over.ended
    assert node.desk().visible.claims() == []


async def test_a_newcomer_sees_it_in_the_snapshot_and_strangers_never(node: Node) -> None:
    await bound(node)
    await node.hear(said("a", 2, lon=FAR, channel="udp-2"))
    for agency, count in ((AGENCY, 1), (OTHER, 0)):
        viewer = Viewer(node.desk("commander", agency).visible.subscribe())
        (snapshot,) = await viewer.look()
        assert isinstance(snapshot, Snapshot)
        assert len(snapshot.claims) == len(node.desk("admin", agency).visible.claims()) == count


async def test_a_restart_neither_forgets_nor_repeats_it(node: Node) -> None:
    boat = await bound(node)
    await node.hear(said("a", 1), said("a", 2, lon=FAR, channel="udp-2"))
    again = await node.again()
    (claim,) = again.desk().visible.claims()
    assert (claim.since, claim.unit, claim.bound) == (at(2), boat, "serial")
    await again.hear(said("a", 30, lon=FAR, channel="udp-2"))
    (claim,) = again.desk().visible.claims()
    assert claim.since == at(2)
    assert claim.distance_m == pytest.approx(12_000, rel=0.01)
    assert len(again.rows("SELECT * FROM latches")) == 1
    tick(again, 700)
    await again.watch.store_ended_claims()
    third = await again.again()
    assert third.desk().visible.claims() == []
    (row,) = third.rows("SELECT * FROM latches")
    assert (row["cleared_us"] is not None, row["cleared_by"]) == (True, None)
    await third.stop()


async def test_an_end_the_store_refuses_is_stored_later(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bound(node)
    await node.hear(said("a", 2, lon=FAR, channel="udp-2"))
    tick(node, 700)

    async def refuse(*_: Any) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(node.store, "write", refuse)
        await node.watch.store_ended_claims()
    still_open = "SELECT * FROM latches WHERE cleared_us IS NULL"
    assert len(node.rows(still_open)) == 1
    await node.watch.store_ended_claims()
    assert node.rows(still_open) == []


async def test_bound_anew_to_the_other_channel_it_is_no_claim_any_more(node: Node) -> None:
    boat = await bound(node)
    await node.hear(said("a", 2, lon=FAR, channel="udp-2"))
    desk = node.desk()
    (assignment,) = desk.visible.assignments()
    await desk.registry.end_assignment(assignment.id, end=at(3))
    await desk.registry.assign(address=address(), unit=boat, start=at(3), channel="udp-2")
    tick(node, 5)
    assert desk.visible.claims() == []


async def test_what_is_read_from_the_records_raises_nothing(node: Node) -> None:
    boat = await node.boat()
    await node.hear(
        *(said("a", n, lon=FAR if n % 2 else 100.4, channel=f"c{n % 2}") for n in range(2))
    )
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-10), channel="c0")
    assert node.desk().visible.claims() == []


async def test_a_call_for_help_and_a_claim_do_not_end_each_other(node: Node) -> None:
    boat = await bound(node)
    await node.hear(said("a", 1, distress=True), said("a", 2, lon=FAR, channel="udp-2"))
    tick(node, 700)
    await node.watch.store_ended_claims()
    assert node.state(boat).distress
    await node.hear(said("a", 701, lon=FAR, channel="udp-2"))
    await node.desk().registry.clear_distress(boat)
    assert len(node.desk().visible.claims()) == 1
    again = await node.again()
    assert len(again.desk().visible.claims()) == 1
    assert not again.state(boat).distress
    await again.stop()


# -- bound to no channel


async def in_turn(node: Node, *places: tuple[str, float, float]) -> list[Claim]:
    await node.hear_in_turn(
        *(said("a", second, lon=lon, channel=channel) for channel, second, lon in places)
    )
    return node.desk().visible.claims()


async def test_two_senders_far_apart_in_turn_under_a_free_address_are_raised(node: Node) -> None:
    assert await in_turn(node, ("hill", 0, 100.4), ("udp-2", 10, FAR)) == []  # one of them errs
    (claim,) = await in_turn(node, ("hill", 20, 100.401))
    assert (claim.channel, claim.unit, claim.bound, claim.since) == ("udp-2", None, None, at(10))
    assert claim.distance_m == pytest.approx(12_000, rel=0.01)
    (claim,) = await in_turn(node, ("udp-2", 30, FAR), ("hill", 40, 100.401))
    assert claim.since == at(10)


async def test_for_a_unit_bound_to_no_channel_as_well(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-10), channel="*")
    (claim,) = await in_turn(
        node, ("hill", 0, 100.4), ("hill", 5, 100.4), ("udp-2", 10, FAR), ("hill", 20, 100.401)
    )
    assert claim.unit == boat
    last = node.state(boat).last
    assert last is not None
    assert last.lon == 100.401


@pytest.mark.parametrize(
    "places",
    [
        [("hill", 0, 100.4), ("hill", 10, FAR), ("hill", 20, 100.4)],  # one sender that errs
        [("hill", 0, 100.4), ("pier", 1, 100.4), ("hill", 10, 100.401), ("pier", 11, 100.401)],
        [("hill", 0, 100.4), ("pier", 300, FAR), ("hill", 600, 100.4)],  # 40 m/s there and back
        [("hill", 0, 100.4), ("pier", 10, FAR), ("hill", 20, FAR)],  # it was moved, or erred before
    ],
)
async def test_one_sender_is_not_taken_for_two(
    node: Node, places: list[tuple[str, float, float]]
) -> None:
    assert await in_turn(node, *places) == []


async def test_a_claim_of_a_free_address_goes_on_after_a_restart(node: Node) -> None:
    turns = [("hill", 0, 100.4), ("udp-2", 10, FAR), ("hill", 20, 100.401)]
    (before,) = await in_turn(node, *turns)
    again = await node.again()
    (claim,) = again.desk().visible.claims()
    assert claim == msgspec.structs.replace(before, distance_m=None)
    (claim,) = await in_turn(again, *((name, 60 + s, lon) for name, s, lon in turns))
    assert claim.since == before.since
    assert len(again.rows("SELECT * FROM latches")) == 1
    await again.stop()


async def test_a_claim_of_a_free_address_is_for_those_who_may_see_unknown_radios(
    node: Node,
) -> None:
    await in_turn(node, ("hill", 0, 100.4), ("udp-2", 10, FAR), ("hill", 20, 100.401))
    assert len(node.desk("technician").visible.claims()) == 1
    assert node.desk("crew").visible.claims() == []
