"""Story: what the people of the demo do: an agreement, sectors, a patrol, a boat that crosses.

Everything goes through the desks of the two offices, as it would from their pages. What a person at
a page has done already is left alone, and a folder that is taken up again keeps what it has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from maps.demo.fleet import CHIANG_KHONG, HOUAY_XAI
from maps.demo.voyage import VoyageRiver
from patrol.agreements.agreement import Terms
from patrol.desks.desk import Desk
from patrol.errors.errors import Conflict, NotFound
from patrol.incidents.incident import ArrestCount, Seizure
from patrol.patrols.patrol import Member, Rendezvous
from patrol.sector_checks.drawing import RiverStretch, SectorShape
from patrol.targets.sightings import Sighting
from patrol.units.accounts import User
from patrol.units.data_classes import DATA_CLASSES
from patrol.units.units import Role

DeskOf: TypeAlias = Callable[[User], Desk]

SEEN_AT_S: Final = (40.0, 55.0, 70.0)
"""When the strange boat is seen, seconds after the start."""

OFFERED_AT_S: Final = 90.0
ANSWERED_AT_S: Final = 330.0
"""When Chiang Khong accepts, unless somebody at a page has answered."""

_PARTS_OF_DAY: Final = ((5, "Night"), (11, "Morning"), (17, "Afternoon"), (21, "Evening"))
"""Hour before which each ends."""

_LOOK_AGAIN_S: Final = 0.5
_RESTED_AFTER: Final = timedelta(hours=14)  # the patrol of now lasts six of them
_SIGHTED_FROM: Final = (100.4141, 20.2705)
_SIGHTED_TO: Final = (100.4012, 20.2592)
# On the Thai half of the river below the patrol's sectors, km 2347.4 to 2348.0: what lies in a
# no-go may not be planned, and Khong 1 comes by here.
_NO_GO: Final = (
    (100.45556, 20.22105),
    (100.45455, 20.21587),
    (100.45173, 20.21636),
    (100.45273, 20.22154),
)


class Story:
    """What people do.

    Args:
        desk_of: Returns a user's desk.
        agencies: Those of this node: the people of others act at their own.
        river: The Mekong.
        units: Unit ids by call sign.
        zone: Where it is the time of day that patrols are named by.
        paired: Set once the other office's node is confirmed, where it has one of its own.
    """

    def __init__(
        self,
        desk_of: DeskOf,
        agencies: Collection[str],
        river: VoyageRiver,
        units: dict[str, str],
        zone: ZoneInfo,
        paired: asyncio.Event,
    ) -> None:
        self._desk_of, self._agencies = desk_of, agencies
        self._river, self._units, self._zone, self._paired = river, units, zone, paired

    async def play(self, *, start: datetime, speed: float) -> None:
        """Do what is due, from the start of the demo on.

        Args:
            start: When it began, aware UTC.
            speed: How many times as fast as real the script runs.
        """
        async with asyncio.TaskGroup() as both:
            if HOUAY_XAI in self._agencies:
                both.create_task(self._at_houay_xai(start=start, speed=speed))
                if CHIANG_KHONG not in self._agencies:
                    both.create_task(self._propose_to_counterpart())
            if CHIANG_KHONG in self._agencies:
                both.create_task(self._at_chiang_khong(start=start, speed=speed))

    async def _at_houay_xai(self, *, start: datetime, speed: float) -> None:
        here = self._desk(HOUAY_XAI)
        if not here.sectors.all():
            if CHIANG_KHONG in self._agencies:
                await self._propose_agreement()
            sectors = await self._draw()
            await self._patrol(sectors)
            await self._log()
        name = "grey long-tail boat, no lights"
        target = next((each.id for each in here.targets.all() if each.name == name), None)
        for step, at_s in enumerate(SEEN_AT_S):
            await _until(start, at_s / speed)
            sighting = self._sighting(step)
            if target is None:
                opened = await self._desk(HOUAY_XAI, "crew").targets.open(
                    what="vessel",
                    name=name,
                    sighting=sighting,
                    unit=self._units["Naga 2"],
                    description="two men, covered load amidships",
                )
                target = opened.id
            else:
                await _if_it_may(
                    self._desk(HOUAY_XAI, "crew").targets.add_sighting(target, sighting)
                )
        assert target is not None
        await _until(start, OFFERED_AT_S / speed)
        if not here.hand_offs.all():
            await _if_it_may(here.hand_offs.offer(target, note="heading for the old ferry pier"))

    async def _at_chiang_khong(self, *, start: datetime, speed: float) -> None:
        across = self._desk(CHIANG_KHONG)
        if HOUAY_XAI not in self._agencies:
            if not across.sectors.all():
                await self._draw_no_go()
            await self._sign_agreement()
        await _until(start, ANSWERED_AT_S / speed)
        for offer in across.hand_offs.all():
            if offer.to_agency == CHIANG_KHONG:
                await _if_it_may(across.hand_offs.accept(offer.id, term=offer.term))

    def _desk(self, agency: str, role: Role = "commander") -> Desk:
        name = role if agency == HOUAY_XAI else f"ck-{role}"
        return self._desk_of(User(name=name, role=role, agency=agency))

    async def _propose_agreement(self) -> None:
        now = datetime.now(UTC)
        terms = Terms(
            name="Joint patrols Houay Xai and Chiang Khong",
            purposes=("safety of crews", "joint patrols", "hand-over of suspects"),
            classes=DATA_CLASSES,
            valid_from=now - timedelta(days=1),
            valid_until=now + timedelta(days=365),
        )
        here = self._desk(HOUAY_XAI, "liaison").agreements
        drafted = await here.draft(terms, (HOUAY_XAI, CHIANG_KHONG))
        sent = await here.propose(drafted.id)
        await here.sign(sent.id, version=sent.version, office="BLO Houay Xai")
        if CHIANG_KHONG in self._agencies:
            await self._sign_agreement()

    async def _propose_to_counterpart(self) -> None:
        """Propose the agreement as soon as the other office's node is confirmed."""
        await self._paired.wait()
        if not await self._desk(HOUAY_XAI, "liaison").agreements.all():
            await self._propose_agreement()

    async def _sign_agreement(self) -> None:
        """Sign for Chiang Khong what Houay Xai has proposed, as soon as it is there."""
        across = self._desk(CHIANG_KHONG, "liaison").agreements
        while True:
            for sent in await across.all():
                if CHIANG_KHONG not in {each.agency for each in sent.signatures}:
                    await across.sign(sent.id, version=sent.version, office="BLO Chiang Khong")
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _draw(self) -> list[str]:
        here = self._desk(HOUAY_XAI).sectors
        stretch = RiverStretch(river="Mekong", km_from=2350.0, km_to=2362.0, width_m=900.0)
        reach = await here.draw(name="Houay Xai reach", shape=SectorShape(stretch=stretch))
        upper = RiverStretch(river="Mekong", km_from=2362.0, km_to=2378.0, width_m=900.0)
        north = await here.draw(name="Upper reach", shape=SectorShape(stretch=upper))
        if CHIANG_KHONG in self._agencies:
            await self._draw_no_go()
        return [reach.id, north.id]

    async def _draw_no_go(self) -> None:
        ring = [[*each] for each in (*_NO_GO, _NO_GO[0])]
        await self._desk(CHIANG_KHONG).sectors.draw(
            name="Works at the rapids",
            use="no_go",
            shape=SectorShape(polygon={"type": "Polygon", "coordinates": [ring]}),
            note="blasting, 06:00 to 18:00",
        )

    async def _patrol(self, sectors: list[str]) -> None:
        now = datetime.now(UTC)
        planner = self._desk(HOUAY_XAI, "planner").patrols
        lon, lat = self._river.at_km(2356.0)
        members = [
            Member(unit=self._units[name], agency=agency, crew=4)
            for name, agency in (
                ("Naga 1", HOUAY_XAI),
                ("Naga 2", HOUAY_XAI),
                ("Khong 1", CHIANG_KHONG),
            )
            if agency in self._agencies
        ]
        others = tuple(each for each in self._agencies if each != HOUAY_XAI)
        if not others:
            sectors = []  # they reach across the border, where one side may not go alone
        draft = await planner.draft(
            name=patrol_name(now.astimezone(self._zone)),
            agencies=others,
            starts_at=now - timedelta(minutes=5),
            ends_at=now + timedelta(hours=6),
            members=tuple(members),
            sectors=tuple(sectors),
            check_in_interval_s=1800.0,
            rendezvous=(
                Rendezvous(name="Ferry pier", lon=lon, lat=lat, at=now + timedelta(hours=2)),
            ),
        )
        await planner.propose(draft.id)
        for agency in (HOUAY_XAI, *others):
            patrols = self._desk(agency).patrols
            await patrols.sign(draft.id, revision=(await patrols.one(draft.id)).revision)
        patrols = self._desk(HOUAY_XAI).patrols
        await patrols.ready(draft.id)
        await patrols.start(draft.id)
        morning = next_morning(now.astimezone(self._zone))
        await planner.draft(
            name=patrol_name(morning),
            agencies=others,
            starts_at=morning.astimezone(UTC),
            ends_at=morning.astimezone(UTC) + timedelta(hours=5),
            members=(members[1],),
            sectors=tuple(sectors[:1]),
            check_in_interval_s=1800.0,
        )

    async def _log(self) -> None:
        lon, lat = self._river.at_km(2357.5)
        night = datetime.now(self._zone).replace(hour=2, minute=10, second=0, microsecond=0)
        made = await self._desk(HOUAY_XAI, "crew").incidents.log(
            category="drugs",
            happened_at=(night - timedelta(days=2)).astimezone(UTC),
            precision="minute",
            seizures=(Seizure(what="methamphetamine tablets", amount=6000, unit="tablets"),),
            arrested=(ArrestCount(count=2),),
            lon=lon,
            lat=lat,
            narrative="Small boat stopped at night, tablets under the boards.",
            credited=(HOUAY_XAI, *(each for each in self._agencies if each != HOUAY_XAI)),
        )
        await self._desk(HOUAY_XAI).incidents.confirm(made.id, version=made.version)

    def _sighting(self, step: int) -> Sighting:
        share = step / (len(SEEN_AT_S) - 1)
        (lon, lat), (to_lon, to_lat) = _SIGHTED_FROM, _SIGHTED_TO
        return Sighting(
            at=datetime.now(UTC),
            lon=lon + (to_lon - lon) * share,
            lat=lat + (to_lat - lat) * share,
            accuracy_m=30.0,
            speed_mps=7.0,
            course_deg=227.0,
        )


