"""A joint patrol of two agencies in one node, from its plan to its end, hours ago by the clock.

Everything goes through desks and the watch, as in a night at work; only the clock of the watch is
set back, so that tracks of hours take seconds.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gis.position.position import Position
from gis.river.river import load_mekong
from maps.language.wording import Wording
from maps.reports.document.request import ReportRequest, Site
from patrol.agreements.agreement import Agreement, Terms
from patrol.patrols.patrol import Base, Leg, Member, Rendezvous
from patrol.sector_checks.drawing import RiverStretch, SectorShape
from patrol.targets.sightings import Sighting
from patrol.units.accounts import Language
from patrol.units.data_classes import DATA_CLASSES, DataClass
from radio_gateway.messages.transmission import Transmission
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices

ZONE = ZoneInfo("Asia/Vientiane")
HOURS = 4.0

SEVEN_SCRIPTS = (
    "Mekong · แม่น้ำโขง เรือตรวจการณ์ · ແມ່ນ້ຳຂອງ ເຮືອລາດຕະເວນ · မဲခေါင်မြစ် ကင်းလှည့်လှေ · "
    "ទន្លេមេគង្គ ទូកល្បាត · Sông Mê Kông tàu tuần tra · 湄公河巡逻艇"
)


@dataclass
class Story:
    """What happened.

    Attributes:
        offices: The running server and its officers.
        patrol: Id of the patrol.
        start: When it began.
        end: When it ended.
        units: Ids of the units, by call sign.
        sector: Id of the sector.
    """

    offices: Offices
    patrol: str
    start: datetime
    end: datetime
    units: dict[str, str]
    sector: str

    def asked(self, name: str = "somchai", language: Language = "en", **more: Any) -> ReportRequest:
        """Return what a report of an officer is made from."""
        office = self.offices.server.office
        site = Site(
            node=office.settings.node.name,
            zone=ZONE,
            agencies=office.agencies,
            land=office.geography,
            survey=self.offices.server.app.state.survey,
            desk_of=office.desk_of,
        )
        second: Language = "th" if language != "th" else "lo"
        return ReportRequest(
            site=site,
            desk=self.offices.desk(name),
            words=Wording(language, zone=ZONE),
            second=Wording(second, zone=ZONE),
            **({"patrol": self.patrol} | more),
        )


class Clock:
    """The watch's clock, set back."""

    def __init__(self, offices: Offices, back: timedelta) -> None:
        self.time = datetime.now(UTC).replace(microsecond=0) - back
        offices.server.clock.moment = lambda: self.time

    def on(self, **time: float) -> datetime:
        """Go on by so much and return the time."""
        self.time += timedelta(**time)
        return self.time


@asynccontextmanager
async def joint_patrol(
    folder: Path,
    *,
    classes: tuple[DataClass, ...] = DATA_CLASSES,
    name: str = "Night watch",
    **tables: Any,
) -> AsyncIterator[Story]:
    """Yield a server on which a joint patrol of four hours is over.

    Args:
        folder: Where its store goes.
        classes: What the agreement lets cross.
        name: What the patrol is called.
        **tables: Further tables of the configuration.
    """
    async with two_offices(folder, **tables) as offices:
        clock = Clock(offices, timedelta(hours=HOURS + 2))
        await agree(offices, clock, classes)
        units = await add_units(offices, clock)
        sector = await draw_sectors(offices)
        patrol = await plan_patrol(offices, clock, units, sector, name)
        start = clock.on(minutes=20)
        await offices.desk("bounmy").patrols.start(patrol)
        await _sail(offices, clock, units)
        await _happen(offices, clock, units, patrol)
        end = clock.on(minutes=10)
        await offices.desk("somchai").patrols.end(patrol, reason="dawn")
        clock.on(minutes=5)
        yield Story(offices, patrol, start, end, units, sector)


async def agree(offices: Offices, clock: Clock, classes: tuple[DataClass, ...]) -> Agreement:
    now = clock.time
    terms = Terms(
        name="Golden Triangle joint patrols",
        purposes=("safety of crews",),
        classes=classes,
        valid_from=now - timedelta(hours=1),
        valid_until=now + timedelta(days=60),
    )
    lao, thai = offices.desk("kham").agreements, offices.desk("chai").agreements
    drafted = await lao.draft(terms, (LAO, THAI))
    sent = await lao.propose(drafted.id)
    await lao.sign(sent.id, version=sent.version, office="Liaison")
    return await thai.sign(sent.id, version=sent.version)


async def add_units(offices: Offices, clock: Clock) -> dict[str, str]:
    units: dict[str, str] = {}
    for officer, call_sign, country in (
        ("somchai", "Naga 1", "LA"),
        ("somchai", "Naga 2", "LA"),
        ("malee", "Khong 1", "TH"),
    ):
        desk = offices.desk(officer)
        made = await desk.registry.add_unit(call_sign=call_sign, kind="boat", country=country)
        await desk.registry.assign(
            address=f"test:{call_sign}",
            unit=made.id,
            start=clock.time - timedelta(hours=1),
            channel="*",
        )
        units[call_sign] = made.id
    return units


async def draw_sectors(offices: Offices) -> str:
    stretch = RiverStretch(river="Mekong", km_from=2346, km_to=2362, width_m=2400)
    desk = offices.desk("noy").sectors
    made = await desk.draw(name="Houay Xai reach", shape=SectorShape(stretch=stretch))
    lon, lat = load_mekong().at_km(2364.0)
    ring = [
        [lon - 0.012, lat - 0.008],
        [lon + 0.012, lat - 0.008],
        [lon + 0.012, lat + 0.008],
        [lon - 0.012, lat + 0.008],
        [lon - 0.012, lat - 0.008],
    ]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    await desk.draw(name="Rapids", shape=SectorShape(polygon=polygon), use="no_go")
    return made.id


