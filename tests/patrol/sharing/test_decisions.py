"""What crosses, against a judge that was written from the words alone; and marks on every field."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from gis.address.address import Address
from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import DAYS, Agreement, Hours
from patrol.agreements.lifecycle import Backfill, Party
from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.documents_registry.document_kinds import ALL
from patrol.live.shared_units import SharedUnits
from patrol.marks.mark import Mark
from patrol.sharing.decisions import Sharing
from patrol.sharing.precision import coarse, crossed_fix, snapped, snapped_many
from patrol.sharing.redaction import passed
from patrol.sharing.view_policy import ViewPolicy
from patrol.units.data_classes import DATA_CLASSES, NEVER, POSITIONS, DataClass, crossed, marks
from patrol.units.details import UnitDetails
from patrol.units.wire import Fix, UnitState
from tests.fixtures.examples import examples
from tests.patrol.nodes.agreements import CK, HX, active, box, joint, proposed, terms
from tests.patrol.nodes.running import AGENCY, OTHER, at

RECORDS = 100_000
LINES: tuple[DataClass, ...] = ("distress", "duty_contact")
EACH = 200
THIRD = Party(agency="mm-tl", name="aung")
AGENCIES = (AGENCY, OTHER, "mm-tl", "kh-kr")
UNITS = ("u1", "u2", "u3")
HOUR = 3600


# -- the judge: what the words say, in seconds since the tests begin, without any of our code


class Judge:
    """Looks at what was done with one agreement, one act after another."""

    def __init__(self, body: dict[str, Any], parties: list[str]) -> None:
        self.said, self.parties = body, parties
        self.signed: set[str] = set()
        self.withheld: set[str] = set()
        self.open_since: float | None = None
        self.consented: list[tuple[float, float]] = []  # of all parties, all other classes
        self.named: dict[str, set[str]] = {}  # what a suspension withholds though it is a lifeline
        self.lines: dict[str, list[tuple[float, float]]] = {name: [] for name in LINES}
        self.lines_since: dict[str, float] = {}
        self.backfills: list[tuple[str, str, float, float]] = []
        self.over = False

    def sign(self, who: str, second: float) -> None:
        self.signed.add(who)
        if self.signed == set(self.parties):
            self.open_since = max(second, self.said["valid_from"])
            self.lines_since = dict.fromkeys(LINES, self.open_since)

    def suspend(self, who: str, second: float, also: Sequence[str]) -> None:
        self.withheld.add(who)
        self.named[who] = set(also)
        self._close(second)
        for name in also:
            if name in self.lines_since:
                self.lines[name].append((self.lines_since.pop(name), second))

    def resume(self, who: str, second: float) -> None:
        self.withheld.discard(who)
        if not self.withheld:
            self.open_since = max(second, self.said["valid_from"])
        for name in LINES:
            if not any(name in self.named[each] for each in self.withheld):
                self.lines_since.setdefault(name, max(second, self.said["valid_from"]))

    def change(self, body: dict[str, Any]) -> None:
        self.__init__(body, self.parties)  # type: ignore[misc]

    def end(self, second: float) -> None:
        self.over = True

    def _close(self, second: float) -> None:
        if self.open_since is not None:
            self.consented.append((self.open_since, second))
            self.open_since = None

    def allows(self, record: dict[str, Any], outings: list[dict[str, Any]]) -> bool:
        body, when, now = self.said, record["at"], record["now"]
        owner, viewer, name = record["owner"], record["viewer"], record["class"]
        line = name in LINES
        suspended = any(not line or name in self.named[each] for each in self.withheld)
        if self.over or suspended or self.signed != set(self.parties):
            return False
        if owner == viewer or owner not in self.parties or viewer not in self.parties:
            return False
        if name not in body["classes"] or not body["valid_from"] <= now < body["valid_until"]:
            return False
        since = self.lines_since.get(name) if line else self.open_since
        inside = any(a <= when < b for a, b in (self.lines[name] if line else self.consented))
        inside |= since is not None and when >= since
        inside |= any(o == owner and c == name and a <= when < b for o, c, a, b in self.backfills)
        if not inside or when >= body["valid_until"] or when > now + 2 * 86_400 - 1e-3:
            return False
        if body["delay_s"] and not line and now - when < body["delay_s"]:
            return False
        if body["box"] is not None:
            west, south, east, north = body["box"]
            lon, lat = record["lon"], record["lat"]
            if lon is None or not (west < lon < east and south < lat < north):
                return False
        if line or name in ("sectors", "patrols"):
            return True
        if body["keep_days"] is not None and now - when > body["keep_days"] * 86_400:
            return False
        moments = [when] if name in ("tracks", "incidents") else [when, now]
        for moment in moments:
            if body["hours"] is not None and not in_hours(body["hours"], moment):
                return False
            if body["only_joint"] and not any(
                out["from"] <= moment < out["to"]
                and {owner, viewer} <= set(out["agencies"])
                and (record["unit"] is None or (owner, record["unit"]) in out["units"])
                for out in outings
            ):
                return False
        return True


def in_hours(hours: tuple[int, int, list[str]], second: float) -> bool:
    """By hand: the tests begin on Tuesday, 2026-11-24, 12:00 UTC, which is 19:00 in Vientiane."""
    start, end, days = hours
    local = 19 * HOUR + second
    for day in (int(local // 86_400) + back for back in (0, -1)):
        began = local - day * 86_400
        last = end if end > start else end + 1440
        if start * 60 <= began < last * 60 and DAYS[(1 + day) % 7] in days:
            return True
    return False


# -- random agreements, the same for the judge and for us


def world(rng: random.Random) -> tuple[OpenDocuments, list[Judge], list[dict[str, Any]]]:
    """Return some agreements after random acts, and random patrols."""
    open_documents = OpenDocuments()
    judges: list[Judge] = []
    for _ in range(rng.choice((1, 1, 2))):
        parties = rng.choice(([HX, CK], [HX, CK], [HX, CK, THIRD], [CK, THIRD]))
        body = random_terms(rng)
        judge = Judge(body, [each.agency for each in parties])
        agreement = proposed(at(-5000), parties, **ours(body))
        second = -4000.0
        for party in rng.sample(parties, len(parties)):
            if rng.random() < 0.98:
                agreement = acts.sign(agreement, at=at(second), who=party)
                judge.sign(party.agency, second)
                second += rng.choice((0, 100))
        for _ in range(rng.randrange(7)):
            second += rng.choice((1, 600, 4 * HOUR))
            agreement = step(rng, agreement, judge, second)
        open_documents.put([agreement])
        judges.append(judge)
    outings: list[dict[str, Any]] = []
    for number in range(rng.randrange(3)):
        members = [
            (rng.choice((AGENCY, OTHER)), rng.choice(UNITS)) for _ in range(rng.randrange(1, 4))
        ]
        began = float(rng.randrange(-20_000, 20_000))
        agencies = rng.choice(((AGENCY, OTHER), (AGENCY, OTHER), (AGENCY, OTHER, "mm-tl")))
        state = rng.choice(("under way", "under way", "ready"))
        patrol = joint(
            *members, started=at(began) if state == "under way" else None,
            id=f"p{number}", agencies=agencies,
        )  # fmt: skip
        open_documents.put([patrol])
        if state == "under way":
            outings.append({"from": began, "to": 1e12, "agencies": agencies, "units": set(members)})
    return open_documents, judges, outings


def random_terms(rng: random.Random) -> dict[str, Any]:
    hours = None
    if rng.random() < 0.3:
        start = rng.randrange(0, 1440, 30)
        end = rng.choice((rng.randrange(30, 1441, 30), start))
        hours = (start, end, rng.sample(DAYS, rng.randrange(1, 8)))
    corridor = None
    if rng.random() < 0.5:
        west, south = rng.uniform(100.0, 100.4), rng.uniform(20.0, 20.4)
        corridor = (west, south, west + rng.uniform(0.3, 0.7), south + rng.uniform(0.3, 0.7))
    return {
        "classes": tuple(rng.sample(DATA_CLASSES, rng.randrange(2, len(DATA_CLASSES) + 1))),
        "valid_from": rng.choice((-100_000.0, -3000.0, 5000.0)),
        "valid_until": rng.choice((30_000.0, 1e7)),
        "box": corridor,
        "hours": hours,
        "only_joint": rng.random() < 0.25,
        "delay_s": rng.choice((0.0, 0.0, 600.0)),
        "precision_m": rng.choice((0.0, 100.0, 5000.0)),
        "keep_days": rng.choice((None, None, 1, 2)),
    }


def ours(body: dict[str, Any]) -> dict[str, Any]:
    hours = body["hours"]
    return {
        "classes": body["classes"],
        "valid_from": at(body["valid_from"]),
        "valid_until": at(body["valid_until"]),
        "corridor": None if body["box"] is None else box(*body["box"]),
        "hours": None
        if hours is None
        else Hours(time_zone="Asia/Vientiane", start=hours[0], end=hours[1], days=tuple(hours[2])),
        "only_joint_patrols": body["only_joint"],
        "delay_s": body["delay_s"],
        "precision_m": body["precision_m"],
        "keep_days": body["keep_days"],
    }


def step(rng: random.Random, agreement: Agreement, judge: Judge, second: float) -> Agreement:
    """Do one random act, where it is possible, before the judge's eyes."""
    when = at(second)
    parties = {HX.agency: HX, CK.agency: CK, THIRD.agency: THIRD}
    who = parties[rng.choice(judge.parties)]
    act = rng.choice(("suspend", "resume", "resume", "resume", "backfill", "change", "end"))
    if agreement.state not in ("active", "suspended") or second >= judge.said["valid_until"]:
        return agreement
    if act == "suspend" and who.agency not in judge.withheld:
        also = rng.choice(((), (), LINES[:1], LINES[1:], LINES))
        judge.suspend(who.agency, second, also)
        return acts.suspend(agreement, at=when, who=who, reason="a row", also=also)
    if act == "resume" and who.agency in judge.withheld:
        backfill = None
        if rng.random() < 0.5:
            a, b = sorted(rng.sample(range(-20_000, int(second)), 2))
            name = rng.choice(judge.said["classes"])
            backfill = Backfill(start=at(a), end=at(b), classes=(name,))
            judge.backfills.append((who.agency, name, a, b))
        judge.resume(who.agency, second)
        return acts.resume(agreement, at=when, who=who, backfill=backfill)
    if act == "backfill":
        a, b = sorted(rng.sample(range(-20_000, int(second)), 2))
        name = rng.choice(judge.said["classes"])
        judge.backfills.append((who.agency, name, a, b))
        return acts.backfill(
            agreement, Backfill(start=at(a), end=at(b), classes=(name,)), at=when, who=who
        )
    if act == "change" and rng.random() < 0.4:
        body = random_terms(rng)
        if second >= body["valid_until"]:
            return agreement
        judge.change(body)
        agreement = acts.change(agreement, terms(**ours(body)), at=when, who=who)
        for party in judge.parties:
            if rng.random() < 0.95:
                judge.sign(party, second)
                agreement = acts.sign(agreement, at=when, who=parties[party])
        return agreement
    if act == "end" and rng.random() < 0.1:
        judge.end(second)
        return acts.end(agreement, at=when, who=who)
    return agreement


