"""Each rule of alerts: when it finds its condition, and when it must be quiet."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gis.address.address import Address
from patrol.alarms.rules import ALERT_RULES, RULES
from patrol.alarms.rules.low_battery import battery_after
from patrol.alarms.scene import Battery, Condition, DistressCall, Scene, Stray, UnitStanding, Visit
from patrol.alerts.alert import Alert
from patrol.alerts.lifecycle import first_version
from patrol.counterparts.log_health import CounterpartFault
from patrol.patrols.patrol import Base, Leg, Member, Rendezvous
from patrol.picture.contact import Contact
from patrol.picture.man_down import latch_man_down, says_man_down
from patrol.picture.step import Effect, Step
from patrol.reception.record import record_of
from patrol.targets.hand_off import HandOff
from patrol.units.units import Liveness
from patrol.units.wire import Claim, Fix
from radio_gateway.health.health import Overreach
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, at, said
from tests.patrol.nodes.scenes import (
    Places,
    boat,
    channel,
    found,
    patrol,
    scene,
    sector,
    subjects,
)

HOUR = 3600.0


def alert_of(condition: Condition) -> Alert:
    return first_version(
        rule=condition.rule,
        subject=condition.subject,
        agency=condition.agency,
        severity=condition.severity,
        since=condition.since,
        now=at(0),
        origin="n",
        **condition.about,
    )


def is_unsure(given: Scene, condition: Condition) -> bool:
    return RULES[condition.rule].unsure(given, alert_of(condition))


def test_every_rule_has_one_name_and_finds_nothing_where_nothing_is() -> None:
    assert len(RULES) == len(ALERT_RULES)
    for rule in ALERT_RULES:
        assert list(rule.find(scene())) == []
        for condition in rule.find(
            scene(boat(distress=True), calls={"u": DistressCall(man_down_at=at(0))})
        ):
            assert condition.rule == rule.name


# -- calls for help


def test_a_call_for_help_is_one_condition_since_it_was_made() -> None:
    given = scene(boat(distress=True), boat("v"), calls={"u": DistressCall(by_hand_at=at(-3))})
    [call] = found("sos", given)
    assert (call.subject, call.severity, call.since) == ("u", "sos", at(-3))
    assert found("man_down", given) == []


def test_a_call_of_which_only_the_latch_is_left_is_found() -> None:
    [call] = found("sos", scene(boat(distress=True, last=-9)))
    assert call.since == at(-9)


def test_a_man_down_is_reported_as_that_and_not_twice() -> None:
    given = scene(boat(distress=True), calls={"u": DistressCall(man_down_at=at(0))})
    assert (subjects("sos", given), subjects("man_down", given)) == ([], ["u"])


def test_a_call_of_a_radio_that_nobody_has_registered_rings() -> None:
    given = scene(boat("test:a", registered=False, distress=True))
    assert subjects("sos", given) == ["test:a"]


@pytest.mark.parametrize(
    ("more", "down"),
    [
        ({"status": "man_down"}, True),
        ({"status": "impact man_down"}, True),
        ({"status": "Man Down"}, True),
        ({"flags": ("man_down",)}, True),
        ({"facts": {"alarm": "fallDown"}}, True),
        ({"facts": {"alarm": "lowBattery"}}, False),
        ({"facts": {"alarm": 35}}, False),
        ({"status": "man overboard"}, False),
        ({"text": "man down"}, False),  # words of people are for people
        ({}, False),
    ],
)
def test_a_sensor_says_man_down_in_the_words_of_its_protocol(
    more: dict[str, Any], down: bool
) -> None:
    message = said("a", 0, **more)
    assert says_man_down(message) is down
    step = Step(Contact("test:a", agency=AGENCY), record_of(message, lambda m, _: m.address), None)
    assert latch_man_down(step) == (Effect(distress=True) if down else None)


def test_a_man_down_received_before_it_was_cleared_is_over() -> None:
    contact = Contact("test:a", agency=AGENCY)
    contact.cleared_at = at(10)
    record = record_of(said("a", 10, status="man_down"), lambda m, _: m.address)
    assert latch_man_down(Step(contact, record, None)) is None


# -- areas

IN = UnitStanding(True, at(-60), at(0))
OUT = UnitStanding(False, at(-60), at(0))


def test_a_unit_in_a_no_go_sector_is_reported_to_its_agency() -> None:
    given = scene(boat(), sectors=[sector()], places=Places({("u", "s"): IN}))
    [there] = found("no_go", given)
    assert (there.subject, there.agency, there.since) == ("u|s", AGENCY, at(-60))
    assert (there.severity, there.historical) == ("high", False)
    restricted = scene(boat(), sectors=[sector(use="restricted")], places=Places({("u", "s"): IN}))
    assert [each.severity for each in found("no_go", restricted)] == ["medium"]


@pytest.mark.parametrize("stand", [OUT, UnitStanding(), UnitStanding(None, None, at(0))])
def test_a_unit_that_may_be_outside_is_not_in(stand: UnitStanding) -> None:
    assert (
        found("no_go", scene(boat(), sectors=[sector()], places=Places({("u", "s"): stand}))) == []
    )


def test_no_go_is_quiet_about_other_areas_strangers_and_those_who_are_to_be_there() -> None:
    places = Places({("u", "s"): IN})
    assert found("no_go", scene(boat(), sectors=[sector(use="patrol")], places=places)) == []
    assert found("no_go", scene(boat(registered=False), sectors=[sector()], places=places)) == []
    planned = scene(boat(), sectors=[sector()], patrols=[patrol(sectors=("s",))], places=places)
    assert found("no_go", planned) == []
    leg = Leg(name="l", starts_at=at(0), ends_at=at(9), sectors=("s",))
    assert found("no_go", scene(
        boat(), sectors=[sector()], patrols=[patrol(legs=(leg,))], places=places
    )) == []  # fmt: skip
    ready = scene(
        boat(), sectors=[sector()], patrols=[patrol(state="ready", sectors=("s",))], places=places
    )
    assert len(found("no_go", ready)) == 1


def test_the_counterparts_no_go_is_reported_only_as_far_as_it_is_shared() -> None:
    places, theirs = Places({("u", "s"): IN}), [sector(agency=OTHER)]
    assert found("no_go", scene(boat(), sectors=theirs, places=places)) == []

    def may_see(owner: str, viewer: str, data_class: str, _contact: Contact) -> bool:
        return (owner, viewer, data_class) == (OTHER, AGENCY, "sectors")

    [condition] = found("no_go", scene(boat(), sectors=theirs, places=places, may_see=may_see))
    assert condition.agency == AGENCY
    assert set(condition.facts) == {"sector", "call_sign"}  # its name is theirs


def test_the_names_of_a_counterpart_s_sectors_stand_in_no_alert_of_ours() -> None:
    away = UnitStanding(False, at(HOUR), at(2 * HOUR))
    ours, theirs = sector(use="patrol"), sector("t", use="patrol", agency=OTHER)
    both = patrol(sectors=("s", "t"), agencies=(AGENCY, OTHER))
    places = Places({("u", "s"): away, ("u", "t"): away})
    given = scene(
        boat(last=2 * HOUR), now=4 * HOUR, sectors=[ours, theirs], patrols=[both], places=places
    )
    [out] = found("outside_sector", given)
    assert "sectors" not in out.facts
    named = {(each.agency, each.subject): each.facts for each in found("void_sector", given)}
    assert len(named) == 4
    for (agency, subject), facts in named.items():
        own = (agency == AGENCY) == (subject == "p|s")
        assert ("sector_name" in facts) == own
        assert facts["sector"] == subject.removeprefix("p|")


def test_what_only_late_fixes_tell_is_historical() -> None:
    late = Places({("u", "s"): UnitStanding(True, at(-900), at(-600))})
    [there] = found("no_go", scene(boat(), sectors=[sector()], places=late))
    assert there.historical
    assert there.subject == "u|s|2026-11-24T11:45:00Z"


def test_a_visit_that_was_over_when_it_became_known_is_reported_once_with_its_end() -> None:
    visit = Visit("u", "s", at(-900), at(-800), 100.41, 20.26, at(0))
    [there] = found("no_go", scene(boat(), sectors=[sector()], places=Places(passed=[visit])))
    assert (there.since, there.over, there.historical) == (at(-900), at(-800), True)
    assert (there.lon, there.lat) == (100.41, 20.26)
    fresh = visit._replace(since=at(-20), until=at(-5))
    [there] = found("no_go", scene(boat(), sectors=[sector()], places=Places(passed=[fresh])))
    assert (there.over, there.historical, there.subject) == (at(-5), False, "u|s")


def on_patrol(stand: UnitStanding, *, now: float = 2 * HOUR, **more: Any) -> Scene:
    member = more.pop("member", Member(unit="u", agency=AGENCY))
    return scene(
        boat(last=now, **more),
        now=now,
        sectors=[sector(use="patrol")],
        patrols=[patrol(sectors=("s",), members=(member,))],
        places=Places({("u", "s"): stand}),
    )


def test_outside_its_sector_since_it_left_it() -> None:
    [out] = found("outside_sector", on_patrol(UnitStanding(False, at(HOUR), at(2 * HOUR))))
    assert (out.subject, out.since, out.historical) == ("u", at(HOUR), False)


def test_outside_is_quiet_on_the_way_there_and_then_counts_from_the_start() -> None:
    assert found("outside_sector", on_patrol(UnitStanding(False, None, at(600)), now=600)) == []
    [out] = found("outside_sector", on_patrol(UnitStanding(False, None, at(2 * HOUR))))
    assert out.since == at(0)
    # it was in the sector before the patrol began: that was another trip
    assert found("outside_sector", on_patrol(UnitStanding(False, at(-60), at(600)), now=600)) == []


def test_outside_is_quiet_where_it_is_not_sure_inside_at_its_base_or_not_on_patrol() -> None:
    assert found("outside_sector", on_patrol(UnitStanding(True, at(0), at(HOUR)))) == []
    assert found("outside_sector", on_patrol(UnitStanding())) == []
    away = UnitStanding(False, at(HOUR), at(2 * HOUR))
    base = Member(unit="u", agency=AGENCY, base=Base(lon=100.4, lat=20.27))
    assert found("outside_sector", on_patrol(away, member=base)) == []
    assert found("outside_sector", replace(on_patrol(away), on_patrol={})) == []
    assert found("outside_sector", replace(on_patrol(away), sectors={})) == []


def test_outside_one_sector_is_not_outside_all() -> None:
    away = UnitStanding(False, at(HOUR), at(2 * HOUR))
    given = scene(
        boat(last=2 * HOUR),
        now=2 * HOUR,
        sectors=[sector(use="patrol"), sector("t", use="patrol")],
        patrols=[patrol(sectors=("s", "t"))],
        places=Places({("u", "s"): away, ("u", "t"): IN}),
    )
    assert found("outside_sector", given) == []


def test_an_open_alert_stays_while_nobody_can_say() -> None:
    [out] = found("outside_sector", on_patrol(UnitStanding(False, at(HOUR), at(2 * HOUR))))
    assert is_unsure(on_patrol(UnitStanding()), out)
    assert not is_unsure(on_patrol(IN), out)
    assert not is_unsure(replace(on_patrol(UnitStanding()), on_patrol={}), out)
    [there] = found("no_go", scene(boat(), sectors=[sector()], places=Places({("u", "s"): IN})))
    assert is_unsure(scene(boat(), sectors=[sector()]), there)
    assert not is_unsure(scene(boat(), sectors=[]), there)  # the sector is no more


def place(country: str = "TH", *, sure: bool = True) -> Address:
    return Address(country=country, neighbour="LA", border_m=900.0, side_sure=sure)


@pytest.mark.parametrize(
    ("contact", "across"),
    [
        (boat(place=place()), True),
        (boat(place=place(sure=False)), False),  # within the errors of line and fix
        (boat(place=place("LA")), False),
        (boat(place=None), False),
        (boat(place=place(), country=None), False),
        (boat(place=place(), registered=False), False),
        (boat(last=None), False),
    ],
)
def test_the_border_is_crossed_only_when_surely_across(contact: Contact, across: bool) -> None:
    assert (subjects("border_crossed", scene(contact)) == ["u"]) is across


def test_across_the_border_is_quiet_in_a_sector_of_its_patrol() -> None:
    def led(stand: UnitStanding) -> Scene:
        return scene(
            boat(place=place()),
            sectors=[sector(use="patrol")],
            patrols=[patrol(sectors=("s",))],
            places=Places({("u", "s"): stand}),
        )

    assert found("border_crossed", led(IN)) == []
    [across] = found("border_crossed", led(OUT))
    assert is_unsure(scene(boat(place=place(sure=False))), across)
    assert not is_unsure(scene(boat(place=place("LA"))), across)
    old = scene(boat(place=place(), last=-600))
    assert [each.historical for each in found("border_crossed", old)] == [True]


def test_late_fixes_across_the_border_are_one_historical_condition_an_hour() -> None:
    strays = [Stray("u", at(second), 100.3, 20.27, "TH") for second in (60, 120, 7200)]
    conditions = found("border_crossed", scene(boat(last=9000), now=9000, strays=strays))
    assert {(each.subject, each.historical) for each in conditions} == {
        ("u|2026-11-24T12Z", True),
        ("u|2026-11-24T14Z", True),
    }
    assert all(each.over == each.since for each in conditions)
    assert (conditions[0].lon, conditions[0].unit) == (100.3, "u")
    now_across = scene(boat(place=place()), strays=strays)
    assert [each.subject for each in found("border_crossed", now_across)] == ["u"]
    assert found("border_crossed", scene(strays=strays)) == []


def test_a_sector_that_nobody_has_been_in_for_an_hour_is_void() -> None:
    def empty(now: float, *visits: Visit, **more: Any) -> Scene:
        return scene(
            boat(last=now),
            now=now,
            sectors=[sector(use="patrol")],
            patrols=[patrol(sectors=("s",), **more)],
            places=Places({("u", "s"): UnitStanding(False, None, at(now))}, visits),
        )

    assert found("void_sector", empty(HOUR)) == []
    [void] = found("void_sector", empty(HOUR + 1))
    assert (void.subject, void.since) == ("p|s", at(0))
    visit = Visit("u", "s", at(100), at(1800), None, None, at(1800))
    assert found("void_sector", empty(HOUR + 1, visit)) == []
    assert [each.since for each in found("void_sector", empty(HOUR + 1801, visit))] == [at(1800)]
    two = (AGENCY, OTHER)
    assert [each.agency for each in found("void_sector", empty(HOUR + 1, agencies=two))] == [
        AGENCY,
        OTHER,
    ]
    assert found("void_sector", empty(HOUR + 1, agencies=two, suspended=True)) == []
    assert found("void_sector", empty(HOUR + 1, state="ready")) == []


def test_a_leg_gives_its_time_to_come_to_its_sectors() -> None:
    """With the second leg a boat is told neither outside its sector nor to have left it empty."""
    legs = tuple(
        Leg(name=name, starts_at=at(start * HOUR), ends_at=at(end * HOUR), sectors=(area,))
        for name, start, end, area in (("a", 0, 3, "s"), ("b", 3, 4, "t"), ("c", 4, 6, "t"))
    )

    def given(now: float) -> Scene:
        places = Places({("u", "s"): UnitStanding(True, at(-60), at(now)), ("u", "t"): OUT})
        return scene(
            boat(last=now),
            now=now,
            sectors=[sector("s", use="patrol"), sector("t", use="patrol")],
            patrols=[patrol(legs=legs)],
            places=places,
        )

    for now in (3 * HOUR - 1, 3 * HOUR, 4 * HOUR - 1):
        assert found("outside_sector", given(now)) == []
        assert found("void_sector", given(now)) == []
    later = given(4 * HOUR + 1)  # the third leg stays where the second was
    assert [each.since for each in found("outside_sector", later)] == [at(3 * HOUR)]
    assert [each.since for each in found("void_sector", later)] == [at(3 * HOUR)]


def test_a_sector_is_not_void_while_somebody_may_be_there_nor_when_units_take_turns() -> None:
    def there(stand: UnitStanding) -> Scene:
        return scene(
            boat(last=2 * HOUR),
            now=2 * HOUR,
            sectors=[sector(use="patrol")],
            patrols=[patrol(sectors=("s",))],
            places=Places({("u", "s"): stand}),
        )

    assert found("void_sector", there(UnitStanding(True, at(9), at(2 * HOUR)))) == []
    assert found("void_sector", there(UnitStanding(None, None, at(2 * HOUR)))) == []
    assert (
        found("void_sector", there(UnitStanding(True, at(9), at(HOUR - 1)))) != []
    )  # silent since
    areas = [sector("s", use="patrol"), sector("t", use="patrol")]
    given = scene(
        now=HOUR * 1.5, sectors=areas, patrols=[patrol(sectors=("s", "t"))], places=Places()
    )
    assert found("void_sector", given) == []
    assert len(found("void_sector", replace(given, now=at(2 * HOUR + 1)))) == 2
    [void] = found("void_sector", there(UnitStanding(False, None, at(2 * HOUR))))
    just_started = replace(
        there(UnitStanding(False, None, at(2 * HOUR))), started_at=at(2 * HOUR - 60)
    )
    assert found("void_sector", just_started) == []  # nobody knows what was before
    assert is_unsure(just_started, void)


# -- patrols


def test_a_patrol_that_has_not_begun_is_notified_to_all_who_signed_it() -> None:
    late = patrol(state="ready", start_overdue=True, agencies=(AGENCY, OTHER), start_grace_s=600.0)
    conditions = found("start_overdue", scene(now=601, patrols=[late]))
    assert [each.agency for each in conditions] == [AGENCY, OTHER]
    assert {each.since for each in conditions} == {at(600)}
    assert found("start_overdue", scene(patrols=[replace(late, start_overdue=False)])) == []


def test_a_check_in_is_missed_by_a_unit_and_reported_to_its_own_agency() -> None:
    members = (Member(unit="u", agency=AGENCY), Member(unit="v", agency=OTHER))
    under_way = patrol(members=members, agencies=(AGENCY, OTHER), check_in_overdue=("v",))
    given = scene(boat(), boat("v", agency=OTHER), patrols=[under_way])
    [condition] = found("check_in_overdue", given)
    assert (condition.subject, condition.agency, condition.unit) == ("v|p", OTHER, "v")
    never_heard = scene(patrols=[under_way])
    assert [each.unit for each in found("check_in_overdue", never_heard)] == ["v"]
    assert found("check_in_overdue", scene(patrols=[patrol()])) == []


def meeting(**more: Any) -> Rendezvous:
    values: dict[str, Any] = {
        "name": "Pier",
        "lon": 100.4,
        "lat": 20.27,
        "at": at(1000),
        "grace_s": 300.0,
    }
    return Rendezvous(**(values | more))


def test_a_meeting_is_missed_by_whoever_was_not_there_in_time() -> None:
    members = (Member(unit="u", agency=AGENCY), Member(unit="v", agency=AGENCY))
    plan = patrol(members=members, rendezvous=(meeting(),))

    def given(now: float, *visits: Visit, **changes: Any) -> Scene:
        return scene(
            boat(), boat("v"), now=now, patrols=[replace(plan, **changes)],
            places=Places(visits=visits),
        )  # fmt: skip

    u = Visit("u", "p|0", at(950), at(1100), None, None, at(1100))
    v = Visit("v", "p|0", at(1290), None, None, None, at(1290))
    assert found("rendezvous_missed", given(1300)) == []  # still in time
    [condition] = found("rendezvous_missed", given(1301, u))
    assert (condition.subject, condition.since, condition.facts["missing"]) == (
        "p|0",
        at(1300),
        "Boat v",
    )
    assert found("rendezvous_missed", given(1301, u, v)) == []
    early = v._replace(since=at(0), until=at(699))
    assert len(found("rendezvous_missed", given(1301, u, early))) == 1
    too_late = v._replace(since=at(5000))
    assert found("rendezvous_missed", given(5001, u, too_late)) == []  # that ends it
    assert found("rendezvous_missed", given(1301, u, rendezvous=(meeting(units=("u",)),))) == []
    assert found("rendezvous_missed", given(1301, state="ended")) == []
    pair = (Member(unit="u", agency=AGENCY), Member(unit="v", agency=OTHER))
    signed = {"agencies": (AGENCY, OTHER), "members": pair}
    assert [
        each.facts["missing"] for each in found("rendezvous_missed", given(1301, **signed))
    ] == [
        "Boat u, a unit of th-ck",
        "a unit of la-hx, Boat v",
    ]
    joint = {"agencies": (AGENCY, OTHER), "suspended": True}
    assert found("rendezvous_missed", given(1301, **joint)) == []


# -- silence


@pytest.mark.parametrize(
    ("liveness", "speed_mps", "patrols", "severity"),
    [
        ("lost", 0.0, [patrol()], "high"),  # on patrol, moving or not
        ("lost", 5.0, [], "low"),  # it was on its way
        ("lost", 0.2, [], None),  # moored: it may be switched off
        ("lost", None, [], None),
        ("late", 5.0, [patrol()], None),
        ("live", 5.0, [patrol()], None),
        ("cut", 5.0, [patrol()], None),  # the link is what is wrong
        ("never", None, [patrol()], None),
    ],
)
def test_a_unit_is_silent_on_patrol_or_if_it_was_moving(
    liveness: Liveness, speed_mps: float | None, patrols: list[Any], severity: str | None
) -> None:
    last = None if liveness == "never" else 0.0
    given = scene(boat(liveness=liveness, speed_mps=speed_mps, last=last), now=400, patrols=patrols)
    expected = [] if severity is None else [severity]
    assert [each.severity for each in found("silent_unit", given)] == expected
    assert found("ais_gap", given) == []


def test_silence_counts_from_when_it_is_lost_and_not_while_this_node_was_away() -> None:
    contact = boat(liveness="lost", speed_mps=5.0)
    [silent] = found("silent_unit", scene(contact, now=400))
    assert silent.since == at(300)
    just_started = scene(contact, now=400, started=200)
    assert found("silent_unit", just_started) == []
    assert is_unsure(just_started, silent)
    assert not is_unsure(scene(boat(liveness="live"), now=400), silent)
    assert is_unsure(scene(boat(liveness="cut"), now=400), silent)


def test_a_link_that_comes_and_goes_says_nothing_about_who_is_behind_it() -> None:
    on = {"vhf": at(0), "hf": at(-60)}
    contact = boat(liveness="lost", speed_mps=5.0, heard_on=on)
    assert found("silent_unit", scene(contact, now=400, bad={"vhf": 350})) != []  # one works
    assert found("silent_unit", scene(contact, now=400, bad={"vhf": 350, "hf": 0})) == []
    back = scene(contact, now=400, good={"vhf": 390, "hf": 380})
    assert found("silent_unit", back) == []
    assert found("silent_unit", replace(back, now=at(681))) != []


def test_after_a_start_nobody_is_silent_behind_a_gateway_that_is_not_connected() -> None:
    """Its channels are not known then: it has not told of them."""
    contact = boat(liveness="lost", speed_mps=5.0, heard_on={"pier/ais": at(0)})
    behind = scene(contact, now=400, started=0, bad={"pier": 0})
    assert found("silent_unit", behind) == []
    back = scene(contact, now=400, started=0, good={"pier": 390})
    assert found("silent_unit", back) == []
    assert found("silent_unit", replace(back, now=at(691))) != []


@pytest.mark.parametrize(
    ("addresses", "speed_mps", "dark"),
    [
        (("ais:574123456",), 4.0, True),
        (("ais:574123456",), 0.1, False),  # at anchor
        (("ais:574123456", "kenwood:100:1"), 4.0, False),  # it has a radio besides
        ((), 4.0, False),
    ],
)
def test_ais_that_was_under_way_and_goes_dark_is_one_alert(
    addresses: tuple[str, ...], speed_mps: float, dark: bool
) -> None:
    contact = boat(liveness="lost", speed_mps=speed_mps, addresses=addresses)
    given = scene(contact, now=400)
    assert (subjects("ais_gap", given) == ["u"]) is dark
    assert (subjects("silent_unit", given) == ["u"]) is (not dark and speed_mps > 1)


def test_one_dead_link_is_one_alert_whoever_is_behind_it() -> None:
    given = scene(
        *(boat(f"u{n}", liveness="cut", speed_mps=5.0) for n in range(20)),
        now=60,
        channels=[channel(state="down"), channel("other")],
        bad={"base": 0},
    )
    conditions = [each for rule in ALERT_RULES for each in rule.find(given)]
    assert [(each.rule, each.subject) for each in conditions] == [("silent_channel", "base")]


def test_a_link_that_is_soon_back_and_the_store_are_no_silent_channels() -> None:
    down = [channel(state="down"), channel("store", state="down")]
    assert found("silent_channel", scene(now=29, channels=down, bad={"base": 0})) == []
    assert found("silent_channel", scene(now=99, channels=down, bad={"store": 0})) == []
    assert found("silent_channel", scene(now=99, bad={"base": 0})) == []


def test_behind_a_dead_gateway_its_channels_are_not_reported() -> None:
    channels = [channel(name, state="down") for name in ("pier", "pier/vhf", "hill/vhf")]
    given = scene(now=60, channels=channels, bad={each.name: 0 for each in channels})
    assert subjects("silent_channel", given) == ["pier", "hill/vhf"]


def test_a_channel_is_not_well_again_before_it_says_so() -> None:
    down = channel(state="down")
    [silent] = found("silent_channel", scene(now=60, channels=[down], bad={"base": 0}))
    assert is_unsure(scene(now=60, started=0), silent)  # it has not told yet
    assert is_unsure(scene(now=60, channels=[down], bad={"base": 50}), silent)
    assert not is_unsure(scene(now=60, channels=[channel()]), silent)
    assert not is_unsure(scene(now=600, started=0), silent)  # it is no more


def test_a_gateway_that_reports_for_others_is_reported_and_its_channels_are_not() -> None:
    overreach = Overreach(since=at(5), fault="no decoder of a gateway makes 'voice'")
    channels = [replace(channel(name), overreach=overreach) for name in ("gw-1", "gw-1/pier")]
    [condition] = found("gateway_overreach", scene(channels=channels))
    assert (condition.subject, condition.severity, condition.since) == ("gw-1", "high", at(5))
    assert condition.facts == {"gateway": "gw-1", "fault": overreach.fault}


# -- batteries and jumps


def heard(battery: Battery | None, *percents: Any, start: float = 0) -> Battery | None:
    for second, pct in enumerate(percents):
        message = said("a", start + second, facts={"battery_pct": pct})
        battery = battery_after(message, at(start + second), battery) or battery
    return battery


def test_a_battery_is_low_at_15_percent_until_it_is_well_above() -> None:
    def low(*percents: Any) -> bool:
        battery = heard(None, *percents)
        assert battery is not None
        return battery.low

    assert not low(100, 16)
    assert low(15)
    assert low(15, 16, 24.9)  # a reading that wavers rings once
    assert not low(15, 25)
    assert heard(None, True, "12") is None


def test_an_older_battery_report_is_ignored() -> None:
    now = heard(None, 80, start=100)
    assert heard(now, 5, start=50) == now


@pytest.mark.parametrize(
    "more",
    [
        {"facts": {"alarm": "lowBattery"}},
        {"facts": {"low_battery": True}},
        {"facts": {"battery_state": "LOW"}},
        {"status": "low battery"},
    ],
)
def test_some_radios_say_in_words_that_it_is_low(more: dict[str, Any]) -> None:
    battery = battery_after(said("a", 5, **more), at(5), None)
    assert battery == Battery(None, True, at(5))


def test_a_low_battery_of_a_unit_is_reported_and_of_an_unknown_radio_is_not() -> None:
    low = {"u": Battery(9.0, True, at(0)), "x": Battery(9.0, True, at(0))}
    given = scene(boat(), boat("x", registered=False), boat("v"), batteries=low)
    [condition] = found("low_battery", given)
    assert (condition.subject, condition.severity, condition.facts["battery_pct"]) == (
        "u",
        "low",
        9.0,
    )
    well = {"u": Battery(30.0, False, at(0))}
    assert found("low_battery", scene(boat(), batteries=well)) == []


def moved(*places: tuple[float, float]) -> Contact:
    """Return a boat that was at these (second, lon)."""
    contact = boat(last=None)
    for second, lon in places:
        message = said("a", second, lon=lon)
        record = record_of(message, lambda m, _: m.address)
        contact.place(record, Fix(of="u", lon=lon, lat=20.27, time=at(second)))
    return contact


def test_a_jump_counts_once_a_second_position_bears_it_out() -> None:
    assert found("impossible_movement", scene(moved((0, 100.4), (10, 100.4)))) == []
    assert found("impossible_movement", scene(moved((0, 100.4), (10, 101.4)))) == []  # noise
    back = moved((0, 100.4), (10, 101.4), (20, 100.4))
    assert found("impossible_movement", scene(back)) == []
    [jump] = found("impossible_movement", scene(moved((0, 100.4), (10, 101.4), (20, 101.4))))
    assert (jump.subject, jump.since) == ("u", at(10))


def test_an_address_with_two_senders_is_one_condition_of_its_unit() -> None:
    claim = Claim(
        address="test:a", channel="b", agency=AGENCY, since=at(-5), unit="u", distance_m=4000.4
    )
    twice = moved((0, 100.4), (10, 101.4), (20, 101.4))
    [condition] = found("impossible_movement", scene(twice, claims=[claim]))
    assert (condition.subject, condition.since, condition.facts["distance_m"]) == (
        "u",
        at(-5),
        4000,
    )


def test_an_offer_that_silence_has_escalated_rings_on_both_sides_without_its_target() -> None:
    made = HandOff(
        id="h",
        agency=AGENCY,
        at=at(0),
        case="c",
        target="t",
        to_agency=OTHER,
        node=NODE,
        to_node=NODE,
        term=2,
        offered_at=at(0),
        escalates_at=(at(120), at(300)),
        lapses_at=at(900),
        name="grey boat",
    )
    assert found("unanswered_offer", scene(now=119, hand_offs=[made])) == []
    silent = replace(made, state="escalated", level=1)
    ours, theirs = found("unanswered_offer", scene(now=121, hand_offs=[silent]))
    assert (ours.agency, theirs.agency) == (AGENCY, OTHER)
    assert (ours.since, ours.severity) == (at(120), "high")
    assert "grey boat" not in str(theirs)
    elsewhere = replace(made, state="escalated", level=2, to_node="node-ck")
    [far] = found("unanswered_offer", scene(now=400, hand_offs=[elsewhere]))
    assert (far.agency, far.since) == (AGENCY, at(300))
    for state in ("accepted", "declined"):
        over = replace(made, state=state)
        assert found("unanswered_offer", scene(now=400, hand_offs=[over])) == []


# -- counterparts


def test_what_no_rule_can_mend_between_two_nodes_is_told_with_what_was_found() -> None:
    given = replace(
        scene(),
        counterpart_faults=(
            CounterpartFault("node-ck", "fork", at(-9), "they hold statement 4"),
            CounterpartFault("node-ck", "head", at(-3), "line 7 is another"),
        ),
    )
    [fork], [head] = found("counterpart_fork", given), found("counterpart_head", given)
    assert (fork.subject, fork.agency, fork.severity, fork.since) == (
        "node-ck",
        AGENCY,
        "high",
        at(-9),
    )
    assert fork.facts == {"node": "node-ck", "fault": "they hold statement 4"}
    assert (head.since, head.facts["fault"]) == (at(-3), "line 7 is another")
