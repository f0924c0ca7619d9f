"""Targets: what is surely across, where they will land, the counterpart, offers that follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.address.addresses import load_addresses
from gis.catalogue.layer_catalogue import load
from gis.errors.errors import PositionError
from gis.geometry.geodesy import destination
from gis.river.rivers import load_rivers
from patrol.agreements.agreement import Corridor, Terms
from patrol.agreements.lifecycle import Backfill
from patrol.errors.errors import Conflict, Forbidden, IllegalStep, NotFound
from patrol.sectors.liaison_offices import Offices, offices_of
from patrol.sectors.site_geography import Ground
from patrol.sharing.precision import snapped
from patrol.targets.prediction import AHEAD_MIN, downstream_deg, predict
from patrol.targets.sightings import Sighting, across, comes_across, locate
from patrol.targets.target import MOST_SIGHTINGS, Target, new_target, sight
from patrol.units.units import ROLES, Agency
from tests.fixtures.examples import examples
from tests.patrol.nodes.running import AGENCY, OTHER, START, Node, at

KM = 2356.0
AGENCIES = {
    AGENCY: Agency(id=AGENCY, name="Houay Xai", country="LA", blos=("LA-HXI",)),
    OTHER: Agency(id=OTHER, name="Chiang Khong", country="TH", blos=("TH-CKG",)),
}


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground(load_addresses())


@pytest.fixture(scope="module")
def offices() -> Offices:
    return Offices(offices_of(load("blos"), load_rivers()))


@pytest.fixture
async def border(tmp_path: Path, ground: Ground, offices: Offices) -> AsyncIterator[Node]:
    """A node of two agencies on both banks of Houay Xai, with the real rivers and border."""
    node = Node(tmp_path / "patrol.db")
    node.watch.ground, node.watch.agencies, node.watch.offices = ground, AGENCIES, offices
    await node.start()
    yield node
    await node.stop()


def off_middle(left_m: float, km: float = KM) -> tuple[float, float]:
    """Return (lon, lat) so far to the left of the middle, looking downstream."""
    river = load_rivers().main
    lon, lat = river.at_km(km)
    return destination(
        lon=lon,
        lat=lat,
        bearing_deg=(downstream_deg(river, km) - 90.0) % 360.0,
        distance_m=left_m,
    )


def seen(left_m: float, second: float = 0, *, km: float = KM, **more: Any) -> Sighting:
    """Return a sighting so far to the left of the middle; `heads` is off downstream, degrees."""
    lon, lat = off_middle(left_m, km)
    heads = more.pop("heads", None)
    if heads is not None:
        more["course_deg"] = (downstream_deg(load_rivers().main, km) + heads) % 360.0
    return Sighting(at=at(second), lon=lon, lat=lat, **{"accuracy_m": 20.0, **more})


async def agreed(node: Node, **terms: Any) -> str:
    """Bring an agreement about targets into force and return its id."""
    lao, thai = node.desk().agreements, node.desk(agency=OTHER, name="malee").agreements
    body: dict[str, Any] = {
        "name": "Joint patrols",
        "purposes": ("drugs",),
        "classes": ("targets",),
        "valid_from": START - timedelta(days=1),
        "valid_until": START + timedelta(days=365),
        **terms,
    }
    drafted = await lao.draft(Terms(**body), (AGENCY, OTHER))
    proposed = await lao.propose(drafted.id)
    await lao.sign(drafted.id, version=proposed.version)
    await thai.sign(drafted.id, version=proposed.version)
    return drafted.id


async def boat(node: Node, left_m: float = 600, **more: Any) -> Target:
    return await node.desk("crew").targets.open(
        what="vessel",
        name="grey boat",
        sighting=seen(left_m, speed_mps=8.0, heads=60.0),
        informants=("the ferryman",),
        **more,
    )


# -- across


@pytest.mark.parametrize(
    ("left_m", "accuracy_m", "expected"),
    [
        (600.0, 20.0, None),  # the Lao side
        (0.0, 20.0, None),  # in the middle
        (-250.0, 20.0, None),  # over the line as drawn, within its error
        (-600.0, 20.0, "border"),
        (-600.0, 2000.0, None),  # a sighting too vague to say
    ],
)
def test_only_what_is_surely_across_is_across(
    ground: Ground, left_m: float, accuracy_m: float, expected: str | None
) -> None:
    last = locate(seen(left_m, accuracy_m=accuracy_m), ground)
    assert across([last], "LA") == expected


def test_where_the_side_is_not_known_the_banks_of_a_border_river_count(ground: Ground) -> None:
    before, middle, after = (
        locate(seen(metres, number), ground) for number, metres in enumerate((600, 0, -600))
    )
    assert (before.bank, middle.bank, after.bank) == ("left", None, "right")
    assert across([before, middle, after], None) == "river"
    assert across([before, middle], None) is None
    assert across([after], None) is None


def test_far_from_the_border_the_middle_of_the_river_is_no_line(ground: Ground) -> None:
    banks = [locate(seen(metres, km=2100.0), ground) for metres in (900, -900)]
    assert [each.bank for each in banks] == ["left", "right"]
    assert across(banks, None) is None


def test_it_comes_across_once(ground: Ground) -> None:
    track = [locate(seen(metres, n), ground) for n, metres in enumerate((600, -600, -700))]
    assert comes_across(track[:2], "LA") == "border"
    assert comes_across(track, "LA") is None


# -- prediction


def test_a_boat_that_heads_across_lands_on_that_bank(ground: Ground) -> None:
    expected = predict([seen(600, speed_mps=8.0, heads=45.0)], ground)
    assert expected is not None
    landing = expected.landing
    assert (expected.way, expected.speed_mps) == ("down", 8.0)
    assert landing is not None
    assert (landing.by, landing.bank, landing.river) == ("course", "right", "Mekong")
    # 850 m to the shore at 5.66 m/s across, and as far down the river on the way.
    assert landing.eta is not None
    assert abs((landing.eta - at(150)).total_seconds()) < 5
    assert KM - 0.95 < landing.km < KM - 0.7
    assert landing.earliest is not None
    assert landing.latest is not None
    assert landing.earliest < landing.eta < landing.latest


def test_a_boat_that_goes_up_along_the_river_is_followed_round_its_bends(ground: Ground) -> None:
    expected = predict([seen(0, speed_mps=5.0, heads=180.0)], ground)
    assert expected is not None
    assert (expected.way, len(expected.track)) == ("up", len(AHEAD_MIN))
    half_hour = expected.track[-1]
    assert half_hour.km == pytest.approx(KM + 9.0, abs=0.05)
    assert half_hour.error_km > 2.0
    river = load_rivers().main
    assert river.locate(lon=half_hour.lon, lat=half_hour.lat) is not None
    assert expected.landing is not None
    assert expected.landing.by == "nearest"


def test_two_sightings_give_a_way_and_a_speed(ground: Ground) -> None:
    track = [seen(0, 0, km=2357.0), seen(0, 120, km=2356.0)]
    expected = predict(track, ground)
    assert expected is not None
    assert expected.way == "down"
    assert expected.speed_mps == pytest.approx(1000 / 120, abs=0.2)


def test_unknown_values_are_not_sent(ground: Ground) -> None:
    assert predict([], ground) is None
    assert predict([seen(0)], None) is None
    assert predict([Sighting(at=START, lon=0.0, lat=0.0)], ground) is None
    alone = predict([seen(0)], ground)
    assert alone is not None
    assert (alone.way, alone.speed_mps, alone.track) == (None, None, ())
    assert alone.landing is not None
    assert alone.landing.eta is None
    still = predict([seen(0, speed_mps=0.0)], ground)
    assert still is not None
    assert still.track == ()


@settings(max_examples=examples(60), deadline=None)
@given(
    km=st.floats(0.0, 2754.0),
    left_m=st.floats(-4000, 4000),
    speed=st.none() | st.floats(0.0, 100.0),
    course=st.none() | st.floats(0.0, 359.9),
    wrong_m=st.none() | st.floats(0.0, 100_000.0),
)
def test_every_sighting_has_a_prediction_that_can_be_stored(
    ground: Ground,
    km: float,
    left_m: float,
    speed: float | None,
    course: float | None,
    wrong_m: float | None,
) -> None:
    lon, lat = off_middle(left_m, km)
    last = Sighting(
        at=START, lon=lon, lat=lat, speed_mps=speed, course_deg=course, accuracy_m=wrong_m
    )
    expected = predict([last], ground)
    if expected is None:
        return
    low, high = load_rivers().river(expected.river).km_range
    low, high = low - 5e-4, high + 5e-4  # told to the metre
    assert all(low <= each.km <= high for each in expected.track)
    landing = expected.landing
    assert landing is not None
    assert low <= landing.km <= high
    if landing.eta is not None:
        assert landing.earliest is not None
        assert landing.latest is not None
        assert START <= landing.earliest <= landing.eta <= landing.latest


# -- the counterpart


@pytest.mark.parametrize(
    ("own", "km", "faces"),
    [
        ("LA", 2356.0, "TH-CKG"),
        ("TH", 2356.0, "LA-HXI"),
        ("LA", 2415.0, "TH-CSN"),
        ("LA", 1560.0, "TH-NKI"),
        ("KH", 240.0, "VN-STN"),
    ],
)
def test_the_counterpart_is_the_nearest_of_the_pairs_along_the_river(
    offices: Offices, own: str, km: float, faces: str
) -> None:
    agencies = {code: Agency(id=code, name=code, country=code) for code in ("LA", "TH", "KH", "VN")}
    lon, lat = off_middle(0, km)
    found = offices.find(agencies[own], agencies, lon=lon, lat=lat, river="Mekong", km=km)
    assert (found.office.id, found.agency) == (faces, faces[:2])
    assert found.facing.country == own


def test_away_from_rivers_the_nearest_pair_over_land_counts(offices: Offices) -> None:
    agencies = {code: Agency(id=code, name=code, country=code) for code in ("TH", "KH")}
    found = offices.find(agencies["TH"], agencies, lon=102.55, lat=13.66)
    assert found.office.id == "KH-PPT"


def test_whom_to_ask_is_shown_when_it_cannot_be_found(offices: Offices) -> None:
    lao = Agency(id="a", name="A", country="LA", blos=("LA-HXI",))
    where: dict[str, Any] = {"lon": 100.41, "lat": 20.27, "river": "Mekong", "km": KM}
    with pytest.raises(Conflict, match=r"no agency known here works from .* Chiang Khong"):
        offices.find(lao, {"a": lao}, **where)
    two = {id: Agency(id=id, name=id, country="TH") for id in ("police", "navy")}
    with pytest.raises(Conflict, match="2 agencies work from"):
        offices.find(lao, {"a": lao, **two}, **where)
    with pytest.raises(Conflict, match="no counterpart office faces"):
        offices.find(Agency(id="j", name="J"), {}, **where)


# -- through the desk


async def test_a_crew_opens_and_sights_and_a_restart_forgets_nothing(border: Node) -> None:
    made = await boat(border)
    again = await border.desk("crew").targets.add_sighting(made.id, seen(500, 30, note="two men"))
    assert [each.note for each in again.sightings] == ["", "two men"]
    assert again.sightings[0].place.startswith("km 2")
    assert again.prediction is not None
    fresh = await border.again()
    fresh.watch.ground, fresh.watch.agencies = Ground(load_addresses()), AGENCIES
    [found] = fresh.desk().targets.all()
    assert found == again
    assert [each.version for each in await fresh.desk().targets.versions(made.id)] == [1, 2]


async def test_each_role_does_with_targets_what_the_table_says(border: Node) -> None:
    made = await boat(border)
    may_open, may_close = {"commander", "crew", "liaison"}, {"commander", "liaison"}
    for role in ROLES:
        desk = border.desk(role)
        asked: list[tuple[set[str], Coroutine[Any, Any, Any]]] = [
            (may_open, desk.targets.add_sighting(made.id, seen(600))),
            (may_close, desk.hand_offs.withdraw("none")),
            (may_close, desk.hand_offs.accept("none", term=1)),
            (may_close, desk.targets.close("none", outcome="lost")),
        ]
        for allowed, asking in asked:
            try:
                await asking
            except Forbidden:
                assert role not in allowed, role
            except NotFound:
                assert role in allowed, role
            else:
                assert role in allowed, role
        if role == "technician":
            with pytest.raises(Forbidden):
                desk.targets.all()
            with pytest.raises(Forbidden):
                desk.hand_offs.all()


async def test_of_another_agencys_target_nothing_is_known_nor_done(border: Node) -> None:
    made = await boat(border)
    desk = border.desk(agency=OTHER).targets
    assert desk.all() == []
    for asking in (
        desk.one(made.id),
        desk.versions(made.id),
        desk.add_sighting(made.id, seen(600)),
        desk.change(made.id, {"name": "mine"}),
        desk.close(made.id, outcome="lost"),
        border.desk(agency=OTHER).hand_offs.offer(made.id, to=AGENCY),
    ):
        with pytest.raises(NotFound):
            await asking


async def test_what_cannot_have_been_seen_is_refused(border: Node) -> None:
    made = await boat(border)
    desk = border.desk("crew").targets
    with pytest.raises(Conflict, match="ahead of time"):
        await desk.add_sighting(made.id, seen(600, 600))
    with pytest.raises(PositionError):
        await desk.add_sighting(made.id, Sighting(at=START, lon=20.27, lat=100.41))
    theirs = await border.boat(agency=OTHER)
    with pytest.raises(NotFound, match="no unit"):
        await desk.add_sighting(made.id, seen(600, unit=theirs))
    with pytest.raises(NotFound, match="no photo"):
        await desk.add_photo(made.id, "ab" * 32)
    with pytest.raises(NotFound, match="no patrol"):
        await desk.change(made.id, {"patrol": "none"})


async def test_a_late_sighting_goes_where_its_time_says_and_offers_nothing(border: Node) -> None:
    await agreed(border)
    made = await boat(border)
    again = await border.desk("crew").targets.add_sighting(made.id, seen(-600, -300))
    assert [each.at for each in again.sightings] == [at(-300), at(0)]
    assert again.state == "followed"


def test_sightings_are_bounded() -> None:
    full = new_target(
        agency=AGENCY, origin="n", what="person", name="a man", at=START, by="k",
        sightings=tuple(seen(0, n) for n in range(MOST_SIGHTINGS)),
    )  # fmt: skip
    with pytest.raises(Conflict, match=f"at most {MOST_SIGHTINGS}"):
        sight(full, seen(0), ground=None, now=START, by="k")


async def test_a_closed_target_is_changed_by_nothing(border: Node) -> None:
    made = await boat(border)
    desk = border.desk().targets
    await desk.close(made.id, outcome="arrested", note="at the ferry")
    for asking in (
        desk.add_sighting(made.id, seen(600)),
        desk.close(made.id, outcome="lost"),
        desk.change(made.id, {"name": "other"}),
    ):
        with pytest.raises(IllegalStep, match="nothing changes it any more"):
            await asking
    [past] = await desk.past(since=START, until=at(60))
    assert (past.outcome, past.outcome_note) == ("arrested", "at the ferry")


# -- offers that follow


async def test_a_target_that_comes_surely_across_is_offered_at_once(border: Node) -> None:
    await agreed(border, answer_within_s=60.0)
    made = await boat(border)
    crossed_it = await border.desk("crew").targets.add_sighting(
        made.id, seen(-600, 60, speed_mps=8.0, heads=60.0)
    )
    assert crossed_it.version == 2
    assert crossed_it.state == "offered"
    [offer] = border.desk(agency=OTHER, name="malee").hand_offs.all()
    assert (offer.why, offer.to_agency, offer.office, offer.by) == ("border", OTHER, "TH-CKG", "")
    assert len(offer.fixes) == 2
    assert offer.speed_mps == 8.0
    assert offer.prediction is not None
    landing = offer.prediction.landing
    assert landing is not None
    assert (landing.bank, landing.river) == ("right", "Mekong")
    assert offer.lapses_at == offer.offered_at + timedelta(seconds=180)
    newer = await border.desk("crew").targets.add_sighting(made.id, seen(-650, 90))
    assert newer.state == "offered"
    [offer] = border.desk(agency=OTHER).hand_offs.all()
    assert len(offer.fixes) == 3, "the offer keeps up with what is seen"


async def test_without_an_agreement_no_offer_goes_and_the_target_says_why(border: Node) -> None:
    made = await boat(border)
    target = await border.desk("crew").targets.add_sighting(made.id, seen(-600, 60))
    assert target.state == "followed"
    assert "no agreement between la-hx and th-ck names targets" in target.remarks[-1].text
    assert "crossed the border" in target.remarks[-1].text
    with pytest.raises(Conflict, match="names targets"):
        await border.desk().hand_offs.offer(made.id)
    [now] = border.desk().targets.all()
    assert len(now.remarks) == 2
    assert border.desk().hand_offs.all() == []


async def test_with_the_agreement_suspended_the_commander_is_shown_who_and_why(
    border: Node,
) -> None:
    id = await agreed(border)
    made = await boat(border)
    await border.desk(agency=OTHER).agreements.suspend(id, reason="a row between capitals")
    with pytest.raises(Conflict, match=r"th-ck suspended .* a row between capitals"):
        await border.desk().hand_offs.offer(made.id)
    [now] = border.desk().targets.all()
    assert "a row between capitals" in now.remarks[-1].text
    acts = [row["act"] for row in border.rows("SELECT act FROM journal ORDER BY seq")]
    assert acts[-1] == "refuse hand-off"


async def test_what_was_seen_while_suspended_does_not_go_with_a_later_offer(border: Node) -> None:
    id = await agreed(border)
    made = await boat(border)
    thai = border.desk(agency=OTHER)
    border.time = at(10)
    await thai.agreements.suspend(id, reason="a row")
    border.time = at(20)
    await border.desk("crew").targets.add_sighting(made.id, seen(500, 20))
    border.time = at(30)
    await thai.agreements.resume(id)
    border.time = at(40)
    await border.desk("crew").targets.add_sighting(made.id, seen(400, 40))
    await border.desk().hand_offs.offer(made.id)
    [offer] = thai.hand_offs.all()
    assert [each.at for each in offer.fixes] == [at(0), at(40)]
    await border.desk().agreements.backfill(
        id, Backfill(start=at(15), end=at(25), classes=("targets",))
    )
    await border.desk().hand_offs.withdraw(offer.id)
    await border.desk().hand_offs.offer(made.id)
    [offer] = thai.hand_offs.all()
    assert [each.at for each in offer.fixes] == [at(0), at(20), at(40)]


async def test_outside_the_corridor_of_the_agreement_no_offer_goes(border: Node) -> None:
    corridor = Corridor(river="Mekong", km_from=2300.0, km_to=2330.0, from_river_m=3000.0)
    await agreed(border, corridor=corridor)
    made = await boat(border)
    with pytest.raises(Conflict, match="outside the corridor"):
        await border.desk().hand_offs.offer(made.id)


async def test_what_was_accepted_stays_when_the_agreement_is_suspended(border: Node) -> None:
    id = await agreed(border)
    made = await boat(border)
    thai = border.desk(agency=OTHER, name="malee")
    offer = await border.desk().hand_offs.offer(made.id)
    await thai.hand_offs.accept(offer.id, term=offer.term)
    await border.desk().agreements.suspend(id, reason="a row")
    assert thai.hand_offs.all() == []
    with pytest.raises(NotFound):
        await thai.hand_offs.one(offer.id)
    [theirs] = thai.targets.all()
    assert (theirs.agency, theirs.case, theirs.custodian) == (OTHER, made.case, OTHER)
    [mine] = border.desk().targets.all()
    assert (mine.state, mine.custodian) == ("handed over", OTHER)
    noted = await border.desk("crew").targets.add_sighting(mine.id, seen(-600, 60))
    assert noted.state == "handed over", "who gave it away may look on, for itself"
    assert len(thai.targets.all()[0].sightings) == 1


async def test_an_open_offer_is_cut_by_a_suspension_and_cannot_be_accepted(border: Node) -> None:
    id = await agreed(border)
    made = await boat(border)
    thai = border.desk(agency=OTHER, name="malee")
    offer = await border.desk().hand_offs.offer(made.id)
    assert thai.hand_offs.all() != []
    await border.desk().agreements.suspend(id, reason="a row")
    assert thai.hand_offs.all() == [], "at once, not with the next tick"
    with pytest.raises(Conflict, match="la-hx suspended"):
        await thai.hand_offs.accept(offer.id, term=offer.term)
    async with border.watch.turn as turn:
        await border.watch.document_service.tick(turn)
    [mine] = border.desk().targets.all()
    assert (mine.state, mine.custodian) == ("followed", AGENCY)
    [cut] = await border.desk().hand_offs.past(since=START, until=at(60))
    assert (cut.state, cut.is_over) == ("cut", True)
    await border.desk().agreements.resume(id)
    with pytest.raises(IllegalStep, match="cut"):
        await thai.hand_offs.accept(offer.id, term=offer.term)
    anew = await border.desk().hand_offs.offer(made.id)
    assert anew.term > offer.term


async def test_two_who_accept_at_once_have_it_once(border: Node) -> None:
    await agreed(border)
    made = await boat(border)
    offer = await border.desk().hand_offs.offer(made.id)
    first, second = (border.desk(agency=OTHER, name=name) for name in ("malee", "somsak"))
    answers = await asyncio.gather(
        first.hand_offs.accept(offer.id, term=offer.term),
        second.hand_offs.accept(offer.id, term=offer.term),
        border.desk().hand_offs.withdraw(offer.id),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, BaseException) for each in answers) == 1
    assert all(isinstance(each, IllegalStep) for each in answers if isinstance(each, Exception))
    assert len(first.targets.all()) in (1, 2)
    own = [each for each in first.targets.all() if each.agency == OTHER]
    assert len(own) == 1


async def test_an_offer_tells_places_as_exactly_and_as_late_as_agreed(border: Node) -> None:
    await agreed(border, precision_m=1000.0, delay_s=60.0)
    made = await boat(border)
    border.time = at(70)
    await border.desk("crew").targets.add_sighting(made.id, seen(500, 65))
    await border.desk().hand_offs.offer(made.id)
    [offer] = border.desk(agency=OTHER).hand_offs.all()
    [fix] = offer.fixes
    assert fix.at == at(0), "what is younger than the delay is not told"
    assert (fix.lon, fix.lat) == snapped(made.sightings[0].lon, made.sightings[0].lat, 1000.0)
    assert (fix.km, fix.bank, fix.place) == (None, None, "")
    assert offer.prediction is None
    await border.desk(agency=OTHER).hand_offs.accept(offer.id, term=offer.term)
    [theirs] = [each for each in border.desk(agency=OTHER).targets.all() if each.agency == OTHER]
    assert theirs.sightings == (fix,)