async def plan_patrol(
    offices: Offices, clock: Clock, units: dict[str, str], sector: str, name: str
) -> str:
    now = clock.time
    lon, lat = load_mekong().at_km(2354.0)
    base = load_mekong().at_km(2356.5)
    drafted = await offices.desk("noy").patrols.draft(
        name=name,
        starts_at=now + timedelta(minutes=15),
        ends_at=now + timedelta(minutes=15, hours=HOURS),
        agencies=(LAO, THAI),
        members=(
            Member(unit=units["Naga 1"], agency=LAO, crew=4, base=Base(lon=base[0], lat=base[1])),
            Member(unit=units["Naga 2"], agency=LAO, crew=3),
            Member(unit=units["Khong 1"], agency=THAI, crew=5),
        ),
        sectors=(sector,),
        legs=(
            Leg(
                name="down",
                starts_at=now + timedelta(minutes=20),
                ends_at=now + timedelta(hours=2),
                lead=THAI,
            ),
        ),
        rendezvous=(Rendezvous(name="Sandbank", lon=lon, lat=lat, at=now + timedelta(hours=2)),),
        check_in_interval_s=3600.0,
        check_in_by_message=False,
        note=f"No lights. {SEVEN_SCRIPTS}",
    )
    await offices.desk("noy").patrols.propose(drafted.id)
    await offices.desk("somchai").patrols.sign(drafted.id, revision=drafted.revision)
    await offices.desk("chai").patrols.sign(drafted.id, revision=drafted.revision)
    await offices.desk("bounmy").patrols.ready(drafted.id)
    return drafted.id


WAYS = {
    "Naga 1": (2357.0, 2347.0, 0.0),
    "Naga 2": (2352.0, 2361.0, 0.0),
    "Khong 1": (2358.0, 2350.0, 0.004),
}
SILENT = range(100, 140)
"""Minutes without a word of Naga 2."""


async def _sail(offices: Offices, clock: Clock, units: dict[str, str]) -> None:
    """Let every boat go up and down, a position a minute, for four hours."""
    river, watch = load_mekong(), offices.server.office.watch
    minutes = int(HOURS * 60)
    begun = clock.time
    for first in range(0, minutes, 30):
        transmissions = []
        for minute in range(first, min(first + 30, minutes)):
            moment = begun + timedelta(minutes=minute)
            for call_sign, (low, high, off) in WAYS.items():
                if call_sign == "Naga 2" and minute in SILENT:
                    continue
                share = abs((minute / 60.0) % 2.0 - 1.0)
                lon, lat = river.at_km(low + (high - low) * (1.0 - share))
                transmissions.append(
                    Transmission(
                        protocol="test",
                        kind="position",
                        device=call_sign,
                        position=Position(
                            lon=float(lon) - off, lat=float(lat) + 0.0004 * math.sin(minute)
                        ),
                        fix=True,
                        device_time=moment,
                        heard_at=moment,
                        channel="serial",
                        reception_id=f"gw/boot/{call_sign}/{minute}",
                    )
                )
        clock.time = begun + timedelta(minutes=min(first + 30, minutes))
        await watch.receive(transmissions)
        if first in (30, 120):
            desk = offices.desk("bounmy").patrols
            [patrol] = [each.id for each in desk.all(state="under way")]
            await desk.check_in(patrol, unit=units["Naga 1"], note="well")


async def _happen(offices: Offices, clock: Clock, units: dict[str, str], patrol: str) -> None:
    """A call for help that is seen to, a seizure, and a target that is handed over."""
    watch = offices.server.office.watch
    lon, lat = load_mekong().at_km(2350.0)
    moment = clock.on(minutes=1)
    await watch.receive(
        [
            Transmission(
                protocol="test",
                kind="position",
                device="Naga 1",
                position=Position(lon=float(lon), lat=float(lat)),
                fix=True,
                distress=True,
                device_time=moment,
                heard_at=moment,
                channel="serial",
                reception_id="gw/boot/sos",
            )
        ]
    )
    alerts = offices.desk("somchai").alerts
    [sos] = [each for each in alerts.open() if each.rule == "sos"]
    clock.on(seconds=42)
    await alerts.acknowledge(sos.id, where="desk")
    clock.on(minutes=9)
    await alerts.resolve(sos.id, note="aground, towed off")
    logged = await offices.desk("somchai").incidents.log(
        category="drugs",
        happened_at=clock.time - timedelta(minutes=3),
        precision="minute",
        seizures=_seized(),
        lon=float(lon),
        lat=float(lat),
        place_name='=HYPERLINK("http://evil.example") Ban Houay',
        narrative="Two bags under the planks",
        informants="SECRET-INFORMANT",
        patrol=patrol,
        credited=(LAO, THAI),
    )
    await offices.desk("kham").incidents.confirm(logged.id, version=logged.version)
    followed = await offices.desk("somchai").targets.open(
        what="vessel",
        name="Black boat",
        description="8 m, no lights",
        sighting=Sighting(at=clock.time, lon=100.41417, lat=20.27053, accuracy_m=20, speed_mps=8),
    )
    offer = await offices.desk("somchai").hand_offs.offer(followed.id, to=THAI)
    clock.on(seconds=95)
    await offices.desk("malee").hand_offs.accept(offer.id, term=offer.term)


def _seized() -> tuple[Any, ...]:
    from patrol.incidents.incident import Seizure

    return (Seizure(what="methamphetamine", amount=12.5, unit="kg", at_least=True),)