def random_record(rng: random.Random) -> dict[str, Any]:
    now = float(rng.choice((rng.randrange(-6000, 60_000), rng.randrange(80_000, 200_000))))
    placed = rng.random() < 0.9
    owner, viewer = rng.sample(AGENCIES[: rng.choice((2, 2, 2, 3, 4))], 2)
    return {
        "class": rng.choice(DATA_CLASSES),
        "owner": owner,
        "viewer": viewer if rng.random() < 0.95 else owner,
        "now": now,
        "at": now
        - rng.choice(
            (0, 0, rng.randrange(9000), rng.randrange(200_000), rng.randrange(-300_000, 0))
        ),
        "lon": rng.uniform(100.0, 100.9) if placed else None,
        "lat": rng.uniform(20.0, 20.9) if placed else None,
        "unit": rng.choice((*UNITS, None)),
    }


def test_nothing_crosses_that_the_judge_does_not_allow_in_100_000_records() -> None:
    rng = random.Random(20_030_610)
    let_through = 0
    for _ in range(RECORDS // EACH):
        open_documents, judges, outings = world(rng)
        sharing = Sharing(open_documents)
        for _ in range(EACH):
            record = random_record(rng)
            about = {
                "owner": record["owner"],
                "viewer": record["viewer"],
                "now": at(record["now"]),
                "at": at(record["at"]),
                "lon": record["lon"],
                "lat": record["lat"],
                "unit": record["unit"],
            }
            allowed = any(judge.allows(record, outings) for judge in judges)
            passes = bool(sharing.grants(record["class"], **about))
            assert passes == allowed, (record, [vars(judge) for judge in judges], outings)
            let_through += passes
            if record["at"] % 5 == 0:
                assert (record["class"] in sharing.classes(**about)) == passes
    assert let_through > RECORDS // 20, "the test let too little through to mean anything"


def test_what_time_lets_through_is_the_same_in_stretches_and_one_by_one() -> None:
    rng = random.Random(7)
    compared = 0
    for _ in range(300):
        open_documents, _, _ = world(rng)
        sharing = Sharing(open_documents)
        now = at(rng.choice((rng.randrange(-6000, 60_000), rng.randrange(80_000, 200_000))))
        start, end = at(-30_000), at(90_000)
        for owner, viewer in ((OTHER, AGENCY), (AGENCY, OTHER)):
            for grant in sharing.open_grants(owner, viewer, now):
                found = sharing.stretches(
                    grant, owner=owner, viewer=viewer, unit="u1", start=start, end=end, now=now
                )
                edges = [edge for stretch in found for edge in stretch]
                moments = [start + timedelta(seconds=rng.randrange(120_000)) for _ in range(60)]
                moments += [edge + timedelta(microseconds=us) for edge in edges for us in (-1, 0)]
                for moment in moments:
                    if not start <= moment < end:
                        continue
                    inside = any(first <= moment < last for first, last in found)
                    assert inside == grant.passes(
                        "tracks",
                        owner=owner,
                        viewer=viewer,
                        now=now,
                        at=moment,
                        lon=0.0,
                        lat=0.0,
                        unit="u1",
                        outings=sharing.outings(owner, viewer),
                        lies_in=lambda _grant: True,
                    )
                    compared += inside
    assert compared > 1000


# -- marks


def structs_in(kind: inspect.Type) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, inspect.Metadata):
        yield from structs_in(kind.type)
    elif isinstance(kind, inspect.StructType):
        yield kind.cls
        for field in kind.fields:
            if not is_never(field.type):
                yield from structs_in(field.type)
    else:
        for name in getattr(kind, "__struct_fields__", ()):
            value = getattr(kind, name)
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, inspect.Type):
                    yield from structs_in(each)


