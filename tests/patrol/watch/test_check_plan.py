"""Planning: every conflict is told in words, and nothing of a counterpart's is given away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from gis.address.addresses import load_addresses
from gis.river.river import load_mekong
from patrol.agreements.agreement import Agreement, Consent, PartySignature, Terms
from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.patrols.conflicts import agreed_windows
from patrol.patrols.patrol import Leg, Member, Patrol, Rendezvous
from patrol.patrols.plan import Plan, PlanConflict, RefusalLookup
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from patrol.sharing.decisions import Sharing
from patrol.units.data_classes import DataClass
from patrol.units.units import Agency, Unit
from patrol.watch.check_plan import conflicts, parted, refusal_lookup
from tests.patrol.nodes.running import AGENCY, OTHER, at

AGENCIES = {
    AGENCY: Agency(id=AGENCY, name="Lao police, Houay Xai", country="LA"),
    OTHER: Agency(id=OTHER, name="Thai navy, Chiang Khong", country="TH"),
}
UNITS = {
    "naga": Unit(id="naga", call_sign="Naga 1", kind="boat", agency=AGENCY),
    "old": Unit(id="old", call_sign="Naga 9", kind="boat", agency=AGENCY, retired_at=at(-600)),
    "khong": Unit(id="khong", call_sign="Khong 2", kind="boat", agency=OTHER),
}


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground(load_addresses())


def open_to_all(_owner: str, _viewer: str, _class: DataClass, _at: datetime) -> str | None:
    return None


def patrol(**more: Any) -> Patrol:
    """Return a sound joint patrol of two boats."""
    values: dict[str, Any] = {
        "id": "p1",
        "agency": AGENCY,
        "at": at(0),
        "name": "Night watch",
        "agencies": (AGENCY, OTHER),
        "lead": AGENCY,
        "starts_at": at(3600),
        "ends_at": at(10_800),
        "members": (Member(unit="naga", agency=AGENCY), Member(unit="khong", agency=OTHER)),
    }
    return Patrol(**(values | more))


def sector(id: str = "s1", **more: Any) -> Sector:
    """Return a stretch of the Mekong that reaches into both countries."""
    values: dict[str, Any] = {
        "id": id,
        "agency": AGENCY,
        "at": at(0),
        "name": f"Sector {id}",
        "river": "Mekong",
        "km_from": 2350.0,
        "km_to": 2360.0,
        "width_m": 2000.0,
    }
    return Sector(**(values | more))


def plan(
    ground: Ground,
    judged: Patrol,
    *documents: Document,
    viewer: str = AGENCY,
    why_not: RefusalLookup = open_to_all,
    shown: bool = True,
    hidden: bool = False,
) -> Plan:
    """Return a plan among these documents."""
    open_documents = OpenDocuments()
    open_documents.put(documents)
    return Plan(
        patrol=judged,
        viewer=viewer,
        open_documents=open_documents,
        now=at(0),
        ground=ground,
        units=UNITS,
        agencies=AGENCIES,
        refusal=why_not,
        shows=lambda sector: shown or sector.agency == viewer,
        is_visible_to=lambda sector, agency: not hidden,
    )


def found(plan: Plan) -> dict[str, PlanConflict]:
    """Return what is wrong, by code; each code once."""
    told = conflicts(plan)
    assert len({each.code for each in told}) == len(told), told
    return {each.code: each for each in told}


def test_a_sound_plan_has_no_conflict(ground: Ground) -> None:
    sound = patrol(
        sectors=("s1",),
        legs=(Leg(name="up", starts_at=at(3600), ends_at=at(5000), lead=OTHER, sectors=("s1",)),),
        rendezvous=(
            Rendezvous(name="pier", lon=100.4, lat=20.27, at=at(5000), units=("naga", "khong")),
        ),
    )
    assert conflicts(plan(ground, sound, sector())) == ()


SIMPLE: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "over before now": (
        {"starts_at": at(-7200), "ends_at": at(-3600)},
        "past",
        "error",
        "its window was over at 2026-11-24 11:00 UTC",
    ),
    "begun already": (
        {"starts_at": at(-60)},
        "past",
        "warning",
        "its window has begun at 2026-11-24 11:59 UTC already",
    ),
    "leg outside": (
        {"legs": (Leg(name="up", starts_at=at(0), ends_at=at(4000)),)},
        "leg_window",
        "error",
        "leg up, from 2026-11-24 12:00 UTC to 2026-11-24 13:06 UTC, is outside the window",
    ),
    "meeting outside": (
        {"rendezvous": (Rendezvous(name="pier", lon=100.4, lat=20.2, at=at(99_999)),)},
        "rendezvous_window",
        "error",
        "rendezvous pier at 2026-11-25 15:46 UTC is outside the window",
    ),
    "meeting of a stranger": (
        {"rendezvous": (Rendezvous(name="x", lon=1.0, lat=2.0, at=at(4000), units=("old",)),)},
        "rendezvous_unit",
        "error",
        "Naga 9 is to be at rendezvous x but is no member",
    ),
    "lead of none": ({"lead": "mm-tl"}, "no_party", "error", "mm-tl, which is to lead, is no"),
    "unit of none": (
        {
            "members": (
                *patrol().members,
                Member(unit="tachileik", agency="mm-tl"),
            ),
        },
        "no_party",
        "error",
        "tachileik is of mm-tl, which is no party",
    ),
    "out of service": (
        {"members": (*patrol().members, Member(unit="old", agency=AGENCY))},
        "out_of_service",
        "error",
        "Naga 9 is out of service since 2026-11-24 11:50 UTC",
    ),
    "another's unit": (
        {"members": (*patrol().members, Member(unit="khong", agency=AGENCY))},
        "unknown_unit",
        "error",
        "la-hx has no unit khong",
    ),
    "no sector": ({"sectors": ("s9",)}, "unknown_sector", "error", "there is no sector s9 in use"),
    "one side alone": (
        {"members": patrol().members[:1]},
        "no_member",
        "warning",
        "no unit of th-ck takes part",
    ),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_faults_are_reported_in_words(ground: Ground, name: str) -> None:
    changes, code, severity, words = SIMPLE[name]
    asked = plan(ground, patrol(**changes))
    told = [each for each in conflicts(asked) if each.code == code]
    assert [(each.severity, each.words.startswith(words)) for each in told] == [(severity, True)]
    assert any(each.severity == "error" for each in conflicts(asked)) is (severity == "error")


def test_a_unit_in_two_patrols_at_one_time(ground: Ground) -> None:
    other = patrol(
        id="p2", name="Day watch", state="ready", starts_at=at(9000), ends_at=at(20_000),
        agencies=(AGENCY,), members=patrol().members[:1],
    )  # fmt: skip
    conflict = found(plan(ground, patrol(), other))["two_patrols"]
    assert conflict.words == (
        "Naga 1 is in patrol Day watch, which is ready, "
        "from 2026-11-24 14:30 UTC to 2026-11-24 15:00 UTC"
    )
    assert (conflict.severity, conflict.unit, conflict.other) == ("error", "naga", "p2")
    assert (conflict.starts_at, conflict.ends_at) == (at(9000), at(10_800))
    draft = msgspec.structs.replace(other, state="draft")
    assert found(plan(ground, patrol(), draft))["two_patrols"].severity == "warning"
    later = msgspec.structs.replace(other, starts_at=at(10_800), ends_at=at(60_000))
    conflict = found(plan(ground, patrol(), later))["crew_rest"]
    assert (conflict.severity, conflict.unit, conflict.other) == ("warning", "naga", "p2")
    rested = msgspec.structs.replace(later, starts_at=at(10_800 + 8 * 3600))
    assert conflicts(plan(ground, patrol(), rested)) == ()
    assert conflicts(plan(ground, patrol(), other, viewer=OTHER)) == (), "not theirs to know"


def test_a_sector_over_the_border_needs_an_agreement_then(ground: Ground) -> None:
    alone = patrol(agencies=(AGENCY,), members=patrol().members[:1], sectors=("s1",))
    conflict = found(plan(ground, alone, sector()))["over_border"]
    assert "m into TH at km 2" in conflict.words.replace("\u202f", "")
    assert conflict.words.endswith(
        "where la-hx may not go then: no agency of TH is a party to the patrol"
    )
    assert conflict.lon is not None
    assert conflict.lat is not None
    side = ground.side(lon=conflict.lon, lat=conflict.lat)
    assert side is not None
    assert (side.country, side.sure) == ("TH", True)
    narrow = sector(width_m=300.0, version=2)
    assert conflicts(plan(ground, alone, narrow)) == (), "within the line's error nobody is over it"

    def asked_at(_owner: str, _viewer: str, _class: DataClass, moment: datetime) -> str | None:
        return None if moment < at(3600) else "it is over since then"

    joint = patrol(sectors=("s1",))
    assert conflicts(plan(ground, joint, sector())) == ()
    codes = [each.code for each in conflicts(plan(ground, joint, sector(), why_not=asked_at))]
    assert sorted(codes) == ["no_agreement", "over_border", "over_border"]


def test_without_any_agreement_no_joint_patrol_is_planned(ground: Ground) -> None:
    conflict = found(plan(ground, patrol(), why_not=refusal_lookup(None)))["no_agreement"]
    assert conflict.words == "la-hx and th-ck cannot plan it together: no agreement names patrols"


def test_an_overlap_with_the_counterparts_no_go(ground: Ground) -> None:
    no_go = sector("n1", name="Mine field", agency=OTHER, use="no_go", km_from=2359.0, km_to=2370.0)
    joint = patrol(sectors=("s1",))
    conflict = found(plan(ground, joint, sector(), no_go))["no_go"]
    assert conflict.severity == "error"
    assert conflict.words.startswith("sector Sector s1 overlaps no-go Mine field of th-ck at km 2")
    assert (conflict.sector, conflict.other, conflict.agency) == ("s1", "n1", OTHER)
    assert conflict.lon is not None
    assert conflict.lat is not None
    at_river = ground.chainage(lon=conflict.lon, lat=conflict.lat)
    assert at_river is not None
    assert 2358.9 < at_river.place.km < 2360.1
    beside = msgspec.structs.replace(no_go, km_from=2360.5, version=2)
    assert conflicts(plan(ground, joint, sector(), beside)) == ()
    mine = msgspec.structs.replace(no_go, agency=AGENCY)
    assert found(plan(ground, joint, sector(), mine))["no_go"].severity == "warning"

    kept = plan(ground, joint, sector(), no_go, shown=False)
    assert conflicts(kept) == (), "what is not shared is not given away"
    theirs = plan(ground, joint, no_go, viewer=OTHER, shown=False)
    assert found(theirs)["unknown_sector"].sector == "s1"
    unseen = plan(ground, joint, sector(), no_go, viewer=OTHER, shown=False)
    conflict = found(unseen)["unseen_sector"]
    assert conflict.words == "a sector of la-hx is not shared with th-ck"
    assert "Sector s1" not in conflict.words


def test_a_planner_is_warned_of_a_sector_that_the_other_side_is_not_shown(ground: Ground) -> None:
    joint = patrol(sectors=("s1",))
    conflict = found(plan(ground, joint, sector(), hidden=True))["hidden_sector"]
    assert (conflict.severity, conflict.sector, conflict.agency) == ("warning", "s1", OTHER)
    assert conflict.words == "sector Sector s1 is not shared with th-ck, which cannot sign with it"
    assert "hidden_sector" not in found(plan(ground, joint, sector(), viewer=OTHER, hidden=True))
    apart = plan(ground, joint, sector(), why_not=refusal_lookup(None), hidden=True)
    codes = {each.code for each in conflicts(apart)}
    assert "no_agreement" in codes
    assert "hidden_sector" not in codes


def test_nobody_patrols_a_no_go(ground: Ground) -> None:
    joint = patrol(sectors=("s1",))
    conflict = found(plan(ground, joint, sector(use="restricted")))["no_go"]
    assert conflict.words == "sector Sector s1 is restricted: nobody patrols there"


def test_two_patrols_in_one_sector(ground: Ground) -> None:
    other = patrol(
        id="p2", name="Day watch", state="signed", agencies=(AGENCY,), members=(),
        sectors=("s1",), starts_at=at(9000), ends_at=at(20_000),
    )  # fmt: skip
    ours = patrol(sectors=("s1",))
    conflict = found(plan(ground, ours, other, sector()))["same_sector"]
    assert (conflict.severity, conflict.sector, conflict.other) == ("warning", "s1", "p2")
    assert (conflict.starts_at, conflict.ends_at) == (at(9000), at(10_800))
    assert conflict.place is not None
    beside = sector("s2", km_from=2360.5, km_to=2364.0)
    away = msgspec.structs.replace(other, sectors=("s2",))
    assert conflicts(plan(ground, ours, away, sector(), beside)) == ()
    across = sector("s2", version=2, km_from=2359.0, km_to=2364.0)
    assert set(found(plan(ground, ours, away, sector(), across))) == {"same_sector"}
    assert conflicts(plan(ground, ours, other, sector(), viewer=OTHER)) == (), "not theirs to know"


def agreement(id: str, *agencies: str, until: datetime, **more: Any) -> Agreement:
    """Return an agreement on patrols, signed by all and in force until a moment."""
    terms: dict[str, Any] = {"name": f"Terms {id}", "purposes": (), "classes": ("patrols",),
             "valid_from": more.pop("since", at(-600)), "valid_until": until}  # fmt: skip
    values: dict[str, Any] = {
        "id": id,
        "agency": agencies[0],
        "at": at(-600),
        "agencies": agencies,
        "terms": Terms(**terms),
        "state": "active",
        "proposed_at": at(-600),
        "signatures": tuple(PartySignature(agency=each, at=at(-600)) for each in agencies),
    }
    return Agreement(**(values | more))


def agreed(ground: Ground, judged: Patrol, *documents: Document, viewer: str = AGENCY) -> Plan:
    """Return a plan among these documents, whose agreements are asked as a node asks them."""
    asked = plan(ground, judged, *documents, viewer=viewer)
    return msgspec.structs.replace(asked, refusal=refusal_lookup(Sharing(asked.open_documents)))


@pytest.mark.parametrize("viewer", [AGENCY, OTHER])
def test_an_agreement_that_ends_before_the_patrol(ground: Ground, viewer: str) -> None:
    ends = agreement("a1", AGENCY, OTHER, until=at(7201))
    conflict = found(agreed(ground, patrol(), ends, viewer=viewer))["agreement_window"]
    counterpart = OTHER if viewer == AGENCY else AGENCY
    assert (conflict.severity, conflict.agency) == ("warning", counterpart)
    assert (conflict.starts_at, conflict.ends_at) == (at(7201), at(10_800)), "to the second"
    assert conflict.words == (
        "from 2026-11-24 14:00 UTC la-hx and th-ck are apart: "
        "“Terms a1” is over since 2026-11-24 14:00 UTC"
    )
    renewed = agreement("a2", AGENCY, OTHER, since=at(7201), until=at(90_000))
    assert conflicts(agreed(ground, patrol(), ends, renewed, viewer=viewer)) == ()
    later = agreement("a2", AGENCY, OTHER, since=at(7202), until=at(90_000))
    conflict = found(agreed(ground, patrol(), ends, later, viewer=viewer))["agreement_window"]
    assert conflict.starts_at == at(7201), "a second is a gap"


def test_agreements_are_asked_only_when_one_of_them_ends(ground: Ground) -> None:
    """A plan of a month costs no more than one of an hour."""
    asked: list[datetime] = []
    month = patrol(ends_at=at(31 * 86_400))
    documents = [agreement("a0", AGENCY, OTHER, until=at(90 * 86_400))]
    documents += [agreement(f"x{n}", OTHER, THIRD, until=at(7200 + n)) for n in range(50)]
    judged = agreed(ground, month, *documents)
    why_not = judged.refusal

    def counted(owner: str, viewer: str, data_class: DataClass, moment: datetime) -> str | None:
        asked.append(moment)
        return why_not(owner, viewer, data_class, moment)

    judged = msgspec.structs.replace(judged, refusal=counted)
    assert list(agreed_windows(judged)) == []
    assert asked == [month.starts_at] * 2, "once each way"


THIRD = "mm-tl"


def test_an_agreement_of_two_others_is_shown_to_them_alone(ground: Ground) -> None:
    three = patrol(
        agencies=(AGENCY, OTHER, THIRD),
        members=(*patrol().members, Member(unit="tachi", agency=THIRD)),
        sectors=("s1",),
    )
    sound = [
        agreement("a1", AGENCY, OTHER, until=at(90_000)),
        agreement("a2", AGENCY, THIRD, until=at(90_000)),
    ]
    by_order = Consent(agency=OTHER, is_given=False, at=at(-60), reason="a matter of their own")
    states = {
        "suspended": agreement("a3", OTHER, THIRD, until=at(90_000), consents=(by_order,)),
        "unsigned": agreement("a3", OTHER, THIRD, until=at(90_000), signatures=()),
        "over soon": agreement("a3", OTHER, THIRD, until=at(7200)),
    }
    units = {**UNITS, "tachi": Unit(id="tachi", call_sign="Tachi 1", kind="boat", agency=THIRD)}
    agencies = {**AGENCIES, THIRD: Agency(id=THIRD, name="Tachileik", country="MM")}
    for state, theirs in states.items():
        for viewer in (AGENCY, OTHER, THIRD):
            judged = msgspec.structs.replace(
                agreed(ground, three, sector(), *sound, theirs, viewer=viewer),
                units=units, agencies=agencies,
            )  # fmt: skip
            told = conflicts(judged)
            text = " ".join(each.words for each in told)
            if viewer == AGENCY:
                assert told == (), f"{state}: {text}"
                continue
            assert "Terms a3" in text, f"{state}, to {viewer}: {text}"
            signs = all(each.severity != "error" for each in told)
            assert signs == (state == "over soon"), "it cannot be signed"


def test_a_suspended_patrol_of_three_does_not_tell_one_of_them_why(ground: Ground) -> None:
    by_order = Consent(agency=OTHER, is_given=False, at=at(-60), reason="a matter of their own")
    open_documents = OpenDocuments()
    open_documents.put([
        agreement("a1", AGENCY, OTHER, until=at(90_000)),
        agreement("a2", AGENCY, THIRD, until=at(90_000)),
        agreement("a3", OTHER, THIRD, until=at(90_000), consents=(by_order,)),
    ])  # fmt: skip
    sharing = Sharing(open_documents)
    assert parted(sharing, (AGENCY, OTHER), at(0)) is None
    assert "a matter of their own" in (parted(sharing, (OTHER, THIRD), at(0)) or "")
    why = parted(sharing, (AGENCY, OTHER, THIRD), at(0)) or ""
    assert why.startswith("not all of its agencies are joined")
    assert not any(word in why for word in (OTHER, THIRD, "Terms", "their own"))


def test_nobody_meets_in_a_no_go(ground: Ground) -> None:
    lon, lat = load_mekong().at_km(2355.0)
    joint = patrol(rendezvous=(Rendezvous(name="noon", lon=lon, lat=lat, at=at(7200)),))
    no_go = sector("n7", use="no_go")
    conflict = found(plan(ground, joint, no_go))["rendezvous_no_go"]
    assert (conflict.severity, conflict.name, conflict.other) == ("error", "noon", "n7")
    assert conflicts(plan(ground, joint, sector())) == ()
    theirs = msgspec.structs.replace(no_go, agency=OTHER)
    assert conflicts(plan(ground, joint, theirs, shown=False)) == (), "it is not given away"
