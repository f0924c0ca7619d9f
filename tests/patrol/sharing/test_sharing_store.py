"""What crosses of stored positions is what crosses one by one, however it is asked for."""

from __future__ import annotations

import threading
from math import sin
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from patrol.agreements import lifecycle as acts
from patrol.agreements.lifecycle import Backfill
from patrol.errors.errors import NotFound
from patrol.picture.address_spans import ALWAYS, NEVER
from patrol.sharing.precision import crossed_fix
from patrol.store.schema.tables import to_us
from patrol.units.wire import Fix
from tests.patrol.nodes.agreements import CK, HX, active, box, file, joint, night
from tests.patrol.nodes.running import AGENCY, OTHER, Node, address, at, running, said

HOUR = 3600


async def fleet(node: Node, hours: int = 60) -> str:
    """Let a boat of the other agency go about for some days; return its id."""
    node.time = at(-HOUR)
    boat = await node.boat("Naga 9", OTHER, note="secret note")
    await node.desk("admin", OTHER).registry.assign(address=address("b"), unit=boat, start=at(-1e6))
    messages = [
        said(
            "b",
            second,
            lon=100.5 + 0.45 * sin(second / 9000.0),
            lat=20.5 + 0.45 * sin(second / 7500.0),
            text="words of ours",
        )
        for second in range(0, hours * HOUR, 600)
    ]
    for first in range(0, len(messages), 100):
        await node.hear(*messages[first : first + 100])
    node.time = at(hours * HOUR)
    return boat


def agreements(boat: str) -> dict[str, list[Any]]:
    """Return sets of documents that let part of it cross."""
    gap = acts.suspend(active(at(0)), at=at(10 * HOUR), who=HX, reason="a")
    resumed = acts.resume(gap, at=at(20 * HOUR), who=HX)
    backfilled = acts.backfill(
        resumed,
        Backfill(start=at(12 * HOUR), end=at(13 * HOUR), classes=("tracks",)),
        at=at(21 * HOUR),
        who=CK,
    )
    not_its_own = acts.backfill(
        resumed,
        Backfill(start=at(12 * HOUR), end=at(13 * HOUR), classes=("tracks",)),
        at=at(21 * HOUR),
        who=HX,
    )
    corridor = box(100.2, 20.2, 100.7, 20.8)
    tracks: dict[str, Any] = {"classes": ("positions", "tracks")}
    return {
        "all": [active(at(0))],
        "none": [],
        "suspended": [acts.suspend(active(at(0)), at=at(40 * HOUR), who=HX, reason="a")],
        "suspended by the owner": [
            acts.suspend(active(at(0)), at=at(40 * HOUR), who=CK, reason="a")
        ],
        "resumed": [resumed],
        "backfilled": [backfilled],
        "backfilled by the other": [not_its_own],
        "without tracks": [active(at(0), classes=("positions", "alerts"))],
        "corridor": [active(at(0), corridor=corridor)],
        "hours": [active(at(0), hours=night())],
        "fridays": [active(at(0), hours=night("wed"))],
        "delayed": [active(at(0), delay_s=5 * HOUR)],
        "coarse": [active(at(0), precision_m=5000.0, corridor=corridor)],
        "readable for a day": [active(at(0), keep_days=1)],
        "over": [active(at(0), valid_until=at(50 * HOUR))],
        "two": [
            active(at(5 * HOUR), corridor=corridor, **tracks),
            active(at(30 * HOUR), precision_m=2000.0, **tracks),
        ],
        "joint": [
            active(at(0), only_joint_patrols=True),
            joint((OTHER, boat), (AGENCY, "x"), started=at(3 * HOUR)),
        ],
        "joint of others": [
            active(at(0), only_joint_patrols=True),
            joint((OTHER, "another"), (AGENCY, boat), started=at(3 * HOUR)),
        ],
        "joint and hours": [
            active(at(0), only_joint_patrols=True, hours=night(), corridor=corridor),
            joint((OTHER, boat), started=at(3 * HOUR)),
        ],
    }


