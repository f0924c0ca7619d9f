"""Incidents: their life, what cannot be logged, one effect of a repeated report, what crosses."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from patrol.documents.document import id_of_request
from patrol.errors.errors import Conflict, Forbidden, IllegalStep, NotFound
from patrol.incidents.incident import (
    CATEGORIES,
    LIFECYCLE,
    UNITS_OF,
    AmountUnit,
    ArrestCount,
    Category,
    Credit,
    Incident,
    Seizure,
    Vehicle,
    check,
    parse_time,
)
from patrol.incidents.search import IncidentQuery
from patrol.sharing.precision import coarse
from patrol.units.data_classes import DATA_CLASSES, marks
from patrol.units.units import Role
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, START, Node, at


def _asked(id: str) -> str:
    return id_of_request(id, agency=AGENCY)


def told(**more: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "category": "drugs",
        "happened_at": at(-3600),
        "precision": "minute",
        "seizures": (Seizure(what="methamphetamine", amount=15_000, unit="tablets"),),
        "arrested": (ArrestCount(count=2, nationality="LA"), ArrestCount(count=1)),
        "lon": 100.41,
        "lat": 20.266,
        "narrative": "A boat without lights was stopped.",
        "informants": "the ferryman",
    }
    return values | more


def incident(**more: Any) -> Incident:
    values = {"credited": (Credit(agency=AGENCY, country="LA"),), **told(), **more}
    del values["informants"]  # it stands in no incident
    return Incident(id="i1", agency=AGENCY, origin=NODE, at=START, by="kham", **values)


async def in_state(node: Node, state: str) -> Incident:
    """Log an incident and bring it to a state, by the steps that lead there."""
    desk = node.desk().incidents
    made = await desk.log(**told())
    for act in {
        "reported": (),
        "confirmed": ("confirm",),
        "corrected": ("confirm", "correct"),
        "closed": ("confirm", "close"),
        "withdrawn": ("withdraw",),
    }[state]:
        made = await step(node, made, act)
    assert made.state == state
    return made


async def step(node: Node, made: Incident, act: str, role: Role = "commander") -> Incident:
    desk = node.desk(role).incidents
    if act == "confirm":
        second = node.desk(role, name="keo").incidents
        return await second.confirm(made.id, version=made.version)
    if act == "credit":
        return await desk.answer_credit(made.id, agrees=True)
    if act == "close":
        return await desk.close(made.id, version=made.version)
    if act == "withdraw":
        return await desk.withdraw(made.id, version=made.version, reason="logged twice")
    return await desk.correct(
        made.id, version=made.version, reason="counted again", people_found=made.version
    )


@pytest.mark.parametrize("state", LIFECYCLE.states)
@pytest.mark.parametrize("act", [act for act in LIFECYCLE.acts if act != "credit"])
async def test_every_step_of_the_table_is_taken_and_every_other_refused(
    node: Node, state: str, act: str
) -> None:
    made = await in_state(node, state)
    if (state, act) in LIFECYCLE.steps:
        after = await step(node, made, act)
        assert (after.state, after.version) == (LIFECYCLE.steps[state, act], made.version + 1)
    else:
        with pytest.raises(IllegalStep):
            await step(node, made, act)
        after = made
    assert await node.desk().incidents.incident(made.id) == after
    await node.again()
    assert await node.desk().incidents.incident(made.id) == after
    assert (
        node.watch.document_service.open_documents.find(Incident, made.id) is None
    ) is after.is_closed


async def test_crew_logs_and_corrects_what_nobody_has_confirmed(node: Node) -> None:
    crew, commander = node.desk("crew").incidents, node.desk("commander").incidents
    made = await crew.log(**told())
    assert (made.by, made.agency, made.origin, made.state) == ("kham", AGENCY, NODE, "reported")
    assert made.credited == (Credit(agency=AGENCY),)
    made = await crew.correct(made.id, version=1, people_found=3)
    with pytest.raises(Forbidden):
        await crew.confirm(made.id, version=2)
    await node.desk("commander", name="keo").incidents.confirm(made.id, version=2)
    with pytest.raises(Forbidden):
        await crew.correct(made.id, version=3, reason="more", people_found=4)
    with pytest.raises(Conflict, match="say why"):
        await commander.correct(made.id, version=3, people_found=4)
    with pytest.raises(Forbidden):
        await crew.close(made.id, version=3)
    with pytest.raises(Forbidden):
        await crew.withdraw(made.id, version=3, reason="none")
    with pytest.raises(Forbidden):
        await node.desk("technician").incidents.incidents(IncidentQuery())
    with pytest.raises(Forbidden):
        await node.desk("observer").incidents.log(**told())
    assert len(await node.desk("observer").incidents.incidents(IncidentQuery())) == 1


async def test_a_step_on_an_old_version_is_refused(node: Node) -> None:
    made = await in_state(node, "confirmed")
    with pytest.raises(Conflict, match="version 2"):
        await node.desk().incidents.close(made.id, version=1)
    with pytest.raises(Conflict, match="nothing is changed"):
        await node.desk().incidents.correct(made.id, version=2, reason="no", people_found=0)


async def test_two_who_correct_a_closed_one_at_once_do_not_overwrite_each_other(
    node: Node,
) -> None:
    made = await in_state(node, "closed")
    done = await asyncio.gather(
        *(
            node.desk().incidents.correct(
                made.id, version=made.version, reason="counted", people_found=count
            )
            for count in (1, 2)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Incident) for each in done) == 1
    assert sum(isinstance(each, Conflict) for each in done) == 1
    assert len(await node.desk().incidents.versions(made.id)) == made.version + 1


async def test_the_journal_and_the_versions_tell_who_did_what_and_why(node: Node) -> None:
    made = await in_state(node, "corrected")
    rows = node.rows("SELECT act, actor, subject, detail FROM journal ORDER BY seq")
    assert [row["act"] for row in rows] == [
        "log incident",
        "write protected field",
        "confirm incident",
        "correct incident",
    ]
    assert {row["subject"] for row in rows} == {f"incident:{made.id}"}
    assert msgspec.json.decode(rows[-1]["detail"])["reason"] == "counted again"
    versions = await node.desk().incidents.versions(made.id)
    assert [each.state for each in versions] == ["reported", "confirmed", "corrected"]
    with pytest.raises(NotFound):
        await node.desk(agency=OTHER).incidents.versions(made.id)


async def test_the_reporter_does_not_confirm_an_incident_unless_the_node_allows_it(
    node: Node,
) -> None:
    liaison, other = (node.desk("liaison", name=name).incidents for name in ("kham", "keo"))
    made = await liaison.log(**told())
    with pytest.raises(Conflict, match="somebody else confirms it") as refused:
        await liaison.confirm(made.id, version=1)
    assert refused.value.code == "second_person_needed"
    await other.correct(made.id, version=1, people_found=2)
    with pytest.raises(Conflict, match="somebody else"):  # who corrected it told some of it too
        await other.confirm(made.id, version=2)
    third = node.desk("commander", name="boun").incidents
    made = await third.confirm(made.id, version=2)
    assert (made.state, made.confirmed_by) == ("confirmed", "boun")
    # of what is corrected later only who logged it and who corrects it then have told
    made = await third.correct(made.id, version=3, reason="counted again", people_found=3)
    assert (made.confirmed_by, made.is_confirmed) == ("", False)
    made = await other.confirm(made.id, version=4)
    node.watch.second_person = False
    liaison = node.desk("liaison").incidents
    alone = await liaison.log(**told(narrative="a second one"))
    assert (await liaison.confirm(alone.id, version=1)).confirmed_by == "kham"


# -- an id of the crew's own


async def test_the_same_report_sent_again_has_one_effect_however_late(node: Node) -> None:
    crew = node.desk("crew").incidents
    first = await crew.log(id="phone-7-0001", **told())
    node.time = at(600)
    assert await crew.log(id="phone-7-0001", **told()) == first
    confirmed = await step(node, first, "confirm")
    await node.again()
    crew = node.desk("crew").incidents
    assert await crew.log(id="phone-7-0001", **told()) == confirmed
    closed = await step(node, confirmed, "close")
    assert await crew.log(id="phone-7-0001", **told()) == closed
    assert len(await crew.versions(first.id)) == 3
    with pytest.raises(Conflict, match="another"):
        await crew.log(id="phone-7-0001", **told(narrative="something else"))
    with pytest.raises(Conflict, match="another"):
        await node.desk("crew", name="boun").incidents.log(id="phone-7-0001", **told())


async def test_an_id_that_another_agency_chose_before_is_as_good_as_any_other(node: Node) -> None:
    first = await node.desk("crew").incidents.log(id="phone-7-0001", **told())
    others = node.desk("crew", agency=OTHER).incidents
    for text in ("phone-7-0001", first.id, "phone-7-0002"):
        made = await others.log(id=text, **told(narrative="something else"))
        assert (made.agency, made.version) == (OTHER, 1)
        assert made.id not in (text, first.id)
    assert len(await node.desk("crew").incidents.versions(first.id)) == 1


async def test_the_same_report_sent_many_times_at_once_has_one_effect(node: Node) -> None:
    crew = node.desk("crew").incidents
    done = await asyncio.gather(*(crew.log(id="phone-7-0002", **told()) for _ in range(10)))
    assert len({each.version for each in done}) == 1
    assert len(await crew.versions(done[0].id)) == 1
    assert len(node.rows("SELECT 1 FROM journal WHERE act = 'log incident'")) == 1


# -- what cannot be


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"seizures": (Seizure(what="heroin", amount=-1.0, unit="kg"),)}, "amount"),
        ({"seizures": (Seizure(what="heroin", amount=0.0, unit="kg"),)}, "amount"),
        ({"seizures": (Seizure(what="heroin", amount=math.nan, unit="kg"),)}, "amount"),
        ({"seizures": (Seizure(what="heroin", amount=math.inf, unit="kg"),)}, "amount"),
        ({"seizures": (Seizure(what="heroin", amount=1e12, unit="kg"),)}, "amount"),
        ({"seizures": (Seizure(what="yaba", amount=0.5, unit="tablets"),)}, "whole"),
        ({"seizures": (Seizure(what="yaba", amount=3, unit="cylinders"),)}, "not in cylinders"),
        ({"seizures": (Seizure(what=" ", amount=3, unit="kg"),)}, "say what"),
        ({"arrested": (ArrestCount(count=0),)}, "numbers"),
        ({"arrested": (ArrestCount(count=1), ArrestCount(count=2))}, "nationality"),
        ({"vehicles": (Vehicle(kind="boat", count=-2),)}, "numbers"),
        ({"people_found": -1}, "people"),
        ({"cases": 0}, "numbers"),
        ({"lon": None}, "longitude"),
        ({"photos": ("0" * 64, "0" * 64)}, "photo"),
        ({"happened_at": at(300)}, "still to come"),
        ({"happened_at": at(3600 * 20), "precision": "day"}, "still to come"),
    ],
)
async def test_what_cannot_be_is_not_logged(node: Node, more: dict[str, Any], fault: str) -> None:
    with pytest.raises(Conflict, match=fault):
        await node.desk("crew").incidents.log(**told(**more))
    assert await node.desk().incidents.incidents(IncidentQuery(state="reported")) == []
    if "happened_at" not in more:
        made = msgspec.structs.replace(incident(), **more)
        with pytest.raises(Conflict, match=fault):
            check(made)


async def test_a_correction_cannot_make_what_could_not_be_logged(node: Node) -> None:
    made = await in_state(node, "reported")
    with pytest.raises(Conflict, match="not as itself"):
        await node.desk().incidents.correct(made.id, version=1, same_as=made.id)
    with pytest.raises(Conflict, match="not in tablets"):
        await node.desk().incidents.correct(made.id, version=1, category="timber")
    with pytest.raises(TypeError):
        await node.desk().incidents.correct(made.id, version=1, agency=OTHER)
    with pytest.raises(TypeError):
        await node.desk().incidents.log(**told(state="closed"))


async def test_what_an_incident_names_must_be_there(node: Node) -> None:
    crew = node.desk("crew")
    with pytest.raises(NotFound, match="agency"):
        await crew.incidents.log(credited=["nobody"], **told())
    with pytest.raises(NotFound, match="patrol"):
        await crew.incidents.log(**told(patrol="nowhere"))
    with pytest.raises(NotFound, match="incident"):
        await crew.incidents.log(**told(same_as="nowhere"))
    for name in ("0" * 64, "../../etc/passwd"):
        with pytest.raises(NotFound, match="photo"):
            await crew.incidents.log(**told(photos=(name,)))
    others = await node.desk("crew", agency=OTHER).photos.add(picture())
    with pytest.raises(NotFound, match="photo"):
        await crew.incidents.log(**told(photos=(others.sha256,)))
    own = await crew.photos.add(picture())
    assert own.sha256 == others.sha256  # the same picture, kept by each
    made = await crew.incidents.log(**told(photos=(own.sha256,)))
    assert made.photos == (own.sha256,)


def picture(colour: str = "navy") -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_units_that_fit_it(category: Category) -> None:
    units: tuple[AmountUnit, ...] = UNITS_OF[category]
    assert "units" in units
    for unit in units:
        check(incident(category=category, seizures=(Seizure(what="x", amount=2, unit=unit),)))


# -- when


@given(
    st.dates(
        min_value=parse_time("1990-01-01")[0].date(), max_value=parse_time("2099-12-31")[0].date()
    ),
    st.sampled_from(("%Y", "%Y-%m", "%Y-%m-%d")),
)
def test_a_date_comes_back_as_it_was_given(date: Any, form: str) -> None:
    text = date.strftime(form)
    happened_at, precision = parse_time(text)
    told = incident(happened_at=happened_at, precision=precision)
    assert told.when == text
    assert told.until.strftime(form) > text or told.until.year == 2100
    assert parse_time(told.until.strftime("%Y-%m-%d")) if told.until.year < 2100 else True


@pytest.mark.parametrize(
    "text",
    ["", "06", "2006-5", "2006-13", "2006-02-30", "2006-05-17T12:00", "1989", "2100", "May 2006",
     "2006-05-17T25:00Z", "٢٠٠٦", "2006-05-17T12:00:00+99:00", "2006-05-17T12:00" + "0" * 50],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


async def test_incidents_are_found_by_time_category_and_credit(node: Node) -> None:
    desk = node.desk().incidents
    year = parse_time("2026")[0]
    await desk.log(id="of-this-year", **told(happened_at=year, precision="year"))
    await desk.log(id="of-this-hour", **told())
    await desk.log(id="timber-case", **told(category="timber", seizures=()))
    gone = await desk.log(id="logged-twice", **told())
    await step(node, gone, "withdraw")
    await step(node, await desk.incident(_asked("of-this-hour")), "confirm")

    async def ids(**wanted: Any) -> set[str]:
        return {each.id for each in await desk.incidents(IncidentQuery(**wanted))}

    assert await ids() == {_asked("of-this-year"), _asked("of-this-hour"), _asked("timber-case")}
    # somewhen in 2026 may have been in that hour
    assert await ids(start=at(-3700), end=at(-3500), category="drugs") == {
        _asked("of-this-year"),
        _asked("of-this-hour"),
    }
    assert await ids(end=at(-7200)) == {_asked("of-this-year")}
    assert await ids(start=parse_time("2027")[0]) == set()
    assert await ids(state="withdrawn") == {_asked("logged-twice")}
    assert await ids(sure=True) == {_asked("of-this-hour")}
    assert await ids(agency=AGENCY) == await ids()
    assert await ids(agency=OTHER) == await ids(country="TH") == await ids(patrol="p") == set()
    assert (await desk.totals(IncidentQuery())).region.arrested == 9


async def test_a_day_that_was_given_lies_in_one_month_by_the_local_calendar(
    node: Node,
) -> None:
    desk = node.desk().incidents
    for text in ("2025-09", "2025-09-30", "2025-10-01", "2025-09-30T23:30+07:00"):
        happened_at, precision = parse_time(text)
        await desk.log(id=text, **told(happened_at=happened_at, precision=precision))
    zone = ZoneInfo("Asia/Vientiane")

    async def ids(month: int) -> set[str]:
        start, end = (datetime(2025, each, 1, tzinfo=zone) for each in (month, month + 1))
        found = await desk.incidents(IncidentQuery(start=start, end=end, zone=zone))
        return {each.id for each in found}

    assert await ids(9) == {
        _asked("2025-09"),
        _asked("2025-09-30"),
        _asked("2025-09-30T23:30+07:00"),
    }
    assert await ids(10) == {_asked("2025-10-01")}


# -- what crosses


async def test_another_agency_sees_nothing_without_an_agreement(node: Node) -> None:
    made = await node.desk().incidents.log(**told(), credited=[AGENCY])
    other = node.desk(agency=OTHER).incidents
    assert await other.incidents(IncidentQuery()) == []
    with pytest.raises(NotFound):
        await other.incident(made.id)
    for order in (
        other.confirm(made.id, version=1),
        other.correct(made.id, version=1, people_found=1),
        other.withdraw(made.id, version=1, reason="none of yours"),
    ):
        with pytest.raises(NotFound):
            await order
    assert (await other.totals(IncidentQuery())).region.reports == 0


def test_every_field_is_marked_and_secrets_never_cross() -> None:
    for kind in (Incident, Seizure, ArrestCount, Vehicle, Credit):
        assert None not in marks(kind).values()
    full = incident(
        patrol="p1",
        reason="the ferryman said so",
        vehicles=(Vehicle(kind="boat"),),
        photos=("0" * 64,),
    )
    shared = full.shared(frozenset(DATA_CLASSES))
    assert shared is not None
    for secret in ("reason", "by"):
        assert getattr(full, secret)
        assert not getattr(shared, secret)
    assert shared.seizures == full.seizures
    assert shared.arrested == full.arrested
    assert shared.patrol == "p1"
    only = full.shared(frozenset({"incidents"}))
    assert only is not None
    assert only.patrol == ""  # which patrol it was is told where patrols are
    everything_else = frozenset(DATA_CLASSES) - {"incidents", "patrols"}
    assert full.shared(everything_else) is None
    assert full.shared(frozenset()) is None


def test_an_incident_shared_coarsely_gives_its_place_in_no_other_text() -> None:
    full = incident(place="km 2 355, left bank", place_name="the pier of Ban Mom")
    told = coarse(full, 5000.0)
    assert told is not None
    assert (told.place, told.place_name) == ("", "")
    assert told.lon is not None
    assert abs(told.lon - 100.41) > 1e-6
