"""Patrols: their life from its table, signatures of one content, annexes, suspension, the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.position.position import Position
from patrol.documents_registry.document_kinds import decode, encode
from patrol.errors.errors import Conflict, Forbidden, IllegalStep, NotFound
from patrol.patrols import lifecycle as acts
from patrol.patrols.lifecycle import PatrolActor
from patrol.patrols.patrol import (
    CONTENT,
    LIFECYCLE,
    Annex,
    Base,
    CheckIn,
    Leg,
    Member,
    Patrol,
    PatrolState,
    Rendezvous,
    Signature,
    sha256_of,
)
from patrol.sector_checks.drawing import SectorShape
from patrol.units.data_classes import DATA_CLASSES, marks
from patrol.watch.clock import is_start_overdue, overdue_units, suspensions
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, said

KHAM, MALEE = PatrolActor(name="kham", agency=AGENCY), PatrolActor(name="malee", agency=OTHER)
STATES: tuple[PatrolState, ...] = get_args(PatrolState)


def drafted(**more: Any) -> Patrol:
    """Return a joint patrol from one hour on, for two hours."""
    values: dict[str, Any] = {
        "id": "p1",
        "agency": AGENCY,
        "at": at(0),
        "by": "kham",
        "by_agency": AGENCY,
        "name": "Night watch",
        "agencies": (AGENCY, OTHER),
        "lead": AGENCY,
        "starts_at": at(3600),
        "ends_at": at(10_800),
        "members": (
            Member(unit="naga", agency=AGENCY, crew=4),
            Member(unit="khong", agency=OTHER, crew=3),
        ),
    }
    return Patrol(**(values | more))


def signed_by_both(patrol: Patrol) -> Patrol:
    """Return the patrol proposed and signed."""
    patrol = acts.propose(patrol, at=at(1), who=KHAM)
    patrol = acts.sign(patrol, revision=patrol.revision, at=at(2), who=KHAM)
    return acts.sign(patrol, revision=patrol.revision, at=at(3), who=MALEE)


def under_way(**more: Any) -> Patrol:
    """Return a joint patrol that was begun at second 3600."""
    patrol = acts.make_ready(signed_by_both(drafted(**more)), at=at(4), who=KHAM)
    return acts.start(patrol, at=at(3600), who=KHAM)


def in_state(state: PatrolState) -> Patrol:
    """Return a patrol that came to a state as patrols do."""
    patrol = drafted()
    if state == "draft":
        return patrol
    if state == "proposed":
        return acts.propose(patrol, at=at(1), who=KHAM)
    if state == "signed":
        return signed_by_both(patrol)
    if state == "ready":
        return acts.make_ready(signed_by_both(patrol), at=at(4), who=KHAM)
    if state == "cancelled":
        return acts.cancel(patrol, at=at(1), who=KHAM)
    going = under_way()
    return going if state == "under way" else acts.end(going, at=at(9000), who=MALEE)


def _sign(patrol: Patrol) -> Patrol:
    return acts.sign(patrol, revision=patrol.revision, at=at(20), who=KHAM)


def _sign_last(patrol: Patrol) -> Patrol:
    if patrol.state == "proposed":
        patrol = acts.sign(patrol, revision=patrol.revision, at=at(20), who=KHAM)
    return acts.sign(patrol, revision=patrol.revision, at=at(21), who=MALEE)


def _withdraw(patrol: Patrol) -> Patrol:
    if patrol.state == "proposed":
        patrol = acts.sign(patrol, revision=patrol.revision, at=at(20), who=KHAM)
    return acts.withdrawn(patrol, at=at(21), who=KHAM)


DOES: dict[str, Callable[[Patrol], Patrol]] = {
    "change": lambda p: acts.change(p, {"note": "lights out"}, at=at(20), who=MALEE),
    "propose": lambda p: acts.propose(p, at=at(20), who=KHAM),
    "cancel": lambda p: acts.cancel(p, at=at(20), who=KHAM),
    "sign": _sign,
    "sign last": _sign_last,
    "withdraw signature": _withdraw,
    "ready": lambda p: acts.make_ready(p, at=at(20), who=MALEE),
    "start": lambda p: acts.start(p, at=at(20), who=KHAM),
    "check in": lambda p: acts.check_in(p, unit="naga", told_at=at(4000), at=at(4001), who=KHAM),
    "end": lambda p: acts.end(p, at=at(20), who=KHAM),
}


def test_the_table_names_every_state_and_every_act_has_a_function() -> None:
    assert set(LIFECYCLE.states) == set(STATES)
    assert set(LIFECYCLE.acts) == set(DOES)
    assert {state for state in LIFECYCLE.states if LIFECYCLE.is_end(state)} == {
        "ended",
        "cancelled",
    }


@given(state=st.sampled_from(STATES), act=st.sampled_from(sorted(DOES)))
def test_every_step_of_the_table_is_taken_and_every_other_refused(
    state: PatrolState, act: str
) -> None:
    before = in_state(state)
    assert before.state == state
    to = LIFECYCLE.steps.get((state, act))
    if to is None:
        with pytest.raises(IllegalStep) as refused:
            DOES[act](before)
        assert refused.value.state == state
        assert set(refused.value.possible) == set(LIFECYCLE.possible(state))
        return
    after = DOES[act](before)
    assert after.state == to
    assert after.version > before.version


@given(st.lists(st.sampled_from(sorted(DOES)), max_size=12))
def test_no_order_of_acts_brings_a_patrol_under_way_without_both_signatures(
    order: list[str],
) -> None:
    patrol = drafted()
    for act in order:
        try:
            following = DOES[act](patrol)
        except Conflict:
            continue
        assert following is patrol or following.version > patrol.version
        patrol = following
        if patrol.state in ("signed", "ready", "under way", "ended"):
            assert patrol.unsigned == ()
        if patrol.state in ("draft", "cancelled"):
            assert patrol.started_at is None


def test_how_many_are_on_a_unit_is_unknown_until_entered_and_is_signed_with_the_rest() -> None:
    unsaid = Member(unit="naga", agency=AGENCY)
    assert unsaid.crew is None
    assert msgspec.json.encode(unsaid) == b'{"unit":"naga","agency":"%s"}' % AGENCY.encode()
    assert msgspec.json.decode(msgspec.json.encode(unsaid), type=Member) == unsaid
    one = msgspec.structs.replace(unsaid, crew=1)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Member) == one
    plans = [msgspec.structs.replace(drafted(), members=(each,)) for each in (unsaid, one)]
    assert len({sha256_of(each) for each in plans}) == 2


CHANGES: dict[str, Any] = {
    "name": "Dawn watch",
    "lead": OTHER,
    "starts_at": at(3700),
    "ends_at": at(10_900),
    "members": (Member(unit="naga", agency=AGENCY, crew=5),),
    "sectors": ("s1",),
    "legs": (Leg(name="up", starts_at=at(3600), ends_at=at(5000), lead=OTHER),),
    "rendezvous": (Rendezvous(name="pier", lon=100.4, lat=20.2, at=at(5000)),),
    "check_in_interval_s": 600.0,
    "check_in_grace_s": 60.0,
    "check_in_by_message": False,
    "start_grace_s": 60.0,
    "start_by_plan": True,
    "start_by_movement": True,
    "end_by_plan": True,
    "end_by_movement": True,
    "note": "quiet",
}


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize("state", ["proposed", "signed", "ready"])
def test_any_change_of_content_needs_all_signatures_again(name: str, state: PatrolState) -> None:
    before = in_state(state)
    if name == "agencies":
        with pytest.raises(Conflict, match="agencies of a patrol that was proposed stay"):
            acts.change(before, {name: (AGENCY, OTHER, "mm-tl")}, at=at(20), who=KHAM)
        return
    after = acts.change(before, {name: CHANGES[name]}, at=at(20), who=MALEE)
    assert (after.state, after.signatures, after.revision) == ("proposed", (), before.revision + 1)
    assert after.unsigned == (AGENCY, OTHER)
    with pytest.raises(Conflict, match=f"read revision {after.revision}, not {before.revision}"):
        acts.sign(after, revision=before.revision, at=at(21), who=KHAM)


def test_the_same_content_again_is_no_change() -> None:
    before = in_state("signed")
    assert acts.change(before, {"name": before.name}, at=at(20), who=KHAM) is before


def test_a_signature_put_under_another_content_is_none() -> None:
    proposed = in_state("proposed")
    forged = msgspec.structs.replace(
        proposed,
        note="other words",
        signatures=in_state("signed").signatures,
    )
    assert forged.unsigned == (AGENCY, OTHER)


def test_an_agency_signs_once_and_takes_its_signature_back() -> None:
    once = _sign(in_state("proposed"))
    with pytest.raises(Conflict, match="la-hx has signed revision 1 already"):
        _sign(once)
    with pytest.raises(Conflict, match="th-ck has not signed it"):
        acts.withdrawn(once, at=at(21), who=MALEE)
    with pytest.raises(Conflict, match="the signature of mm-tl is not asked for"):
        acts.sign(once, revision=1, at=at(21), who=PatrolActor(name="x", agency="mm-tl"))
    back = acts.withdrawn(in_state("ready"), at=at(22), who=MALEE)
    assert (back.state, back.unsigned, back.ready_at) == ("proposed", (OTHER,), None)


def test_only_the_owner_cancels() -> None:
    with pytest.raises(Conflict, match="only la-hx can cancel"):
        acts.cancel(in_state("signed"), at=at(20), who=MALEE)


def test_an_annex_is_its_agencys_alone_and_no_content() -> None:
    patrol = acts.annex(in_state("signed"), "informant at the pier", at=at(5), who=KHAM)
    patrol = acts.annex(patrol, "second engine is weak", at=at(6), who=MALEE)
    assert patrol.unsigned == ()
    ours, theirs = patrol.part_for(AGENCY), patrol.part_for(OTHER)
    assert ours is not None
    assert theirs is not None
    assert [each.text for each in ours.annexes] == ["informant at the pier"]
    assert [each.text for each in theirs.annexes] == ["second engine is weak"]
    assert b"informant" not in encode(theirs)
    assert b"kham" not in encode(theirs), "names of officers stay at home"
    assert patrol.part_for("mm-tl") is None
    shared = patrol.shared(frozenset(DATA_CLASSES))
    assert shared is not None
    assert not shared.annexes
    assert not any(each.agency == OTHER for each in shared.members), "not ours to share"
    gone = acts.annex(patrol, "", at=at(7), who=KHAM)
    assert [each.agency for each in gone.annexes] == [OTHER]


def test_a_draft_is_nobodys_but_its_owners() -> None:
    assert drafted().part_for(OTHER) is None
    assert drafted().shared(frozenset(DATA_CLASSES)) is None


@pytest.mark.parametrize("kind", [Patrol, Member, Base, Leg, Rendezvous, Signature, Annex, CheckIn])
def test_every_field_says_whether_it_may_cross(kind: type[msgspec.Struct]) -> None:
    assert None not in marks(kind).values()


def test_a_patrol_comes_back_from_its_json_as_it_was() -> None:
    patrol = acts.change(drafted(), CHANGES | {"name": "ສາຍນ້ຳ"}, at=at(1), who=KHAM)
    assert decode("patrol", encode(patrol)) == patrol


# -- suspension


def test_while_suspended_each_side_holds_its_own_part_and_nothing_joint_is_done() -> None:
    going = under_way(
        rendezvous=(
            Rendezvous(name="ours", lon=100.4, lat=20.2, at=at(5000), units=("naga",)),
            Rendezvous(name="both", lon=100.4, lat=20.2, at=at(6000)),
        )
    )
    going = acts.check_in(going, unit="khong", told_at=at(3700), at=at(3700), who=MALEE)
    cut = acts.suspend(going, "th-ck suspended it", at=at(3800), who=KHAM)
    ours, theirs = cut.part_for(AGENCY), cut.part_for(OTHER)
    assert ours is not None
    assert theirs is not None
    assert ours.units == ("naga",)
    assert theirs.units == ("khong",)
    assert [each.name for each in ours.rendezvous] == ["ours"]
    assert ours.check_ins == ()
    assert [each.unit for each in theirs.check_ins] == ["khong"]
    assert {each.agency for each in ours.signatures} == {AGENCY}
    assert ours.suspension_reason == "th-ck suspended it"
    assert acts.check_in(cut, unit="naga", told_at=at(3900), at=at(3900), who=KHAM).check_ins
    assert acts.end(cut, at=at(4000), who=KHAM).state == "ended"
    ready = acts.suspend(in_state("ready"), "why", at=at(5), who=KHAM)
    for act in ("change", "start"):
        with pytest.raises(Conflict, match="it is suspended: why"):
            DOES[act](ready)
    cut = acts.check_in(cut, unit="naga", note="alone", told_at=at(3950), at=at(3950), who=KHAM)
    resumed = acts.suspend(cut, None, at=at(4000), who=KHAM)
    for agency, units in ((AGENCY, {"naga", "khong"}), (OTHER, {"khong"})):
        held = resumed.part_for(agency)
        assert held is not None
        assert {each.unit for each in held.check_ins} == units, "no backfill"
    assert resumed.check_in_overdue == ()
    assert (resumed.suspended, resumed.suspension_reason) == (False, "")
    again = resumed.part_for(AGENCY)
    assert again is not None
    assert again.units == ("naga", "khong")


IDS = {AGENCY: ("naga", "sing"), OTHER: ("khong", "ping"), "mm-tl": ("wa", "san")}
OWNERS = {unit: agency for agency, units in IDS.items() for unit in units}


@given(data=st.data())
def test_the_own_part_names_no_unit_and_no_officer_of_another(data: st.DataObject) -> None:
    units = data.draw(st.lists(st.sampled_from(sorted(OWNERS)), unique=True, min_size=1))
    some = st.lists(st.sampled_from(units), unique=True).map(tuple)
    agencies = tuple(sorted(IDS))
    patrol = drafted(
        state="proposed",
        agencies=agencies,
        members=tuple(Member(unit=each, agency=OWNERS[each]) for each in units),
        legs=tuple(
            Leg(name=f"leg of {lead}", starts_at=at(0), ends_at=at(1), lead=lead)
            for lead in data.draw(st.lists(st.sampled_from(agencies)))
        ),
        rendezvous=tuple(
            Rendezvous(name="x", lon=1.0, lat=2.0, at=at(1), units=who)
            for who in data.draw(st.lists(some, max_size=3))
        ),
        check_ins=tuple(
            CheckIn(unit=each, agency=OWNERS[each], at=at(1)) for each in data.draw(some)
        ),
        check_in_overdue=data.draw(some),
        signatures=tuple(
            Signature(agency=each, at=at(1), revision=1, sha256="0", by=f"officer of {each}")
            for each in data.draw(st.lists(st.sampled_from(agencies), unique=True))
        ),
        annexes=tuple(
            Annex(agency=each, text=f"secret of {each}", at=at(1), by=f"officer of {each}")
            for each in data.draw(st.lists(st.sampled_from(agencies), unique=True))
        ),
        by="officer of nobody",
        by_agency="",
    )
    viewer = data.draw(st.sampled_from(agencies))
    text = encode(patrol.own_part(viewer)).decode()
    others = [each for each in OWNERS if OWNERS[each] != viewer]
    assert not any(f'"{each}"' in text for each in others), text
    assert not any(
        f"{what} of {each}" in text
        for what in ("officer", "secret", "leg")
        for each in (*agencies, "nobody")
        if each != viewer
    ), text
    held = patrol.part_for(viewer)
    assert held is not None
    whole = encode(held).decode()
    assert not any(
        f"{what} of {each}" in whole
        for what in ("officer", "secret")
        for each in (*agencies, "nobody")
        if each != viewer
    )


def test_suspensions_flag_joint_patrols_that_others_know_of_and_unflag_them() -> None:
    from patrol.documents.open_documents import OpenDocuments

    open_documents = OpenDocuments()
    open_documents.put(
        [
            in_state("ready"),
            msgspec.structs.replace(in_state("signed"), id="alone", agencies=(AGENCY,)),
            msgspec.structs.replace(drafted(), id="draft"),
        ]
    )

    def closed(*_: object) -> str | None:
        return "th-ck suspended it"

    [cut] = suspensions(open_documents, at(10), closed)
    assert (cut.id, cut.suspended, cut.state) == ("p1", True, "ready")
    open_documents.put([cut])
    assert suspensions(open_documents, at(11), closed) == ()
    [again] = suspensions(open_documents, at(12), lambda *_: None)
    assert not again.suspended


# -- overdue


def test_a_start_is_overdue_after_its_grace_until_it_begins() -> None:
    patrol = in_state("ready")
    assert not is_start_overdue(patrol, at(3600 + 900))
    assert is_start_overdue(patrol, at(3600 + 901))
    assert not is_start_overdue(in_state("proposed"), at(9999))
    assert not is_start_overdue(under_way(), at(9999))


@given(
    interval=st.integers(30, 7200),
    told=st.none() | st.integers(0, 20_000),
    heard=st.none() | st.integers(0, 20_000),
    now=st.integers(3600, 30_000),
    counts=st.booleans(),
)
def test_a_check_in_is_overdue_after_the_last_that_counts(
    interval: int, told: int | None, heard: int | None, now: int, counts: bool
) -> None:
    patrol = under_way(check_in_interval_s=float(interval), check_in_by_message=counts)
    if told is not None:
        patrol = acts.check_in(patrol, unit="naga", told_at=at(told), at=at(20_000), who=KHAM)
    times = [3600] + [told] * (told is not None) + [heard] * (counts and heard is not None)
    last = max(each for each in times if each is not None)

    def heard_at(_unit: str) -> datetime | None:
        return None if heard is None else at(heard)

    overdue = overdue_units(patrol, at(now), heard_at)
    assert ("naga" in overdue) is (now - last > interval + 120)


# -- on a real node


def alone(**more: Any) -> dict[str, Any]:
    """Return the content of a patrol of one agency."""
    return {"name": "Pier", "starts_at": at(600), "ends_at": at(7200)} | more


async def ready(node: Node, **more: Any) -> Patrol:
    """Return a patrol of one agency with one boat, ready."""
    boat = await node.boat(f"Boat {len(node.watch.picture.units) + 1}")
    desk = node.desk().patrols
    member = Member(unit=boat, agency=AGENCY, **more.pop("member", {}))
    patrol = await desk.draft(**alone(members=(member,), **more))
    await desk.propose(patrol.id)
    await desk.sign(patrol.id, revision=1)
    return await node.desk("crew").patrols.ready(patrol.id)


async def ticked(node: Node, seconds: float) -> None:
    """Set the clock and let the watch do what time brings."""
    node.time = at(seconds)
    async with node.watch.turn as turn:
        node.watch.picture.tick(node.time)
        await node.watch.document_service.tick(turn)


async def test_a_patrol_is_started_and_ended_by_its_crew_and_kept_with_all_versions(
    node: Node,
) -> None:
    patrol = await ready(node)
    crew = node.desk("crew").patrols
    going = await crew.start(patrol.id)
    assert (going.state, going.started_by) == ("under way", "order")
    over = await crew.end(patrol.id, reason="all quiet")
    assert (over.state, over.ended_by, over.is_closed) == ("ended", "order", True)
    assert crew.all() == []
    assert [each.id for each in await crew.past(since=at(-60), until=at(60))] == [patrol.id]
    states = [each.state for each in await crew.versions(patrol.id)]
    assert states == ["draft", "proposed", "signed", "ready", "under way", "ended"]
    with pytest.raises(IllegalStep, match="nothing changes it any more"):
        await crew.start(patrol.id)
    await node.again()
    assert (await node.desk().patrols.one(patrol.id)).state == "ended"


async def test_a_patrol_starts_and_ends_by_its_plan_also_after_a_restart(node: Node) -> None:
    patrol = await ready(node, start_by_plan=True, end_by_plan=True)
    await ticked(node, 599)
    assert (await node.desk().patrols.one(patrol.id)).state == "ready"
    await node.again()
    await ticked(node, 600)
    going = await node.desk().patrols.one(patrol.id)
    assert (going.state, going.started_by, going.started_at) == ("under way", "plan", at(600))
    await ticked(node, 7200)
    over = await node.desk().patrols.one(patrol.id)
    assert (over.state, over.ended_by) == ("ended", "plan")


PIER = Base(lon=100.40, lat=20.27, radius_m=300.0)


async def moved(node: Node, second: float, lon: float, *, accuracy_m: float | None = None) -> None:
    """Hear the boat at a place, and let the watch look."""
    node.time = at(second)
    place = Position(lon=lon, lat=20.27, accuracy_m=accuracy_m)
    await node.hear(said("a", second, position=place))
    await ticked(node, second)


async def test_a_patrol_starts_when_a_boat_surely_leaves_its_base_in_the_window(
    node: Node,
) -> None:
    patrol = await ready(node, start_by_movement=True, member={"base": PIER})
    await node.desk("admin").registry.assign(
        address="test:a", unit=patrol.units[0], start=at(-600), channel="*"
    )
    desk = node.desk().patrols

    async def state() -> str:
        return (await desk.one(patrol.id)).state

    for second in (10, 40, 70):
        await moved(node, second, 100.40)
    await moved(node, 100, 100.4027)  # 282 m: inside, as far as anybody can tell
    await moved(node, 130, 100.4029)  # 303 m: nobody can tell
    await moved(node, 160, 100.40)
    for second in (200, 260):  # before the window it may go where it likes
        await moved(node, second, 100.406)
    assert await state() == "ready"
    for second in (400, 460):
        await moved(node, second, 100.40)
    await moved(node, 700, 100.405)
    assert await state() == "ready", "one position is none"
    await moved(node, 730, 100.407)
    going = await desk.one(patrol.id)
    assert (going.state, going.started_by) == ("under way", "movement")


async def test_a_patrol_starts_when_a_boat_enters_a_sector_of_it(node: Node) -> None:
    ring = ((100.41, 20.25), (100.45, 20.25), (100.45, 20.29), (100.41, 20.29), (100.41, 20.25))
    geometry = {"type": "Polygon", "coordinates": [list(ring)]}
    sector = await node.desk().sectors.draw(name="Isles", shape=SectorShape(polygon=geometry))
    patrol = await ready(node, start_by_movement=True, sectors=(sector.id,))
    await node.desk("admin").registry.assign(
        address="test:a", unit=patrol.units[0], start=at(-600), channel="*"
    )
    desk = node.desk().patrols
    for second in (700, 760):
        await moved(node, second, 100.42)  # it lies inside: nobody saw it come in
    assert (await desk.one(patrol.id)).state == "ready"
    for second in (820, 880):
        await moved(node, second, 100.405)
    await moved(node, 940, 100.4101, accuracy_m=50.0)
    await moved(node, 1000, 100.4102, accuracy_m=50.0)
    assert (await desk.one(patrol.id)).state == "ready", "as wrong as it may be, it is outside"
    for second in (1060, 1120):
        await moved(node, second, 100.412)
    going = await desk.one(patrol.id)
    assert (going.state, going.started_by, going.started_at) == ("under way", "movement", at(1120))


async def test_a_patrol_ends_when_all_have_been_back_for_a_while(node: Node) -> None:
    patrol = await ready(node, end_by_movement=True, member={"base": PIER})
    await node.desk("admin").registry.assign(
        address="test:a", unit=patrol.units[0], start=at(-600), channel="*"
    )
    desk = node.desk("crew").patrols
    await desk.start(patrol.id)
    for second in (10, 70, 130, 400, 800):
        await moved(node, second, 100.40)
    assert (await desk.one(patrol.id)).state == "under way", "it has not been out yet"
    for second in (900, 960):
        await moved(node, second, 100.41)
    for second in (1100, 1160, 1699):
        await moved(node, second, 100.40)
    assert (await desk.one(patrol.id)).state == "under way"
    await moved(node, 1700, 100.40)
    over = await desk.one(patrol.id)
    assert (over.state, over.ended_by) == ("ended", "movement")


async def test_overdue_is_flagged_and_cleared_by_what_ends_it(node: Node) -> None:
    patrol = await ready(node, check_in_interval_s=600.0, start_grace_s=300.0)
    boat = patrol.units[0]
    await node.desk("admin").registry.assign(
        address="test:a", unit=boat, start=at(-600), channel="*"
    )
    desk = node.desk("crew").patrols
    await ticked(node, 901)
    assert (await desk.one(patrol.id)).start_overdue
    started = await desk.start(patrol.id)
    assert not started.start_overdue
    version = started.version
    await ticked(node, 901 + 720)
    assert (await desk.one(patrol.id)).version == version, "nothing changed, nothing is kept"
    await ticked(node, 901 + 721)
    assert (await desk.one(patrol.id)).check_in_overdue == (boat,)
    await desk.check_in(patrol.id, unit=boat, note="all well")
    await ticked(node, 1623)
    assert (await desk.one(patrol.id)).check_in_overdue == ()
    await ticked(node, 1622 + 721)
    assert (await desk.one(patrol.id)).check_in_overdue == (boat,)
    await node.hear(said("a", 2343, lon=None))  # any message will do
    await ticked(node, 2344)
    assert (await desk.one(patrol.id)).check_in_overdue == ()


async def test_only_an_order_counts_where_the_patrol_says_so(node: Node) -> None:
    patrol = await ready(node, check_in_interval_s=60.0, check_in_by_message=False)
    boat = patrol.units[0]
    await node.desk("admin").registry.assign(
        address="test:a", unit=boat, start=at(-600), channel="*"
    )
    desk = node.desk("crew").patrols
    await desk.start(patrol.id)
    node.time = at(200)
    await node.hear(said("a", 200))
    await ticked(node, 201)
    assert (await desk.one(patrol.id)).check_in_overdue == (boat,)


async def test_who_may_do_what_with_a_patrol(node: Node) -> None:
    patrol = await node.desk("planner").patrols.draft(**alone())
    for role in ("crew", "technician", "observer", "liaison"):
        with pytest.raises(Forbidden):
            await node.desk(role).patrols.draft(**alone())
    with pytest.raises(Forbidden):
        await node.desk("planner").patrols.sign(patrol.id, revision=1)
    with pytest.raises(NotFound):
        await node.desk("commander", agency=OTHER).patrols.one(patrol.id)
    with pytest.raises(NotFound):
        await node.desk("commander", agency=OTHER).patrols.propose(patrol.id)


async def test_two_orders_at_once_do_not_both_start_it(node: Node) -> None:
    import asyncio

    patrol = await ready(node)
    crew = node.desk("crew").patrols
    done = await asyncio.gather(*(crew.start(patrol.id) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, Patrol) for each in done) == 1
    assert sum(isinstance(each, IllegalStep) for each in done) == 3
