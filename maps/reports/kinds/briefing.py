"""Briefing: what crews of both sides take along before a patrol, on one sheet or two.

Everything that the reader may see of the plan: what is in its way, map, sectors, units and call
signs, times, check-ins, meetings, radio, phrases in two languages, signatures. Of what
others keep to themselves the sheet says how much is missing, so that nobody takes a gap for
nothing.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from maps.reports.document import format as formats
from maps.reports.document.document import (
    Block,
    Cell,
    Column,
    Facts,
    Key,
    Place,
    Plate,
    ReportDocument,
    Section,
    Shape,
    SignatureLine,
    Signatures,
    Table,
    Words,
)
from maps.reports.document.request import ReportRequest
from maps.reports.sections import areas, crews
from maps.reports.sections import map_background as reference
from maps.reports.sections.areas import SectorOutline
from maps.reports.sections.crews import Crew
from maps.reports.sections.phrasebook import phrase_tables
from maps.reports.sections.plan_conflicts import in_the_way
from patrol.errors.errors import Forbidden
from patrol.patrols.patrol import Patrol
from patrol.sectors.sector import KEPT_OUT_OF


async def patrol_briefing(request: ReportRequest) -> ReportDocument:
    """Return the briefing of a patrol.

    Raises:
        Forbidden: If the role may not see patrols.
        NotFound: If there is no such patrol, or the reader may not know of it.
    """
    words = request.words
    patrol = await request.desk.patrols.one(request.patrol)
    request.progress(0.1)
    own, unseen = await areas.areas_of(request, patrol.all_sectors)
    ids = {each.sector.id for each in own}
    keep_out = [
        each
        for each in await areas.areas_in_use(request)
        if each.sector.use in KEPT_OUT_OF and each.sector.id not in ids
    ]
    units = await crews.crews_of(request, patrol)
    request.progress(0.3)
    plate = await asyncio.to_thread(_plate, request, patrol, own, keep_out, units)
    request.progress(0.7)
    return ReportDocument(
        report="briefing",
        language=words.tag,
        title=words.text("report.briefing"),
        subtitle=patrol.name,
        facts=facts(request, patrol),
        sections=(
            *await in_the_way(request, patrol, units),
            Section(title=words.text("report.map"), blocks=(plate,)),
            Section(
                title=words.text("report.timetable"), blocks=_timetable(request, patrol, units)
            ),
            Section(title=words.text("report.units"), blocks=_units(request, units)),
            Section(
                title=words.text("report.sectors"), blocks=_sectors(request, own, keep_out, unseen)
            ),
            Section(title=words.text("report.check_ins"), blocks=_check_ins(request, patrol)),
            Section(title=words.text("report.radio"), blocks=_radio(request)),
            Section(title=words.text("report.phrases"), blocks=phrase_tables(request)),
            Section(title=words.text("report.signatures"), blocks=_signatures(request, patrol)),
        ),
        made_line=formats.made_line(request, datetime.now(UTC)),
        page=words.text("report.page"),
    )


def facts(request: ReportRequest, patrol: Patrol) -> tuple[tuple[str, str], ...]:
    """Return what stands at the head of every report of a patrol."""
    words, site = request.words, request.site
    found = [
        (words.text("report.planned"), formats.span(words, patrol.starts_at, patrol.ends_at)),
        (words.text("report.time_zone"), str(words.zone)),
        (words.text("report.state"), words.text(f"report.state.{patrol.state.replace(' ', '_')}")),
        (
            words.text("report.agencies"),
            "\n".join(formats.agency(site, each) for each in patrol.agencies),
        ),
        (words.text("report.lead"), formats.agency(site, patrol.lead)),
        (words.text("report.revision"), str(patrol.revision)),
        (words.text("report.made_for"), formats.agency(site, request.own)),
    ]
    if patrol.note:
        found.append((words.text("report.note"), patrol.note))
    if patrol.suspended:
        found.append((words.text("report.suspended"), patrol.suspension_reason))
    return tuple(found)


def _plate(
    request: ReportRequest,
    patrol: Patrol,
    own: list[SectorOutline],
    keep_out: list[SectorOutline],
    units: list[Crew],
) -> Plate:
    words, land = request.words, request.site.land
    places: list[Place] = areas.places_of(own)
    places += [(each.lon, each.lat) for each in patrol.rendezvous]
    bases = [(each, each.member.base) for each in units]
    places += [(base.lon, base.lat) for _, base in bases if base is not None]
    if not places:
        places = [land.river.at_km(sum(land.river.km_range) / 2.0)]
    box = reference.box_round(places)
    shapes = reference.below(land, box)
    shapes += areas.shapes_of([*own, *keep_out], words)
    shapes += reference.above(land, box, words)
    for crew, base in bases:
        if base is not None:
            shapes.append(
                Shape(
                    form="point",
                    style="base",
                    lines=(((base.lon, base.lat),),),
                    label=crews.name(request, crew),
                    tooltip=words.text("report.base_of", unit=crews.name(request, crew)),
                )
            )
    shapes += [
        Shape(
            form="point",
            style="meeting",
            lines=(((each.lon, each.lat),),),
            label=f"{each.name} {words.clock(each.at)}",
            tooltip=f"{each.name}: {formats.local_and_utc(words, each.at)}",
        )
        for each in patrol.rendezvous
    ]
    keys = [*areas.keys([*own, *keep_out], words), *reference.keys(words)]
    if patrol.rendezvous:
        keys.insert(1, Key(form="point", style="meeting", words=words.text("report.key.meeting")))
    if any(base is not None for _, base in bases):
        keys.append(Key(form="point", style="base", words=words.text("report.key.base")))
    return Plate(
        title=patrol.name,
        box=box,
        shapes=tuple(shapes),
        keys=tuple(keys),
        attribution=reference.attribution(land, words),
        north=words.text("report.north"),
    )


def _timetable(request: ReportRequest, patrol: Patrol, units: list[Crew]) -> tuple[Block, ...]:
    words, site = request.words, request.site
    names = crews.names(request, units)
    rows: list[tuple[datetime, str, str]] = [
        (patrol.starts_at, words.text("report.begins"), formats.agency(site, patrol.lead)),
        (patrol.ends_at, words.text("report.ends"), ""),
    ]
    for leg in patrol.legs:
        lead = formats.agency(site, leg.lead or patrol.lead)
        begins = words.text("report.leg_begins", name=leg.name)
        rows.append((leg.starts_at, begins, words.text("report.leads", agency=lead)))
        rows.append((leg.ends_at, words.text("report.leg_ends", name=leg.name), ""))
    for meeting in patrol.rendezvous:
        who = ", ".join(names.get(each, each) for each in meeting.units or patrol.units)
        where = formats.address_at(request, meeting.lon, meeting.lat)
        place = f"{where} ({formats.coordinates(meeting.lon, meeting.lat)})"
        rows.append(
            (meeting.at, words.text("report.meeting", name=meeting.name), f"{place}\n{who}")
        )
    rows.sort(key=lambda row: row[0])
    return (
        Table(
            columns=(
                Column(words.text("report.local_time")),
                Column(words.text("report.utc")),
                Column(words.text("report.what")),
                Column(words.text("report.where_and_who")),
            ),
            rows=tuple(
                (words.moment(at), formats.in_utc(words, at), what, more) for at, what, more in rows
            ),
        ),
    )


def _units(request: ReportRequest, units: list[Crew]) -> tuple[Block, ...]:
    words = request.words
    rows: list[tuple[Cell, ...]] = [
        (
            each.call_sign or words.text("report.not_shown"),
            formats.agency(request.site, each.member.agency),
            formats.country(words, each.country),
            "" if each.kind is None else words.text(f"kind.{each.kind}"),
            each.member.crew,
            ", ".join(each.addresses),
        )
        for each in units
    ]
    table = Table(
        columns=(
            Column(words.text("report.call_sign")),
            Column(words.text("report.agency")),
            Column(words.text("report.side")),
            Column(words.text("report.kind")),
            Column(words.text("report.people"), 0),
            Column(words.text("report.radio_address")),
        ),
        rows=tuple(rows),
        empty=words.text("report.no_units"),
    )
    hidden = sum(not each.is_known for each in units)
    if not hidden:
        return (table,)
    return (table, Words(text=words.text("report.units_not_shown", n=hidden), kind="note"))


def _sectors(
    request: ReportRequest, own: list[SectorOutline], keep_out: list[SectorOutline], unseen: int
) -> tuple[Block, ...]:
    words = request.words
    found: list[Block] = [areas.table(own, words)]
    if unseen:
        found.append(Words(text=words.text("report.sectors_not_shown", n=unseen), kind="note"))
    if keep_out:
        found.append(Words(text=words.text("report.keep_out"), kind="warning"))
        found.append(areas.table(keep_out, words))
    return tuple(found)


def _check_ins(request: ReportRequest, patrol: Patrol) -> tuple[Block, ...]:
    words = request.words
    if patrol.check_in_interval_s is None:
        return (Words(text=words.text("report.no_check_ins")),)
    return (
        Facts(
            pairs=(
                (
                    words.text("report.check_in_every"),
                    formats.duration(words, patrol.check_in_interval_s),
                ),
                (
                    words.text("report.check_in_grace"),
                    formats.duration(words, patrol.check_in_grace_s),
                ),
                (
                    words.text("report.check_in_how"),
                    words.text(
                        "report.check_in_any"
                        if patrol.check_in_by_message
                        else "report.check_in_order"
                    ),
                ),
            )
        ),
    )


def _radio(request: ReportRequest) -> tuple[Block, ...]:
    words = request.words
    found: list[Block] = [
        Table(
            title=words.text("report.voice_channels"),
            columns=(
                Column(words.text("report.voice_use")),
                Column(words.text("report.channel")),
                Column(words.text("report.frequency")),
                Column(words.text("report.note")),
            ),
            rows=tuple(
                (words.text(f"report.voice.{use}"), "", "", "")
                for use in ("working", "reserve", "emergency")
            ),
            ruled=True,
        )
    ]
    try:
        links = request.desk.visible.channels()
    except Forbidden:
        links = []
    found.append(
        Table(
            title=words.text("report.radio_links"),
            columns=(
                Column(words.text("report.link")),
                Column(words.text("report.protocols")),
            ),
            rows=tuple((link.name, ", ".join(link.protocols)) for link in links if link.protocols),
            empty=words.text("report.no_links"),
        )
    )
    try:
        contacts = request.desk.roster.contacts()
    except Forbidden:
        contacts = []
    found.append(
        Table(
            title=words.text("report.duty_contacts"),
            columns=(
                Column(words.text("report.office")),
                Column(words.text("report.agency")),
                Column(words.text("report.name")),
                Column(words.text("report.telephone")),
                Column(words.text("report.radio")),
            ),
            rows=tuple(
                (each.office, formats.agency(request.site, each.agency), each.name, each.phone,
                 each.radio)
                for each in contacts
            ),
            empty=words.text("report.no_contacts"),
        )
    )  # fmt: skip
    return tuple(found)


def _signatures(request: ReportRequest, patrol: Patrol) -> tuple[Block, ...]:
    words, site = request.words, request.site
    given = {each.agency: each for each in patrol.signatures}
    missing = set(patrol.unsigned)
    lines = []
    for agency in patrol.agencies:
        signed = given.get(agency)
        text = ""
        if signed is not None and agency not in missing:
            text = words.text(
                "report.signed_at", time=words.moment(signed.at), number=signed.revision
            )
        lines.append(SignatureLine(signer=formats.agency(site, agency), statement=text))
    return (
        Signatures(
            lines=tuple(lines),
            name=words.text("report.sign_name"),
            date=words.text("report.sign_date"),
        ),
    )