async def expected(node: Node, boat: str, documents: list[Any]) -> list[Fix]:
    """Return what the predicate lets through of all that its owner knows."""
    owner = node.desk("commander", OTHER)
    everything = await owner.visible.track(boat, start=ALWAYS, end=NEVER)
    assert len(everything) > 300
    found = []
    for fix in everything:
        grants = node.watch.sharing.grants(
            "tracks",
            owner=OTHER,
            viewer=AGENCY,
            now=node.time,
            at=fix.time,
            lon=fix.lon,
            lat=fix.lat,
            unit=boat,
        )
        if grants:
            found.append(crossed_fix(fix, grants[0].precision_m))
    return found


@pytest.mark.parametrize("name", list(agreements("b")))
async def test_store_and_predicate_let_the_same_positions_cross(tmp_path: Path, name: str) -> None:
    async with running(tmp_path / "p.db") as node:
        boat = await fleet(node)
        documents = agreements(boat)[name]
        node.watch.document_service.open_documents.put(documents)
        node.watch.live.publish()
        told = await expected(node, boat, documents)
        nothing = name in (
            "none", "suspended", "suspended by the owner", "without tracks", "over",
            "joint of others",
        )  # fmt: skip
        assert (not told) == nothing
        desk = node.desk()
        if nothing:
            assert await desk.history.paths(start=at(0), end=at(100 * HOUR)) == {}
            if name != "without tracks":
                with pytest.raises(NotFound):
                    desk.visible.unit(boat)
                with pytest.raises(NotFound):
                    await desk.visible.track(boat, start=ALWAYS, end=NEVER)
            return
        assert await desk.visible.track(boat, start=ALWAYS, end=NEVER) == told
        pages, after = [], None
        while True:
            page = await desk.history.fixes(boat, limit=37, after=after)
            assert len(page.fixes) == len(page.ids)
            pages += page.fixes
            for gid, fix in list(zip(page.ids, page.fixes, strict=True))[:2]:
                assert await desk.history.fix(boat, gid) == fix
            after = page.last
            if after is None:
                break
        assert pages == told
        assert await desk.history.days(boat) == sorted({fix.time.date() for fix in told})
        path = (await desk.history.paths(start=at(0), end=at(100 * HOUR), ids=[boat]))[boat]
        assert np.allclose(path.lons, [fix.lon for fix in told])
        assert np.allclose(path.lats, [fix.lat for fix in told])
        times = [fix.time.timestamp() for fix in told]
        assert path.times_s.tolist() == pytest.approx(times)
        assert {state.id for state in desk.history.tracked_units()} == {boat}
        for fixes in (await desk.visible.tracks(start=at(0), end=at(100 * HOUR))).values():
            assert {fix.time for fix in fixes} <= {fix.time for fix in told}
            assert all(fix in told for fix in fixes)


async def test_a_position_that_may_not_cross_is_not_found_by_its_id(node: Node) -> None:
    boat = await fleet(node, 10)
    owned = await node.desk("commander", OTHER).history.fixes(boat)
    await file(node, active(at(HOUR), corridor=box(100.2, 20.2, 100.7, 20.8)))
    desk = node.desk()
    position_page = await desk.history.fixes(boat)
    assert 0 < len(position_page.ids) == len(set(position_page.ids)) < len(owned.ids)
    for gid, fix in zip(position_page.ids, position_page.fixes, strict=True):
        assert await desk.history.fix(boat, gid) == fix
    hidden = [
        fix for fix in owned.fixes if fix.time not in {each.time for each in position_page.fixes}
    ]
    ids = {fix.time: gid for gid, fix in zip(position_page.ids, position_page.fixes, strict=True)}
    (time, known), size = next(iter(ids.items())), 8
    assert int.from_bytes(known[:size], "big") == to_us(time)
    made = [to_us(fix.time).to_bytes(size, "big") + known[size:] for fix in hidden]
    for gid in (*owned.ids, *made, known[:size] + b"\xff", b"\xff" * 9, b"", b"\x00"):
        with pytest.raises(NotFound):
            await desk.history.fix(boat, gid)