def is_never(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.Metadata) and (kind.extra or {}).get("crosses") == "never"


def unmarked(kind: type[msgspec.Struct]) -> list[str]:
    """Return the fields without a mark, of a kind and of what stands in fields that may cross."""
    return [
        f"{each.__name__}.{name}"
        for each in dict.fromkeys(structs_in(inspect.type_info(kind)))
        for name, mark in marks(each).items()
        if mark not in (*DATA_CLASSES, "envelope", "never")
    ]


@pytest.mark.parametrize(
    "kind", [*ALL, UnitState, UnitDetails, Fix], ids=lambda each: each.__name__
)
def test_every_field_says_whether_it_may_cross(kind: type[msgspec.Struct]) -> None:
    assert unmarked(kind) == []


class NewPart(msgspec.Struct):
    lon: Annotated[float, POSITIONS]
    new: str = ""


class NewKind(Document, frozen=True, kw_only=True, tag="unmarked"):
    parts: Annotated[tuple[NewPart, ...] | None, POSITIONS] = None
    more: dict[str, int] = {}
    hidden: Annotated[tuple[NewPart, ...], NEVER] = ()


def test_a_field_without_a_mark_would_fail() -> None:
    assert unmarked(NewKind) == ["NewKind.more", "NewPart.new"]


