"""Long ago, in pages, days and paths: complete, in order, and no more than the user may see."""

from __future__ import annotations

from datetime import date

import pytest

from patrol.errors.errors import Forbidden, NotFound
from patrol.store.tracks.history import Mark
from tests.patrol.nodes.running import OTHER, Node, address, at, said

DAY = 86_400


async def boat_with_two_radios(node: Node) -> str:
    """Return a boat whose positions come from two radios and a plot, every 10 s for 5 minutes."""
    boat = await node.boat()
    await node.hear(*(said("ab"[n % 2], 10 * n, lon=round(100.4 + n * 1e-3, 4)) for n in range(30)))
    for device in "ab":
        await node.desk().registry.assign(address=address(device), unit=boat)
    return boat


async def test_pages_put_together_are_the_track(node: Node) -> None:
    boat = await boat_with_two_radios(node)
    whole = await node.desk().visible.track(boat, start=at(-DAY), end=at(DAY))
    assert len(whole) == 30
    found, after = [], None
    for _ in range(10):
        page = await node.desk().history.fixes(boat, limit=7, after=after)
        found += page.fixes
        after = page.last
        if after is None:
            break
    assert found == whole


async def test_positions_of_one_moment_are_not_lost_between_pages(node: Node) -> None:
    boat = await node.boat()
    await node.hear(*(said(device, 5) for device in "abcde"))
    for device in "abcde":
        await node.desk().registry.assign(address=address(device), unit=boat)
    after: Mark | None = None
    ids: list[bytes] = []
    for _ in range(5):
        page = await node.desk().history.fixes(boat, limit=1, after=after)
        ids += page.ids
        after = page.last
    assert after is None
    assert len(set(ids)) == 5


async def test_a_page_of_a_time_and_a_box(node: Node) -> None:
    boat = await boat_with_two_radios(node)
    page = await node.desk().history.fixes(boat, start=at(100), end=at(150))
    assert [fix.time for fix in page.fixes] == [at(second) for second in range(100, 150, 10)]
    box = (100.405, 20.0, 100.408, 20.5)
    page = await node.desk().history.fixes(boat, box=box)
    assert [fix.lon for fix in page.fixes] == [100.405, 100.406, 100.407, 100.408]
    assert (await node.desk().history.fixes(boat, box=(170.0, 20.0, 100.401, 20.5))).fixes[
        1
    ].lon == 100.401
    assert (await node.desk().history.fixes(boat, box=(170.0, 20.0, -170.0, 20.5))).fixes == []


async def test_a_single_position_is_found_by_its_id_in_its_own_unit_only(node: Node) -> None:
    boat, other = await boat_with_two_radios(node), await node.boat("Boat 4")
    page = await node.desk().history.fixes(boat, limit=1)
    assert await node.desk().history.fix(boat, page.ids[0]) == page.fixes[0]
    for id in (other, address("zz")):
        with pytest.raises(NotFound):
            await node.desk().history.fix(id, page.ids[0])


async def test_days_on_which_it_was_somewhere(node: Node) -> None:
    boat = await node.boat()
    node.time = at(3 * DAY)
    await node.hear(said("a", 0), said("a", 60), said("a", DAY * 2), said("b", DAY * 2 + 5))
    for device in "ab":
        await node.desk().registry.assign(address=address(device), unit=boat)
    assert await node.desk().history.days(boat) == [date(2026, 11, 24), date(2026, 11, 26)]
    assert await node.desk().history.days(boat, start=at(DAY), end=at(3 * DAY)) == [
        date(2026, 11, 26)
    ]
    assert await node.desk().history.days(await node.boat("Boat 9")) == []


async def test_paths_are_the_tracks_without_leaps(node: Node) -> None:
    boat = await boat_with_two_radios(node)
    await node.hear(said("lone", 7, lon=100.9), said("a", 301, lon=103.0))
    found = await node.desk().history.paths(start=at(0), end=at(DAY))
    assert set(found) == {boat, address("lone")}
    assert found[boat].times_s.tolist() == [at(10 * n).timestamp() for n in range(30)]
    assert found[boat].lons.max() == pytest.approx(100.429)
    assert set(await node.desk().history.paths(start=at(0), end=at(DAY), ids=[boat])) == {boat}


async def test_very_long_paths_are_thinned_evenly(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    boat = await boat_with_two_radios(node)
    monkeypatch.setattr("patrol.desks.visibility.history.MOST_IN_PATHS", 10)
    found = (await node.desk().history.paths(start=at(0), end=at(300), ids=[boat]))[boat]
    assert 10 <= len(found.times_s) <= 20, "one of each radio in each part"
    assert found.times_s[-1] == at(290).timestamp()


async def test_a_boat_out_of_service_still_has_a_past(node: Node) -> None:
    boat = await boat_with_two_radios(node)
    node.time = at(400)
    await node.desk().registry.change_unit(boat, {"retired": True})
    assert [state.id for state in node.desk().history.tracked_units()] == [boat]
    assert len((await node.desk().history.fixes(boat)).fixes) == 30
    assert boat in await node.desk().history.paths(start=at(0), end=at(DAY))
    theirs = node.desk(agency=OTHER)
    assert theirs.history.tracked_units() == []
    assert await theirs.history.paths(start=at(0), end=at(DAY)) == {}
    with pytest.raises(NotFound):
        await theirs.history.fixes(boat)


async def test_another_agency_sees_none_of_it(node: Node) -> None:
    boat = await boat_with_two_radios(node)
    page = await node.desk().history.fixes(boat, limit=1)
    theirs = node.desk(agency=OTHER)
    assert theirs.history.tracked_units() == []
    assert await theirs.history.paths(start=at(0), end=at(DAY)) == {}
    for act in (
        theirs.history.fixes(boat),
        theirs.history.days(boat),
        theirs.history.fix(boat, page.ids[0]),
        theirs.history.paths(start=at(0), end=at(DAY), ids=[boat]),
    ):
        with pytest.raises(NotFound):
            await act
    nobody = node.desk("visitor")  # type: ignore[arg-type]
    for refused in (
        nobody.history.fixes(boat),
        nobody.history.days(boat),
        nobody.history.fix(boat, page.ids[0]),
    ):
        with pytest.raises(Forbidden):
            await refused
    with pytest.raises(Forbidden):
        nobody.history.tracked_units()
    with pytest.raises(Forbidden):
        await nobody.history.paths(start=at(0), end=at(DAY))