async def test_ids_and_pages_of_what_crosses_tell_nothing_of_what_does_not(node: Node) -> None:
    """The id of a message is made of its address and place, which others could try until it fits;
    and where a page ends is told.
    """
    boat = await fleet(node, 20)
    owned = await node.desk("commander", OTHER).history.fixes(boat)
    corridor = box(100.2, 20.2, 100.7, 20.8)
    narrow = ((100.1, 20.1), (101.0, 20.1), (100.1, 21.0), (100.1, 20.1))
    corridor = msgspec.structs.replace(corridor, rings=(narrow,))
    await file(node, active(at(0), corridor=corridor))
    desk = node.desk()
    whole = await desk.history.fixes(boat)
    told = {to_us(fix.time) for fix in whole.fixes}
    assert 0 < len(told) < len(owned.fixes) / 2
    assert not set(whole.ids) & set(owned.ids)
    for limit in (1, 7):
        after, payloads, pages = None, [], 0
        while True:
            page = await desk.history.fixes(boat, limit=limit, after=after)
            payloads += page.ids
            pages += 1
            assert len(page.fixes) == limit or page.last is None
            after = page.last
            if after is None:
                break
            assert after[0] in told
            assert not any(gid.endswith(after[1]) for gid in owned.ids)
        assert payloads == whole.ids
        assert pages == -(-len(payloads) // limit)
    [film] = (await desk.history.films(start=at(0), end=at(20 * HOUR))).values()
    assert set(film.gids) == {b""}


async def test_two_positions_of_one_moment_are_distinguished_and_on_one_page(node: Node) -> None:
    boat = await node.boat("Naga 9", OTHER)
    for radio in ("b", "c"):
        await node.desk("admin", OTHER).registry.assign(
            address=address(radio), unit=boat, start=at(-1)
        )
    for second in (1, 2, 2, 3):
        radios = ("b", "c") if second == 2 else ("b",)
        await node.hear(*(said(radio, second) for radio in radios))
    await file(node, active(at(0)))
    desk = node.desk()
    first = await desk.history.fixes(boat, limit=2)
    assert len(first.fixes) == 5
    rest = await desk.history.fixes(boat, limit=2, after=first.last)
    assert rest.last is None
    ids = [*first.ids, *rest.ids]
    assert (
        len(ids) == len(set(ids)) == len((await node.desk("admin", OTHER).history.fixes(boat)).ids)
    )
    for gid in ids:
        assert (await desk.history.fix(boat, gid)).of == boat


async def test_no_note_and_no_address_of_another_agencys_unit_is_sent(node: Node) -> None:
    boat = await fleet(node, 10)
    node.time = at(10 * HOUR - 60)
    await file(node, active(at(0)))
    unit_details = node.desk("admin").visible.unit(boat)
    assert (
        unit_details.call_sign,
        unit_details.note,
        unit_details.addresses,
        unit_details.text,
    ) == ("Naga 9", "", (), None)
    assert unit_details.last is not None
    assert [each.id for each in node.desk("admin").visible.units()] == [boat]


async def test_acts_on_another_agencys_unit_do_not_find_it(node: Node) -> None:
    boat = await fleet(node, 2)
    await file(node, active(at(0)))
    desk = node.desk("admin")
    assert desk.visible.unit(boat).id == boat
    for order in (
        desk.registry.change_unit(boat, {"note": "x"}),
        desk.registry.plot(boat, lon=100.4, lat=20.2),
        desk.registry.clear_distress(boat),
        desk.registry.assign(address="test:new", unit=boat),
        desk.dispatch.send_message(kind="alert", unit=boat),
        desk.dispatch.routes(unit=boat),
        desk.dispatch.routes(address=address("b")),
    ):
        with pytest.raises(NotFound):
            await order
    assert await desk.visible.received_messages(address("b")) == []
    assert desk.visible.assignments() == []
    assert (await desk.visible.inquire(address("b"))).verdict == "hidden"


async def test_what_is_read_is_asked_again_after_the_store_answered(node: Node) -> None:
    """A suspension while the store reads lets nothing out."""
    boat = await fleet(node, 10)
    agreement = active(at(0))
    await file(node, agreement)
    read = node.watch.store.read

    async def slow(*asked: Any) -> Any:
        found = await read(*asked)
        node.watch.document_service.open_documents.put(
            [acts.suspend(agreement, at=node.time, who=CK, reason="now")]
        )
        return found

    node.watch.store.read = slow  # type: ignore[assignment,method-assign]
    desk = node.desk()
    assert await desk.visible.track(boat, start=ALWAYS, end=NEVER) == []
    node.watch.document_service.open_documents.put([agreement])
    assert (await desk.history.fixes(boat)).fixes == []
    node.watch.document_service.open_documents.put([agreement])
    assert await desk.history.days(boat) == []
    node.watch.document_service.open_documents.put([agreement])
    assert await desk.history.paths(start=at(0), end=at(100 * HOUR)) == {}
    assert desk.visible.is_stale


async def test_notifications_are_judged_on_one_thread(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grants, outings and the counts of what was seen have no locks."""
    boat = await fleet(node, 30)
    await file(node, active(at(0)))
    desk, sharing, judged_on = node.desk(), node.watch.sharing, set[int]()
    open_grants, seen = sharing.open_grants, sharing.disclosures.count

    def asked(*args: Any) -> Any:
        judged_on.add(threading.get_ident())
        return open_grants(*args)

    def counted(*args: Any) -> None:
        judged_on.add(threading.get_ident())
        seen(*args)

    monkeypatch.setattr(sharing, "open_grants", asked)
    monkeypatch.setattr(sharing.disclosures, "count", counted)
    assert await desk.history.days(boat) == [at(0).date(), at(24 * HOUR).date()]
    assert judged_on == {threading.get_ident()}


async def test_tracks_of_a_joint_patrol_cross_after_it_and_after_a_restart(node: Node) -> None:
    boat = await fleet(node, 10)
    agreement = active(at(0), only_joint_patrols=True)
    patrol = joint((OTHER, boat), (AGENCY, "x"), started=at(2 * HOUR))
    await file(node, agreement, patrol)
    over: Any = joint(
        (OTHER, boat), (AGENCY, "x"), started=at(2 * HOUR), version=2, state="ended",
        ended_at=at(4 * HOUR),
    )  # fmt: skip
    await file(node, over)
    for _ in range(2):
        fixes = await node.desk().visible.track(boat, start=ALWAYS, end=NEVER)
        assert [fix.time for fix in fixes] == [
            at(second) for second in range(2 * HOUR, 4 * HOUR, 600)
        ]
        await node.again()


async def test_small_boxes_do_not_tell_more_than_the_grid(node: Node) -> None:
    boat = await fleet(node, 10)
    await file(node, active(at(0), precision_m=5000.0))
    desk = node.desk()
    fixes = (await desk.history.fixes(boat)).fixes
    exact = (await node.desk("commander", OTHER).history.fixes(boat)).fixes
    assert len(fixes) == len(exact) > 50
    for fix, true in zip(fixes, exact, strict=True):
        tiny = 1e-5
        there = (fix.lon - tiny, fix.lat - tiny, fix.lon + tiny, fix.lat + tiny)
        assert fix in (await desk.history.fixes(boat, box=there)).fixes
        really = (true.lon - tiny, true.lat - tiny, true.lon + tiny, true.lat + tiny)
        assert fix not in (await desk.history.fixes(boat, box=really)).fixes