# -- NEVER means never


SECRET = "never-to-cross"


def filled(kind: inspect.Type, *, never: bool = False) -> Any:
    """Return a value of a type; every text in a field that may never cross is `SECRET`."""
    if isinstance(kind, inspect.Metadata):
        return filled(kind.type, never=never or is_never(kind))
    if isinstance(kind, inspect.StructType):
        values = {field.name: filled(field.type, never=never) for field in kind.fields}
        return kind.cls(**values)
    if isinstance(kind, inspect.UnionType):
        some = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        return filled(some[0], never=never)
    if isinstance(kind, inspect.VarTupleType):
        return (filled(kind.item_type, never=never),)
    if isinstance(kind, inspect.TupleType):
        return tuple(filled(each, never=never) for each in kind.item_types)
    if isinstance(kind, (inspect.ListType,)):
        return [filled(kind.item_type, never=never)]
    if isinstance(kind, inspect.DictType):
        return {filled(kind.key_type, never=never): filled(kind.value_type, never=never)}
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.DateTimeType):
        return at(60)
    if isinstance(kind, inspect.FloatType):
        return 20.5
    if isinstance(kind, inspect.IntType):
        return 2
    if isinstance(kind, inspect.BoolType):
        return True
    if isinstance(kind, inspect.StrType):
        return SECRET if never else "said"
    if isinstance(kind, inspect.BytesType):
        return SECRET.encode() if never else b"said"
    if isinstance(kind, inspect.DateType):
        return at(60).date()
    raise AssertionError(f"nothing is known of {kind}")


