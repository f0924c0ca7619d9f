"""Incidents and their photos across the border: what an agreement lets pass, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import msgspec
import pytest
from PIL import Image

from patrol.agreements.agreement import Agreement, Terms
from patrol.agreements.lifecycle import Party, draft, propose, resume, sign, suspend
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.incidents.incident import ArrestCount, Incident, Seizure, parse_time
from patrol.incidents.search import IncidentQuery
from patrol.targets.sightings import Sighting
from patrol.units.data_classes import DataClass
from patrol.units.units import Agency
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, Node, at

SECRETS = ("Mr A", "the ferryman", "Ms B", "Ms C")


async def filed(node: Node, document: Agreement) -> Agreement:
    def act(open_documents: Any, now: Any) -> Filing:
        return Filing(documents=(document,), act="test", agency=document.agency)

    await node.watch.document_service.file(act)
    return document


async def agreement(
    node: Node, *classes: DataClass, precision_m: float = 0.0, at_once: bool = True
) -> Agreement:
    """Bring an agreement between the two agencies into force; incidents cross `at_once`."""
    terms = Terms(
        name="Joint patrols",
        purposes=("drugs",),
        classes=classes,
        valid_from=at(-86_400),
        valid_until=at(86_400 * 365),
        precision_m=precision_m,
        incidents_at_once=at_once,
    )
    laos, thailand = Party(agency=AGENCY, name="kham"), Party(agency=OTHER, name="malee")
    now = node.time
    made = await filed(node, draft(terms, (AGENCY, OTHER), at=now, who=laos, origin=NODE))
    made = await filed(node, propose(made, at=now, who=laos))
    for party in (laos, thailand):
        made = await filed(node, sign(made, at=now, who=party))
    assert made.state == "active"
    return made


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "navy").save(out, "PNG")
    return out.getvalue()


async def logged(node: Node, **more: Any) -> Incident:
    photo = await node.desk("crew").photos.add(picture())
    values: dict[str, Any] = {
        "category": "drugs",
        "happened_at": node.time,
        "precision": "minute",
        "seizures": (Seizure(what="heroin", amount=2.5, unit="kg"),),
        "arrested": (ArrestCount(count=2, nationality="LA"),),
        "lon": 100.41,
        "lat": 20.266,
        "photos": (photo.sha256,),
        "narrative": "A boat was stopped.",
        "names": SECRETS[0],
        "informants": SECRETS[1],
        "witnesses": SECRETS[2],
        "victims": SECRETS[3],
    }
    return await node.desk("crew").incidents.log(**values | more)


async def test_an_agreement_shares_an_incident_and_its_photo_without_secrets(node: Node) -> None:
    await agreement(node, "incidents")
    node.time = at(60)
    made = await logged(node)
    other = node.desk("commander", agency=OTHER, name="malee")
    incident = await other.incidents.incident(made.id)
    assert incident.seizures == made.seizures
    assert (incident.lon, incident.lat) == (made.lon, made.lat)
    assert incident.by == ""
    body = msgspec.json.encode(incident).decode()
    assert not [secret for secret in SECRETS if secret in body]
    assert await other.incidents.incidents(IncidentQuery()) == [incident]
    assert await other.incidents.incidents(IncidentQuery(), purpose="file") == [incident]
    assert (await other.incidents.totals(IncidentQuery())).region.reports == 1
    photo = await other.photos.body(made.photos[0])
    assert photo == await node.desk("crew").photos.body(made.photos[0])
    rows = node.rows("SELECT act, actor, agency FROM journal WHERE act LIKE 'see shared%'")
    assert [tuple(row) for row in rows if row["actor"]] == [
        ("see shared incidents", "malee", OTHER),  # one
        ("see shared incidents", "malee", OTHER),  # a file
        ("see shared photo", "malee", OTHER),
    ]
    counted = node.watch.document_service.disclosures.duty(
        node.watch.document_service.open_documents, node.time
    ).notes
    answers = [row for row in rows if row["act"] == "see shared records"]
    assert len(counted) + len(answers) >= 1, "lists and totals are counted by the hour"
    with pytest.raises(NotFound):
        await other.incidents.confirm(made.id, version=1)
    with pytest.raises(NotFound):
        await other.incidents.versions(made.id)


async def test_an_incident_crosses_once_it_is_confirmed_unless_the_agreement_says_at_once(
    node: Node,
) -> None:
    await agreement(node, "incidents", at_once=False)
    node.time = at(60)
    made = await logged(node)
    other = node.desk("commander", agency=OTHER, name="malee")
    second = node.desk("commander", name="keo").incidents

    async def crosses() -> bool:
        found = await other.incidents.incidents(IncidentQuery(state=made.state))
        is_shown = made.id in {each.id for each in found}
        if not is_shown:
            with pytest.raises(NotFound):
                await other.incidents.incident(made.id)
            for photo in made.photos:
                with pytest.raises(NotFound):
                    await other.photos.body(photo)
        return is_shown

    assert not await crosses()
    made = await second.confirm(made.id, version=1)
    assert await crosses()
    assert (await other.incidents.incident(made.id)).confirmed_by == ""
    corrector = node.desk("liaison", name="boun").incidents
    made = await corrector.correct(made.id, version=2, reason="counted", people_found=1)
    assert not await crosses(), "what is corrected waits to be confirmed again"
    made = await second.confirm(made.id, version=3)
    assert await crosses()
    made = await second.withdraw(made.id, version=4, reason="it was nothing")
    assert await crosses(), "who was shown it is told that it is withdrawn"
    made = await logged(node, photos=())
    made = await second.withdraw(made.id, version=1, reason="logged twice")
    assert not await crosses(), "who was never shown it is told nothing"


async def test_an_incident_counts_for_a_credited_agency_once_it_has_agreed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    agencies = {
        each: Agency(id=each, name=each, country=country)
        for each, country in ((AGENCY, "LA"), (OTHER, "TH"))
    }
    monkeypatch.setattr(node.watch, "agencies", agencies)
    await agreement(node, "incidents", at_once=False)
    node.time = at(60)
    made = await logged(node, credited=[AGENCY, OTHER])
    other = node.desk("commander", agency=OTHER, name="malee").incidents
    own = node.desk("commander", name="keo").incidents
    with pytest.raises(NotFound):
        await other.answer_credit(made.id, agrees=True)  # it is not confirmed: not shown
    made = await own.confirm(made.id, version=1)

    async def counted() -> set[str]:
        here, there = await own.totals(IncidentQuery()), await other.totals(IncidentQuery())
        assert here.by_agency.keys() == there.by_agency.keys()
        assert here.region.reports == there.region.reports == 1
        assert set(here.by_country) == {agencies[each].country for each in here.by_agency}
        return set(here.by_agency)

    assert await counted() == {AGENCY}
    with pytest.raises(Forbidden):
        await node.desk("planner", agency=OTHER).incidents.answer_credit(made.id, agrees=True)
    with pytest.raises(Conflict, match="not credited"):
        await own.answer_credit(made.id, agrees=True)
    incident = await other.answer_credit(made.id, agrees=True)
    assert [each.agreed for each in incident.credited] == [None, True]
    assert await counted() == {AGENCY, OTHER}
    with pytest.raises(Conflict, match="already"):
        await other.answer_credit(made.id, agrees=True)
    made = await own.correct(
        made.id, version=3, reason="more", credited=[OTHER, AGENCY], people_found=1
    )
    assert [each.agreed for each in made.credited] == [True, None], "what it said stands"
    made = await node.desk("commander", name="boun").incidents.confirm(made.id, version=4)
    await other.answer_credit(made.id, agrees=False)
    assert await counted() == {AGENCY}
    versions = await own.versions(made.id)
    assert "malee" not in str(versions), "whose officer said so does not leave the agency"
    rows = node.rows("SELECT act, actor, agency FROM journal WHERE act LIKE '%credit%'")
    assert [tuple(row) for row in rows] == 2 * [
        ("answer credit", "malee", OTHER),
        ("credit was answered", "", AGENCY),
    ]


async def test_nothing_dated_on_the_day_consent_began_crosses(
    node: Node,
) -> None:
    # At six in the morning of the 25th on the spot, which is the 24th in UTC.
    node.time = datetime.fromisoformat("2026-11-25T06:00:00+07:00").astimezone(UTC)
    await agreement(node, "incidents")
    node.time += timedelta(days=2)
    other = node.desk("commander", agency=OTHER, name="malee").incidents
    for text, crosses in (("2026-11-25", False), ("2026-11-26", True)):
        happened_at, precision = parse_time(text)
        made = await logged(node, happened_at=happened_at, precision=precision)
        texts = {each.id for each in await other.incidents(IncidentQuery())}
        assert (made.id in texts) is crosses, text


async def test_nothing_dated_within_a_suspension_crosses_later(node: Node) -> None:
    """It began in the evening, when in UTC it was the day before; and one in a night alone."""
    who = Party(agency=AGENCY, name="kham")
    held = await agreement(node, "incidents")
    for begins, ends in (
        ("2026-11-25T20:00+07:00", "2026-11-30T08:00+07:00"),
        ("2026-12-03T01:00+07:00", "2026-12-03T02:00+07:00"),
    ):
        node.time = datetime.fromisoformat(begins).astimezone(UTC)
        held = await filed(node, suspend(held, at=node.time, who=who, reason="for a while"))
        node.time = datetime.fromisoformat(ends).astimezone(UTC)
        held = await filed(node, resume(held, at=node.time, who=who))
    node.time += timedelta(days=4)
    other = node.desk("commander", agency=OTHER, name="malee").incidents
    for day, crosses in (("11-26", False), ("11-28", False), ("12-02", True), ("12-03", False)):
        happened_at, precision = parse_time(f"2026-{day}")
        made = await logged(node, happened_at=happened_at, precision=precision)
        texts = {each.id for each in await other.incidents(IncidentQuery())}
        assert (made.id in texts) is crosses, day


@pytest.mark.parametrize("state", ["reported", "closed"])
async def test_after_a_suspension_nothing_of_it_is_left(node: Node, state: str) -> None:
    held = await agreement(node, "incidents")
    node.time = at(60)
    made = await logged(node)
    commander = node.desk("commander").incidents
    if state == "closed":
        made = await node.desk("commander", name="keo").incidents.confirm(made.id, version=1)
        made = await commander.close(made.id, version=2)
    other = node.desk("commander", agency=OTHER, name="malee")
    assert (await other.incidents.incident(made.id)).state == state
    assert await other.photos.body(made.photos[0])
    node.time = at(120)
    who = Party(agency=AGENCY, name="kham")
    await filed(node, suspend(held, at=node.time, who=who, reason="a row of the capitals"))
    for _ in range(2):
        other = node.desk("commander", agency=OTHER, name="malee")
        with pytest.raises(NotFound):
            await other.incidents.incident(made.id)
        assert await other.incidents.incidents(IncidentQuery()) == []
        assert (await other.incidents.totals(IncidentQuery())).region.reports == 0
        with pytest.raises(NotFound):
            await other.photos.body(made.photos[0])
        assert (await node.desk("crew").incidents.incident(made.id)) == made
        await node.again()


async def test_who_learned_a_hash_opens_nothing_with_it(node: Node) -> None:
    held = await agreement(node, "incidents")
    node.time = at(60)
    made = await logged(node)
    other = node.desk("commander", agency=OTHER, name="malee")
    assert await other.photos.body(made.photos[0])
    node.time = at(120)
    who = Party(agency=AGENCY, name="kham")
    await filed(node, suspend(held, at=node.time, who=who, reason="for a while"))
    body: dict[str, Any] = {
        "category": "drugs",
        "happened_at": node.time,
        "precision": "minute",
        "photos": made.photos,
    }
    with pytest.raises(NotFound, match="photo"):
        await other.incidents.log(**body)
    # even a document that came to name it by another way shows nothing
    own = msgspec.structs.replace(made, id="own", agency=OTHER, version=1)

    def act(open_documents: Any, now: Any) -> Filing:
        return Filing(documents=(own,), act="test", agency=OTHER)

    await node.watch.document_service.file(act)
    assert (await other.incidents.incident("own")).photos == made.photos
    with pytest.raises(NotFound):
        await other.photos.body(made.photos[0])


async def test_an_agreement_on_other_things_shares_no_incident(node: Node) -> None:
    await agreement(node, "positions", "targets", "alerts", "texts", "patrols")
    node.time = at(60)
    made = await logged(node)
    other = node.desk("commander", agency=OTHER, name="malee")
    with pytest.raises(NotFound):
        await other.incidents.incident(made.id)
    assert await other.incidents.incidents(IncidentQuery()) == []
    with pytest.raises(NotFound):
        await other.photos.body(made.photos[0])


async def test_what_happened_before_the_agreement_does_not_cross(node: Node) -> None:
    await agreement(node, "incidents")
    node.time = at(60)
    made = await logged(node, happened_at=at(-7200))
    of_this_year = await logged(node, precision="year", happened_at=at(0).replace(month=1, day=1))
    for each in (made, of_this_year):
        with pytest.raises(NotFound):
            await node.desk(agency=OTHER).incidents.incident(each.id)


async def test_places_are_sent_as_coarsely_as_agreed(node: Node) -> None:
    await agreement(node, "incidents", precision_m=5000.0)
    node.time = at(60)
    made = await logged(node, place_name="the pier of Ban Mom")
    incident = await node.desk(agency=OTHER).incidents.incident(made.id)
    assert incident.lon is not None
    assert incident.lon != made.lon
    assert (incident.place, incident.place_name) == ("", "")


async def test_each_side_logs_one_event_and_both_count_it_once_while_they_share(
    node: Node,
) -> None:
    held = await agreement(node, "incidents")
    node.time = at(60)
    here = await logged(node)
    other = node.desk("commander", agency=OTHER, name="malee").incidents
    body: dict[str, Any] = {"happened_at": node.time, "precision": "minute", "category": "drugs"}
    there = await other.log(**body, same_as=here.id)
    for desk in (other, node.desk().incidents):
        assert len(await desk.incidents(IncidentQuery())) == 2
        made = await desk.totals(IncidentQuery())
        assert made.region.reports == 1
        assert set(made.by_agency) == {AGENCY, OTHER}
    node.time = at(120)
    who = Party(agency=AGENCY, name="kham")
    await filed(node, suspend(held, at=node.time, who=who, reason="for a while"))
    assert await other.incidents(IncidentQuery()) == [there]
    for desk, agency in ((other, OTHER), (node.desk().incidents, AGENCY)):
        made = await desk.totals(IncidentQuery())
        assert (made.region.reports, set(made.by_agency)) == (1, {agency})


async def test_a_suspension_while_a_list_is_put_together_leaves_nothing_in_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await agreement(node, "incidents")
    node.time = at(60)
    for _ in range(3):
        await logged(node)
    own = await node.desk("crew", agency=OTHER).incidents.log(
        category="timber", happened_at=node.time, precision="minute"
    )
    other = node.desk("commander", agency=OTHER, name="malee")
    assert len(await other.incidents.incidents(IncidentQuery())) == 4
    turns = 0

    class Turns:
        @staticmethod
        async def sleep(_: float) -> None:
            nonlocal turns
            turns += 1
            if turns == 2:
                node.time = at(120)
                who = Party(agency=AGENCY, name="kham")
                last = suspend(held, at=node.time, who=who, reason="for a while")
                await filed(node, last)

    monkeypatch.setattr("patrol.desks.incidents.incidents.AT_ONCE", 1)
    monkeypatch.setattr("patrol.desks.incidents.incidents.asyncio", Turns)
    assert await other.incidents.incidents(IncidentQuery()) == [own]
    assert turns > 4, "it began anew"
    assert other.visible.is_stale, "and who answers is told that something had been handed out"


async def test_who_is_offered_a_target_sees_its_photo_while_the_agreement_holds(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await agreement(node, "targets")
    agencies = {each: Agency(id=each, name=each) for each in (AGENCY, OTHER)}
    monkeypatch.setattr(node.watch, "agencies", agencies)
    node.time = at(60)
    here = node.desk("commander")
    photo = await here.photos.add(picture())
    target = await here.targets.open(
        what="vessel",
        name="fast boat",
        sighting=Sighting(at=node.time, lon=100.41, lat=20.266),
        photos=(photo.sha256,),
    )
    there = node.desk("commander", agency=OTHER, name="malee")
    offer = await here.hand_offs.offer(target.id, to=OTHER)
    assert await there.photos.body(photo.sha256) == photo.body
    await there.hand_offs.accept(offer.id, term=offer.term)
    assert photo.sha256 in {each for own in there.targets.all() for each in own.photos}
    assert await there.photos.body(photo.sha256) == photo.body
    node.time = at(120)
    who = Party(agency=AGENCY, name="kham")
    await filed(node, suspend(held, at=node.time, who=who, reason="for a while"))
    with pytest.raises(NotFound):
        await there.photos.body(photo.sha256)
    assert await here.photos.body(photo.sha256) == photo.body
