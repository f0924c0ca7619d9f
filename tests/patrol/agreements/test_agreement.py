"""The life of an agreement: only what its table says, consents of each party, windows of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import LIFECYCLE, Agreement
from patrol.agreements.lifecycle import Backfill, Party
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import Conflict, Forbidden, IllegalStep, NotFound
from patrol.sectors.site_geography import Ground
from patrol.sharing.decisions import Sharing
from tests.fixtures.examples import examples
from tests.patrol.nodes.agreements import CK, DAY, HX, active, box, proposed, share, terms
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, tick

THIRD = Party(agency="mm-tl", name="aung")
THREE = (HX, CK, THIRD)

Act = Callable[[Agreement, datetime, Party], Agreement]

ACTS: dict[str, Act] = {
    "change": lambda it, when, who: acts.change(it, terms(name=f"v{it.version}"), at=when, who=who),
    "propose": lambda it, when, who: acts.propose(it, at=when, who=who),
    "sign": lambda it, when, who: acts.sign(it, at=when, who=who),
    "suspend": lambda it, when, who: acts.suspend(it, at=when, who=who, reason="why"),
    "resume": lambda it, when, who: acts.resume(it, at=when, who=who),
    "backfill": lambda it, when, who: acts.backfill(
        it, Backfill(start=at(-9), end=at(-1), classes=("tracks",)), at=when, who=who
    ),
    "end": lambda it, when, who: acts.end(it, at=when, who=who),
    "expire": lambda it, when, who: acts.expire(it, at=it.terms.valid_until),
}
"""What can be done, each by the name of its row in the table (`sign last` is `sign`)."""


def begun() -> Agreement:
    return acts.draft(terms(), [each.agency for each in THREE], at=at(0), who=HX, origin="n")


class Model:
    """What the words of the issue say, written down apart from the table."""

    def __init__(self) -> None:
        self.state = "draft"
        self.signed: set[str] = set()
        self.withheld: set[str] = set()

    def do(self, act: str, who: str) -> type[Exception] | None:
        """Do it if it may be done; return what it is refused with."""
        over = self.state in ("ended", "expired")
        in_force = self.state in ("active", "suspended")
        if over:
            return IllegalStep
        if act == "change":
            self.signed.clear()
            self.withheld.clear()
            self.state = "draft" if self.state == "draft" else "proposed"
        elif act == "propose":
            if self.state != "draft":
                return IllegalStep
            self.state = "proposed"
        elif act == "sign":
            if self.state != "proposed":
                return IllegalStep
            if who in self.signed:
                return Conflict
            self.signed.add(who)
            if len(self.signed) == len(THREE):
                self.state = "active"
        elif act == "suspend":
            if not in_force:
                return IllegalStep
            if who in self.withheld:
                return Conflict
            self.withheld.add(who)
            self.state = "suspended"
        elif act == "resume":
            if self.state != "suspended":
                return IllegalStep
            if who not in self.withheld:
                return Conflict
            self.withheld.discard(who)
            self.state = "suspended" if self.withheld else "active"
        elif act == "backfill":
            if not in_force:
                return IllegalStep
        else:
            self.state = {"end": "ended", "expire": "expired"}[act]
        return None


@settings(max_examples=examples(400), deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from(THREE)), max_size=25)
)
def test_every_legal_step_is_accepted_and_every_other_refused(
    steps: list[tuple[str, Party]],
) -> None:
    model, agreement = Model(), begun()
    for number, (act, who) in enumerate(steps):
        before = agreement
        refusal = model.do(act, who.agency)
        when = at(number + 1)
        if refusal is None:
            agreement = ACTS[act](agreement, when, who)
            assert agreement.version == before.version + 1
            assert agreement.by == (who.name if act != "expire" else "")
        else:
            with pytest.raises(refusal) as told:
                ACTS[act](agreement, when, who)
            assert type(told.value) is refusal
        assert agreement.state == model.state
        assert {each.agency for each in agreement.signatures} == model.signed
        assert {each.agency for each in agreement.withheld} == model.withheld
        if agreement.state != "active":
            assert all(each.end is not None for each in agreement.windows)


def states() -> dict[str, Agreement]:
    """Return an agreement in every state."""
    found = {"draft": begun()}
    found["proposed"] = acts.propose(begun(), at=at(1), who=HX)
    found["active"] = active(at(1), THREE)
    found["suspended"] = acts.suspend(found["active"], at=at(2), who=CK, reason="a row")
    found["ended"] = acts.end(found["active"], at=at(2), who=CK)
    found["expired"] = acts.expire(found["active"], at=found["active"].terms.valid_until)
    return found


def test_each_state_does_what_its_row_says() -> None:
    assert set(states()) == set(LIFECYCLE.states)
    assert {act.removesuffix(" last") for act in LIFECYCLE.acts} == set(ACTS)
    for state, agreement in states().items():
        for act, do in ACTS.items():
            who = HX if (state, act) == ("suspended", "suspend") else CK
            if (state, act) in LIFECYCLE.steps:
                assert do(agreement, at(9), who).state in (
                    LIFECYCLE.steps[state, act],
                    LIFECYCLE.steps.get((state, f"{act} last")),
                )
            else:
                with pytest.raises(IllegalStep) as refused:
                    do(agreement, at(9), who)
                assert refused.value.possible == LIFECYCLE.possible(state)


def test_it_is_in_force_with_the_last_signature_only() -> None:
    agreement = proposed(at(0), THREE)
    for number, party in enumerate(THREE):
        assert agreement.state == "proposed"
        assert agreement.windows == ()
        agreement = acts.sign(agreement, at=at(number), who=party)
    assert agreement.state == "active"
    assert {(each.start, each.end) for each in agreement.windows} == {(at(2), None)}
    assert len(agreement.windows) == 3 * len(agreement.terms.classes)


def test_any_party_suspends_and_all_windows_close_at_that_moment() -> None:
    for party in THREE:
        agreement = acts.suspend(active(at(0), THREE), at=at(60), who=party, reason="a row")
        assert {each.end for each in agreement.windows} == {at(60)}
        (word,) = agreement.withheld
        assert (word.agency, word.at, word.reason) == (party.agency, at(60), "a row")


def test_it_stays_suspended_while_any_party_withholds() -> None:
    agreement = acts.suspend(active(at(0), THREE), at=at(10), who=HX, reason="a")
    agreement = acts.suspend(agreement, at=at(20), who=CK, reason="b")
    agreement = acts.resume(agreement, at=at(30), who=HX)
    assert agreement.state == "suspended"
    assert {each.end for each in agreement.windows} == {at(10)}
    agreement = acts.resume(agreement, at=at(40), who=CK)
    assert agreement.state == "active"
    opened = {(each.start, each.end) for each in agreement.windows}
    assert opened == {(at(0), at(10)), (at(40), None)}


def test_backfill_opens_exactly_what_the_party_consented_to_of_its_own() -> None:
    agreement = acts.suspend(active(at(0)), at=at(10), who=CK, reason="a")
    agreement = acts.resume(
        agreement,
        at=at(100),
        who=CK,
        backfill=Backfill(start=at(20), end=at(30), classes=("tracks", "alerts")),
    )
    added = {
        (each.agency, each.data_class, each.start, each.end)
        for each in agreement.windows
        if each.backfill
    }
    assert added == {(OTHER, name, at(20), at(30)) for name in ("tracks", "alerts")}


@pytest.mark.parametrize(
    ("backfill", "why"),
    [
        (Backfill(start=at(0), end=at(200), classes=("tracks",)), "past"),
        (Backfill(start=at(9), end=at(9), classes=("tracks",)), "before it ends"),
        (Backfill(start=at(0), end=at(9), classes=("targets",)), "not in the terms"),
        (Backfill(start=at(0), end=at(9), classes=()), "names"),
    ],
)
def test_a_backfill_that_is_none_is_refused(backfill: Backfill, why: str) -> None:
    agreement = active(at(0), classes=("tracks", "positions"))
    agreement = acts.suspend(agreement, at=at(10), who=CK, reason="a")
    with pytest.raises(Conflict, match=why):
        acts.resume(agreement, at=at(100), who=CK, backfill=backfill)
    with pytest.raises(Conflict, match=why):
        acts.backfill(agreement, backfill, at=at(100), who=CK)


def test_changed_terms_begin_anew_without_the_windows_of_the_old() -> None:
    agreement = acts.change(active(at(0)), terms(precision_m=500.0), at=at(60), who=CK)
    assert (agreement.state, agreement.signatures, agreement.windows) == ("proposed", (), ())
    for party in (HX, CK):
        agreement = acts.sign(agreement, at=at(90), who=party)
    assert {each.start for each in agreement.windows} == {at(90)}


def test_windows_begin_no_earlier_than_the_agreement_is_valid() -> None:
    agreement = active(at(0), valid_from=at(1000))
    assert {each.start for each in agreement.windows} == {at(1000)}
    suspended = acts.suspend(agreement, at=at(10), who=CK, reason="a")
    assert suspended.windows == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ()},
        {"valid_from": at(10), "valid_until": at(10)},
        {"valid_from": at(-20), "valid_until": at(-10)},
    ],
)
def test_terms_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Conflict):
        proposed(at(0), **changes)


def test_names_of_officers_stay_with_their_agency() -> None:
    agreement = acts.suspend(active(at(0)), at=at(60), who=CK, reason="a row")
    seen, own = agreement.part_for(AGENCY), agreement.part_for(OTHER)
    assert seen is not None
    assert own is not None
    assert b"malee" not in msgspec.json.encode(seen)
    assert b"somchai" in msgspec.json.encode(seen)
    assert b"somchai" not in msgspec.json.encode(own)
    assert seen.withheld[0].reason == "a row"
    assert agreement.part_for("mm-tl") is None


# -- through the desk


async def test_a_draft_is_its_owners_alone_until_it_is_proposed(node: Node) -> None:
    desk, other = node.desk("planner"), node.desk("liaison", OTHER)
    drafted = await desk.agreements.draft(terms(), (AGENCY, OTHER))
    with pytest.raises(NotFound):
        await other.agreements.one(drafted.id)
    assert await other.agreements.all() == []
    for order in (
        other.agreements.sign(drafted.id, version=1),
        other.agreements.end(drafted.id),
        other.agreements.change(drafted.id, terms(name="x")),
    ):
        with pytest.raises(NotFound):
            await order
    await desk.agreements.propose(drafted.id)
    assert (await other.agreements.one(drafted.id)).state == "proposed"
    assert [each.version for each in await other.agreements.versions(drafted.id)] == [2]
    assert [each.version for each in await desk.agreements.versions(drafted.id)] == [1, 2]


async def test_a_draft_thrown_away_was_never_seen(node: Node) -> None:
    desk, other = node.desk("commander"), node.desk("liaison", OTHER)
    drafted = await desk.agreements.draft(terms(), (AGENCY, OTHER))
    await desk.agreements.end(drafted.id, reason="a mistake")
    assert await other.agreements.all(closed=True) == []
    assert [each.state for each in await desk.agreements.all(closed=True)] == ["ended"]


async def test_strangers_learn_of_no_agreement(node: Node) -> None:
    agreement = await share(node)
    stranger = node.desk("commander", "mm-tl")
    assert await stranger.agreements.all(closed=True) == []
    for order in (
        stranger.agreements.one(agreement.id),
        stranger.agreements.versions(agreement.id),
        stranger.agreements.suspend(agreement.id, reason="x"),
        stranger.agreements.backfill(
            agreement.id, Backfill(start=at(-9), end=at(-1), classes=("tracks",))
        ),
    ):
        with pytest.raises(NotFound):
            await order
    assert stranger.agreements.open() == []


@pytest.mark.parametrize("role", ["planner", "crew", "technician", "admin", "observer"])
async def test_only_who_may_suspends_and_signs(node: Node, role: Any) -> None:
    agreement = await share(node)
    desk = node.desk(role)
    for order in (
        desk.agreements.suspend(agreement.id, reason="x"),
        desk.agreements.resume(agreement.id),
        desk.agreements.sign(agreement.id, version=9),
        desk.agreements.end(agreement.id),
        desk.agreements.change(agreement.id, terms(name="x")),
    ):
        with pytest.raises(Forbidden):
            await order
    assert (await desk.agreements.one(agreement.id)).state == "active"


async def test_nobody_signs_terms_that_were_changed_meanwhile(node: Node) -> None:
    desk, other = node.desk("commander"), node.desk("commander", OTHER)
    drafted = await desk.agreements.draft(terms(), (AGENCY, OTHER))
    read = await desk.agreements.propose(drafted.id)
    await desk.agreements.change(drafted.id, terms(precision_m=0.0, name="other"))
    with pytest.raises(Conflict, match="read them again"):
        await other.agreements.sign(drafted.id, version=read.version)
    after = await other.agreements.one(drafted.id)
    signed = await other.agreements.sign(drafted.id, version=after.version)
    assert signed.unsigned == (AGENCY,)


async def test_it_is_kept_over_a_restart_and_expires_by_itself(node: Node) -> None:
    agreement = await share(node, valid_until=at(100))
    await node.again()
    assert (await node.desk().agreements.one(agreement.id)).state == "active"
    node.time = at(100)
    await tick(node.watch)
    over = await node.desk().agreements.one(agreement.id)
    assert (over.state, over.reason) == ("expired", "its time is over")
    node.time = at(200)
    await node.again()
    why = node.watch.sharing.refusal(
        owner=OTHER, viewer=AGENCY, data_class="positions", now=node.time
    )
    assert why is not None
    assert "is over since" in why


async def test_every_act_is_in_the_journal(node: Node) -> None:
    agreement = await share(node)
    other = node.desk("liaison", OTHER, "malee")
    await other.agreements.suspend(agreement.id, reason="by order")
    await other.agreements.resume(agreement.id)
    rows = node.rows(
        "SELECT act, actor, agency FROM journal WHERE subject = ? ORDER BY seq",
        f"agreement:{agreement.id}",
    )
    assert [tuple(row) for row in rows] == [
        ("draft agreement", "somchai", AGENCY),
        ("propose agreement", "somchai", AGENCY),
        ("sign agreement", "somchai", AGENCY),
        ("sign agreement", "malee", OTHER),
        ("suspend agreement", "malee", OTHER),
        ("resume agreement", "malee", OTHER),
    ]


async def test_without_a_river_no_corridor_is_drawn(node: Node) -> None:
    node.watch.ground = Ground()
    with pytest.raises(Conflict, match="cannot be drawn"):
        await node.desk().agreements.draft(terms(corridor=box(0, 0, 1, 1)), (AGENCY, OTHER))


def test_the_reason_for_closing_is_sent_to_viewers() -> None:
    open_documents = OpenDocuments()
    sharing = Sharing(open_documents)

    def why(seconds: float = 60) -> str | None:
        return sharing.refusal(owner=OTHER, viewer=AGENCY, data_class="positions", now=at(seconds))

    assert why() == "no agreement between th-ck and la-hx names positions"
    open_documents.put([proposed(at(0))])
    assert "waits for the signature of la-hx, th-ck" in (why() or "")
    open_documents = OpenDocuments()
    sharing = Sharing(open_documents)
    agreement = active(at(0))
    open_documents.put([agreement])
    assert why() is None
    assert "is over" in (why(400 * DAY) or "")
    open_documents.put([acts.suspend(agreement, at=at(30), who=CK, reason="by order")])
    assert why() == "th-ck suspended “Joint” at 2026-11-24 12:00 UTC: by order"