@pytest.mark.parametrize("kind", [each for each in ALL if each.CLASS is not None])
def test_what_may_never_cross_crosses_under_no_agreement(kind: type[Document]) -> None:
    document = filled(inspect.type_info(kind))
    document = msgspec.structs.replace(document, agency=OTHER, at=at(60))
    if isinstance(document, Mark):  # its path is typed as rows of numbers, and is one of pairs
        document = msgspec.structs.replace(document, path=((100.4, 20.3),))
    assert SECRET.encode() in msgspec.json.encode(document)
    open_documents = OpenDocuments()
    open_documents.put([active(at(0))])
    seen = passed(document, sharing=Sharing(open_documents), viewer="mm-tl", now=at(90))
    assert seen is None
    for allowed in (frozenset(DATA_CLASSES), *({each} for each in DATA_CLASSES)):
        told = document.shared(allowed)
        assert told is None or SECRET.encode() not in msgspec.json.encode(told)
    seen = passed(document, sharing=Sharing(open_documents), viewer=AGENCY, now=at(90))
    assert seen is None or SECRET.encode() not in msgspec.json.encode(seen)


def test_a_unit_crosses_without_its_links_addresses_and_words() -> None:
    state = filled(inspect.type_info(UnitState))
    state = msgspec.structs.replace(state, agency=OTHER)
    assert state.last is not None
    open_documents = OpenDocuments()
    open_documents.put([active(at(0))])
    seen = SharedUnits(OTHER, AGENCY, Sharing(open_documents)).crossed(state, at(90))
    assert seen is not None
    assert seen.distress
    assert seen.last == msgspec.structs.replace(state.last, place=None)
    data = msgspec.json.encode(seen)
    assert SECRET.encode() not in data
    for name in ("heard_at", "addresses", "cut_by", "status", "text", "place"):
        assert f'"{name}"'.encode() not in data, name


def test_distress_crosses_only_where_alerts_do() -> None:
    state = filled(inspect.type_info(UnitState))
    state = msgspec.structs.replace(state, agency=OTHER)
    open_documents = OpenDocuments()
    open_documents.put([active(at(0), classes=("positions",))])
    seen = SharedUnits(OTHER, AGENCY, Sharing(open_documents)).crossed(state, at(90))
    assert seen is not None
    assert not seen.distress


# -- how exactly

