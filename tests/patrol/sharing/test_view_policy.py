"""What may pass: the stream's predicate and the store's condition say the same, and deny first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from patrol.desks.desk import Desk
from patrol.errors.errors import CannotSend, Forbidden, NotFound, PatrolError
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.engine.engine import open_engine
from patrol.store.schema.tables import units
from patrol.units.permissions import ACTS, acts_of, may, require
from patrol.units.units import ROLES, Role
from tests.fixtures.databases import empty_store
from tests.fixtures.examples import examples
from tests.patrol.nodes.running import AGENCY, OTHER, Node, address, at, said

agencies = st.sampled_from(["la-hx", "th-ck", "LA-HX", "", "la-hx'--", "ສປປ"])


def test_the_stream_and_the_store_let_the_same_records_pass(tmp_path: Path) -> None:
    engine = open_engine(empty_store(tmp_path / "p.db"))

    @settings(max_examples=examples(200), deadline=None)
    @given(
        owners=st.lists(agencies, max_size=6),
        agency=agencies,
        role=st.sampled_from([*ROLES, "nobody"]),
        known=st.booleans(),
    )
    def same(owners: list[str], agency: str, role: Role, known: bool) -> None:
        policy = ViewPolicy(agency=agency, role=role)
        with engine.connect() as connection:
            for number, owner in enumerate(owners):
                connection.execute(
                    units.insert().values(
                        id=str(number),
                        call_sign="x",
                        kind="boat",
                        expected_interval_s=1.0,
                        note="",
                        agency=owner,
                        origin="n",
                    )
                )
            found = connection.execute(
                select(units.c.id).where(policy.condition(units, known=known))
            ).scalars()
            passing = {
                str(number)
                for number, owner in enumerate(owners)
                if policy.passes(agency=owner, known=known)
            }
            assert set(found) == passing
            connection.rollback()

    same()
    engine.dispose()


def test_every_role_does_what_the_table_says_and_nothing_else() -> None:
    assert set(ROLES) == set(get_args(Role))
    for act, roles in ACTS.items():
        assert roles <= set(ROLES)
        for role in (*ROLES, "", "root", "Admin"):
            assert may(role, act) == (role in roles)
            if role in roles:
                require(role, act)
                assert act in acts_of(role)
            else:
                with pytest.raises(Forbidden, match=act):
                    require(role, act)
    assert not any(may(role, "launch torpedoes") for role in ROLES)


CALLS: dict[str, Callable[[Desk], Any]] = {
    "see the picture": lambda desk: [
        desk.visible.units(),
        desk.visible.subscribe(),
        desk.visible.unit("u"),
    ],
    "see tracks": lambda desk: desk.visible.track("u", start=at(0), end=at(1)),
    "see tracks ": lambda desk: desk.visible.tracks(start=at(0), end=at(1)),
    "see channels": lambda desk: desk.visible.channels(),
    "see unknown radios": lambda desk: desk.visible.unknown_radios(),
    "see unknown radios ": lambda desk: desk.visible.assignments(),
    "see what a radio sent": lambda desk: desk.visible.received_messages("test:a"),
    "see what a radio sent ": lambda desk: desk.visible.inquire("test:a"),
    "see the picture ": lambda desk: desk.visible.claims(),
    "see rejected frames": lambda desk: desk.visible.rejected("udp"),
    "manage units": lambda desk: desk.registry.add_unit(call_sign=desk.user.role, kind="boat"),
    "manage units ": lambda desk: desk.registry.change_unit("u", {"note": "x"}),
    "assign radios": lambda desk: desk.registry.assign(address="test:a", unit="u", start=at(0)),
    "assign radios ": lambda desk: desk.registry.end_assignment("none"),
    "plot by voice": lambda desk: desk.registry.plot("u", lon=100.4, lat=20.2),
    "clear distress": lambda desk: desk.registry.clear_distress("u"),
    "see messages": lambda desk: desk.dispatch.messages(),
    "see messages ": lambda desk: desk.dispatch.message("none"),
    "see messages  ": lambda desk: desk.dispatch.routes(unit="u"),
    "message radios": lambda desk: desk.dispatch.send_message(kind="alert", channel="none"),
    "relay distress": lambda desk: desk.dispatch.send_message(kind="distress", channel="none"),
    "report positions": lambda desk: desk.registry.report([said("p", 1)], source="u"),
    "see incidents": lambda desk: desk.incidents.incident("none"),
    "log incidents": lambda desk: desk.incidents.correct("none", version=1),
    "confirm incidents": lambda desk: desk.incidents.confirm("none", version=1),
    "see protected names": lambda desk: desk.protected_fields.read("incident", "i", purpose="x"),
    "give protected names": lambda desk: desk.protected_fields.give("incident", "i", "u"),
    "take back protected names": lambda desk: desk.protected_fields.all_readers(),
    "redact protected names": lambda desk: desk.protected_fields.redact(
        "incident", "i", "f", reason="x"
    ),
    "see photos": lambda desk: desk.photos.body("00" * 32),
    "keep photos": lambda desk: desk.photos.may_add(),
    "see sectors": lambda desk: desk.sectors.all(),
    "draw sectors": lambda desk: desk.sectors.retire("none"),
    "see patrols": lambda desk: desk.patrols.all(),
    "plan patrols": lambda desk: desk.patrols.propose("none"),
    "sign patrols": lambda desk: desk.patrols.sign("none", revision=1),
    "run patrols": lambda desk: desk.patrols.start("none"),
    "write annexes": lambda desk: desk.patrols.write_annex("none", "x"),
    "see agreements": lambda desk: desk.agreements.open(),
    "draft agreements": lambda desk: desk.agreements.propose("none"),
    "sign agreements": lambda desk: desk.agreements.sign("none", version=1),
    "suspend agreements": lambda desk: desk.agreements.suspend("none", reason="x"),
    "see alerts": lambda desk: desk.alerts.alert("none"),
    "acknowledge alerts": lambda desk: desk.alerts.acknowledge("none"),
    "shelve alerts": lambda desk: desk.alerts.unshelve("none"),
    "resolve alerts": lambda desk: desk.alerts.resolve("none", note="x"),
    "see deliveries": lambda desk: desk.deliveries.newest(),
    "test deliveries": lambda desk: desk.deliveries.may_test(),
    "subscribe to alerts": lambda desk: desk.deliveries.browsers(),
    "see the journal": lambda desk: desk.audit.page(),
    "take out originals": lambda desk: desk.photos.originals_for(()),
    "search what is held": lambda desk: desk.holdings.search("nobody", purpose="a test"),
    "keep legal holds": lambda desk: desk.legal_holds.all(),
    "see the roster": lambda desk: desk.shifts.open(),
    "plan the roster": lambda desk: desk.shifts.cancel("none", 1),
    "keep watch": lambda desk: desk.shifts.begin("none"),
    "see the watch log": lambda desk: desk.log.timeline(since=at(0), until=at(1), limit=1),
    "write in the watch log": lambda desk: desk.log.write(text="x"),
    "see phrases": lambda desk: desk.log.phrases(),
    "keep phrases": lambda desk: desk.log.retire_phrase("none", 1),
    "see marks": lambda desk: desk.marks.all(),
    "keep marks": lambda desk: desk.marks.end("none"),
    "see targets": lambda desk: [desk.targets.all(), desk.hand_offs.all()],
    "open targets": lambda desk: desk.targets.change("none", {}),
    "sight targets": lambda desk: desk.targets.add_photo("none", "00" * 32),
    "close targets": lambda desk: desk.targets.close("none", outcome="lost"),
    "see counterparts": lambda desk: desk.counterparts.all(),
    "pair counterparts": lambda desk: desk.counterparts.compare("none", digits="0" * 24),
    "confirm counterparts": lambda desk: desk.counterparts.confirm("none"),
    "exchange files with counterparts": lambda desk: desk.counterpart_files.write("none"),
    "revoke counterparts": lambda desk: desk.counterparts.revoke("none", reason="x"),
    "offer hand-offs": lambda desk: desk.hand_offs.offer("none"),
    "answer hand-offs": lambda desk: desk.hand_offs.accept("none", term=1),
}


@pytest.mark.parametrize("role", ROLES)
async def test_the_desk_asks_the_table_before_anything_else(node: Node, role: Role) -> None:
    assert {act.strip() for act in CALLS} | {
        "manage users",
        "manage devices",
        "enrol phones",
    } == set(ACTS)
    for act, call in CALLS.items():
        refused = False
        try:
            answer = call(node.desk(role))
            if hasattr(answer, "__await__"):
                await answer
        except Forbidden:
            refused = True
        except (NotFound, CannotSend):
            pass  # allowed to ask
        except PatrolError as error:
            raise AssertionError(act) from error
        assert refused == (not may(role, act.strip())), act


async def test_what_the_user_may_not_know_of_does_not_exist(node: Node) -> None:
    secret = await node.boat("Boat 9", OTHER)
    other = node.desk("admin", OTHER)
    assignment = await other.registry.assign(address=address("b"), unit=secret, start=at(0))
    await node.hear(said("b", 1), said("x", 1))
    desk = node.desk("admin")
    for order in (
        desk.visible.track(secret, start=at(0), end=at(9)),
        desk.registry.change_unit(secret, {"note": "x"}),
        desk.registry.plot(secret, lon=100.4, lat=20.2),
        desk.registry.clear_distress(secret),
        desk.registry.assign(address="test:new", unit=secret),
        desk.registry.end_assignment(assignment.id),
    ):
        with pytest.raises(NotFound):
            await order
    with pytest.raises(NotFound):
        desk.visible.unit(secret)
    assert desk.visible.units() == []
    assert desk.visible.assignments() == []
    assert await desk.visible.received_messages(address("b")) == []
    assert set(await desk.visible.tracks(start=at(0), end=at(9))) == {address("x")}
    assert set(await other.visible.tracks(start=at(0), end=at(9))) == {secret}
    assert await other.visible.unknown_radios() == []


async def test_crews_do_not_find_unknown_radios_by_asking(node: Node) -> None:
    await node.hear(said("x", 1))
    crew = node.desk("crew")
    with pytest.raises(NotFound):
        crew.visible.unit(address("x"))
    with pytest.raises(NotFound):
        await crew.visible.track(address("x"), start=at(0), end=at(9))
    assert await crew.visible.tracks(start=at(0), end=at(9)) == {}
    with pytest.raises(Forbidden):
        await crew.visible.unknown_radios()
    assert node.desk("liaison", AGENCY).visible.unit(address("x")).id == address("x")