def patrol_name(begins: datetime) -> str:
    """Return what people call a patrol that begins then, local time.

    >>> [patrol_name(datetime(2026, 11, 24, hour)) for hour in (4, 6, 15, 19, 23)]
    ['Night patrol', 'Morning patrol', 'Afternoon patrol', 'Evening patrol', 'Night patrol']
    """
    part = next((name for before, name in _PARTS_OF_DAY if begins.hour < before), "Night")
    return f"{part} patrol"


def next_morning(now: datetime) -> datetime:
    """Return the next six o'clock, local time as `now` is, for which a crew of now has rested.

    >>> next_morning(datetime(2026, 11, 24, 15, 20)).isoformat()
    '2026-11-25T06:00:00'
    >>> next_morning(datetime(2026, 11, 24, 23, 5)).isoformat()
    '2026-11-26T06:00:00'
    """
    morning = now.replace(hour=6, minute=0, second=0, microsecond=0)
    while morning < now + _RESTED_AFTER:
        morning += timedelta(days=1)
    return morning


async def _until(start: datetime, after_s: float) -> None:
    wait_s = after_s - (datetime.now(UTC) - start).total_seconds()
    await asyncio.sleep(max(0.0, wait_s))


async def _if_it_may(act: Coroutine[Any, Any, object]) -> None:
    """Do what somebody at a page may have done, or made impossible, already."""
    try:
        await act
    except (Conflict, NotFound):
        return