places = st.builds(
    Fix,
    of=st.just("u"),
    lon=st.floats(-180, 180),
    lat=st.floats(-89.9, 89.9),
    time=st.just(at(1)),
    live=st.booleans(),
    speed_mps=st.none() | st.floats(0, 50),
    course_deg=st.none() | st.floats(0, 359),
    heading_deg=st.none() | st.floats(0, 359),
    accuracy_m=st.none() | st.floats(0, 5000),
    altitude_m=st.none() | st.floats(0, 5000),
    river_km=st.none() | st.floats(0, 3000),
    bank=st.sampled_from((None, "left", "right", "mid")),
    place=st.none() | st.just(Address(river="Mekong", km=2356.0)),
    flags=st.sampled_from(((), ("late",), ("by_voice", "late"))),
)


@settings(max_examples=examples(500), deadline=None)
@given(fix=places, grid=st.sampled_from((0.0, 10.0, 100.0, 1000.0, 25_000.0)))
def test_the_quick_way_for_fixes_does_what_the_one_function_does(fix: Fix, grid: float) -> None:
    apart = crossed(fix, {"positions"})
    assert apart is not None
    assert crossed_fix(fix, grid) == coarse(apart, grid)
    assert crossed_fix(fix, grid).place is None
    lon, lat = snapped(fix.lon, fix.lat, grid)
    lons, lats = snapped_many(np.array([fix.lon]), np.array([fix.lat]), grid)
    assert (float(lons[0]), float(lats[0])) == (lon, lat)
    assert snapped(lon, lat, grid) == pytest.approx((lon, lat), abs=2e-6)
    if grid:
        told = crossed_fix(fix, grid)
        assert abs(told.lat - fix.lat) * 111_195 <= grid * 0.51
        assert (told.river_km, told.bank, told.altitude_m) == (None, None, None)
        assert (told.accuracy_m or 0.0) >= grid


def test_one_square_is_all_that_many_fixes_tell() -> None:
    rng = random.Random(3)
    lon, lat = snapped(100.41, 20.27, 1000.0)
    told = {
        snapped(lon + rng.uniform(-0.004, 0.004), lat + rng.uniform(-0.004, 0.004), 1000.0)
        for _ in range(500)
    }
    assert told == {(lon, lat)}


# -- documents


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    at: Annotated[datetime, POSITIONS]
    lon: Annotated[float, POSITIONS]
    lat: Annotated[float, POSITIONS]
    place: Annotated[str, POSITIONS] = ""


class Seen(Document, frozen=True, kw_only=True, tag="seen", omit_defaults=True):
    CLASS = "positions"

    raised_at: Annotated[datetime, POSITIONS]
    lon: Annotated[float | None, POSITIONS] = None
    lat: Annotated[float | None, POSITIONS] = None
    sightings: Annotated[tuple[Sighting, ...], POSITIONS] = ()


def told_of(document: Document, agreement: Agreement, second: float = 2000) -> Any:
    open_documents = OpenDocuments()
    open_documents.put([agreement])
    return passed(document, sharing=Sharing(open_documents), viewer=AGENCY, now=at(second))


def seen(second: float, *, raised: float | None = None, **more: Any) -> Seen:
    return Seen(
        id="s",
        agency=OTHER,
        at=at(second),
        raised_at=at(second if raised is None else raised),
        **more,
    )


def suspended_for_a_while(**changes: Any) -> Agreement:
    agreement = acts.suspend(active(at(0), **changes), at=at(100), who=HX, reason="a")
    return acts.resume(agreement, at=at(200), who=HX)


def test_a_document_of_the_gap_never_crosses_nor_one_that_began_in_it() -> None:
    agreement = suspended_for_a_while()
    assert told_of(seen(50), agreement) is not None
    assert told_of(seen(150), agreement) is None
    assert told_of(seen(250, raised=150), agreement) is None
    assert told_of(seen(250), agreement) is not None


