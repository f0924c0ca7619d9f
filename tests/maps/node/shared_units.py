"""Two paired nodes with an agreement in force, and boats that report at one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gis.position.position import Position
from patrol.agreements.agreement import Agreement, Terms
from patrol.units.data_classes import DataClass
from patrol.units.units import Assignment, Unit
from patrol.units.wire import UnitState
from radio_gateway.messages.transmission import Transmission
from tests.fixtures import patience
from tests.maps.node.paired_nodes import PairedNodes, desk, paired_nodes
from tests.maps.servers.running import Running

CLASSES: tuple[DataClass, ...] = ("positions", "tracks", "alerts", "distress")


async def sign(nodes: PairedNodes, terms: Terms) -> Agreement:
    """Have an officer of each node sign terms; return the agreement once it is in force at both."""
    lao, thai = desk(nodes.hx.office, "kham"), desk(nodes.ck.office, "chai")
    drafted = await lao.agreements.draft(terms, ("la-hx", "th-ck"))
    await lao.agreements.propose(drafted.id)

    async def state(office: Running) -> str:
        known = await desk(office.office, "any").agreements.all(closed=True)
        return next((each.state for each in known if each.id == drafted.id), "")

    async def is_proposed() -> bool:
        return await state(nodes.ck) == "proposed"

    async def is_active() -> bool:
        return [await state(nodes.hx), await state(nodes.ck)] == ["active", "active"]

    await patience.until(is_proposed)
    read = await thai.agreements.one(drafted.id)
    await thai.agreements.sign(drafted.id, version=read.version, office="BLO Chiang Khong")
    await lao.agreements.sign(drafted.id, version=2, office="BLO Houay Xai")
    await patience.until(is_active)
    return await lao.agreements.one(drafted.id)


def terms(**changed: object) -> Terms:
    """Return terms that let units cross for a month."""
    now = datetime.now(UTC)
    given = {
        "name": "Night patrols",
        "purposes": ("safety of crews",),
        "classes": CLASSES,
        "valid_from": now - timedelta(hours=1),
        "valid_until": now + timedelta(days=30),
        "legal_basis": "Memorandum of 2024",
        **changed,
    }
    return Terms(**given)  # type: ignore[arg-type]


@asynccontextmanager
async def sharing_nodes(folder: Path, **changed: object) -> AsyncIterator[PairedNodes]:
    """Run two paired nodes with an agreement in force."""
    async with paired_nodes(folder) as nodes:
        await sign(nodes, terms(**changed))
        yield nodes


async def launch(office: Running, *call_signs: str) -> list[str]:
    """Register boats of a node's own agency, each with a radio; return their ids."""
    watch = office.office.watch
    for sign_ in call_signs:
        unit = Unit(
            id=f"{watch.node}-{sign_}", call_sign=sign_, kind="boat", agency=watch.agency,
            country="LA", origin=watch.node,
        )  # fmt: skip
        await watch.registrar.put_unit(unit)
        await watch.registrar.put_assignment(
            Assignment(
                id=f"radio {unit.id}", address=f"position_json:{unit.id}", unit=unit.id,
                start=datetime.now(UTC) - timedelta(days=1), agency=watch.agency,
                origin=watch.node,
            )
        )  # fmt: skip
    return [f"{watch.node}-{each}" for each in call_signs]


def report(
    unit: str, *, lon: float, lat: float = 20.2, at: datetime | None = None, **changed: object
) -> Transmission:
    """Return what a boat's tracker reports of where it is."""
    at = at or datetime.now(UTC)
    return Transmission(
        protocol="position_json",
        kind="position",
        device=unit,
        position=Position(lon=lon, lat=lat, time=at, speed_mps=3.25, course_deg=91.5),
        device_time=at,
        heard_at=at,
        channel="trackers",
        reception_id=f"{unit} {at.isoformat()} {lon}",
        **changed,  # type: ignore[arg-type]
    )


def visible(office: Running, unit: str) -> UnitState | None:
    """Return a unit as a commander of a node's own agency sees it now; None if not."""
    states = desk(office.office, "chai").visible.states()
    return next((each for each in states if each.id == unit), None)


async def times_of(office: Running, unit: str) -> Sequence[datetime]:
    """Return the times of all positions of a unit that are stored at a node."""
    now = datetime.now(UTC)
    fixes = await desk(office.office, "chai").visible.track(
        unit, start=now - timedelta(days=2), end=now + timedelta(days=1)
    )
    return [each.time for each in fixes]