def test_parts_of_the_gap_or_outside_the_corridor_are_left_out() -> None:
    agreement = suspended_for_a_while(corridor=box(100.0, 20.0, 101.0, 21.0))
    parts = tuple(
        Sighting(at=at(second), lon=lon, lat=20.5)
        for second, lon in ((50, 100.5), (150, 100.5), (250, 100.5), (260, 102.0))
    )
    answer = told_of(seen(300, lon=100.5, lat=20.5, sightings=parts), agreement)
    assert answer.sightings == (parts[0], parts[2])
    assert told_of(seen(300, lon=102.0, lat=20.5), agreement) is None
    assert told_of(seen(300), agreement) is None, "nobody knows where it is"


def test_places_in_documents_are_sent_as_coarsely_as_agreed() -> None:
    part = Sighting(at=at(250), lon=100.41231, lat=20.27214, place="km 2 356")
    answer = told_of(
        seen(300, lon=100.41231, lat=20.27214, sightings=(part,)), active(at(0), precision_m=1000.0)
    )
    assert (answer.lon, answer.lat) == snapped(100.41231, 20.27214, 1000.0)
    assert (answer.sightings[0].lon, answer.sightings[0].place) == (answer.lon, "")


# -- no policy without an agreement


@given(agency=st.sampled_from(AGENCIES), owner=st.sampled_from(AGENCIES), known=st.booleans())
def test_a_policy_without_sharing_lets_only_its_own_pass(
    agency: str, owner: str, known: bool
) -> None:
    policy = ViewPolicy(agency=agency, role="commander")
    assert policy.passes(agency=owner, known=known) == (agency == owner)
    document = seen(1)
    document = msgspec.structs.replace(document, agency=owner)
    assert (policy.document(document) is not None) == (agency == owner)


@settings(max_examples=examples(150), deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("state", "fix", "late", "gone")),
            st.sampled_from(("u1", "u2")),
            st.floats(99.9, 100.6),
            st.booleans(),
        ),
        max_size=30,
    ),
    grid=st.sampled_from((0.0, 1000.0)),
)
def test_a_sight_that_followed_shows_what_one_that_begins_now_shows(
    steps: list[tuple[str, str, float, bool]], grid: float
) -> None:
    open_documents = OpenDocuments()
    open_documents.put([active(at(0), precision_m=grid, corridor=box(100.0, 20.0, 100.5, 21.0))])
    followed = SharedUnits(OTHER, AGENCY, Sharing(open_documents))
    known: dict[str, UnitState] = {}
    viewer: dict[str, UnitState] = {}
    for number, (act, id, lon, flag) in enumerate(steps):
        now = at(number + 10)
        flags = ("by_voice",) if flag else ()
        fix = Fix(of=id, lon=lon, lat=20.5, time=now, live=act != "late", flags=flags)
        units: tuple[UnitState, ...] = ()
        fixes: tuple[Fix, ...] = ()
        gone: tuple[str, ...] = ()
        if act == "state":
            known[id] = UnitState(
                id=id, call_sign=id, agency=OTHER, kind="boat", last=fix, distress=flag,
                by_voice=flag, text="ours", addresses=("test:b",),
            )  # fmt: skip
            units = (known[id],)
        elif act == "gone":
            known.pop(id, None)
            gone = (id,)
        else:
            fixes = (fix,)
            if fix.live and id in known:
                known[id] = msgspec.structs.replace(known[id], last=fix, by_voice=flag)
        news = followed.take(units, fixes, gone, now)
        viewer |= news.units
        for told in news.fixes:
            assert told.of in viewer
            if told.live:
                viewer[told.of] = msgspec.structs.replace(viewer[told.of], last=told)
        for left in news.forget:
            viewer.pop(left, None)
        fresh = SharedUnits(OTHER, AGENCY, Sharing(open_documents))
        fresh.begin(known.values(), now)
        assert followed.visible == fresh.visible
        assert viewer == fresh.visible


def test_what_grows_too_old_to_be_read_is_taken_from_viewers_each_hour() -> None:
    open_documents = OpenDocuments()
    open_documents.put([active(at(0), keep_days=1)])
    sharing = Sharing(open_documents)
    assert sharing.state_of(AGENCY, at(0)) == sharing.state_of(AGENCY, at(HOUR - 1))
    assert sharing.state_of(AGENCY, at(0)) != sharing.state_of(AGENCY, at(HOUR))
