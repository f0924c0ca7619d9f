"""Run: the demo in one process: an office on loopback, radios that speak to it, people's links."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from maps.accounts.enrolment import MINUTES
from maps.app.app import create_app
from maps.app.uvicorn_server import serve
from maps.demo import fleet
from maps.demo.office import JOINT, DemoOffice
from maps.demo.pairing import meet
from maps.demo.radios import AisFeed, BaseRadio, MqttRadio, Radios, SerialRadio
from maps.demo.script import Script
from maps.demo.story import DeskOf, Story
from maps.http.listen_address import address_of, listen
from maps.node.node import RunningNode
from maps.runtime.event_loop import run
from maps.settings.settings import Settings
from patrol.desks.desk import Desk
from patrol.protected_fields.field_key import FieldKeys, new_key
from patrol.store.store import create_store
from patrol.units.accounts import User
from patrol.units.units import ROLES, Role
from radio_gateway.clock.clock import CLOCK

HISTORY_S = 1800
HISTORY_STEP_S = 10
LINK_HOURS = 12.0
ACROSS: tuple[Role, ...] = ("commander", "liaison", "crew")
"""Roles that the demo has at Chiang Khong too."""

CREW_PHONES = {fleet.HOUAY_XAI: "Naga 2", fleet.CHIANG_KHONG: "Khong 1"}
"""The boat of each office on which a phone can be enrolled."""

CONFIG = "demo.toml"
"""File beside the demo's records that tells commands like `joint-patrol audit verify` of them."""

CLEARED_AFTER_S = 150  # how long the commander of the script takes to see to a call for help
GARBLED_EVERY_S = 45

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the demo is told.

    Attributes:
        folder: Where it keeps its store; a folder of its own that is deleted at the end when None.
        port: Port of the pages; 0 takes a free one.
        speed: How many times as fast as real the script runs.
        duration_s: When it ends by itself; None for never.
        seed: Another seed gives other noise.
        office: What of it this process plays.
        link_port: Port of loopback at which two offices' nodes meet; None where one has both.
    """

    folder: Path | None = None
    port: int = 8080
    speed: float = 1.0
    duration_s: float | None = None
    seed: int = 2003
    office: DemoOffice = JOINT
    link_port: int | None = None


def run_demo(options: DemoOptions) -> None:
    """Run the demo until it is interrupted or its time is over.

    Raises:
        OSError: If the port is taken.
    """
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        run(_run(options, options.folder))
        return
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as folder:
        run(_run(options, Path(folder)))


async def _run(options: DemoOptions, folder: Path) -> None:
    serial = SerialRadio()
    base = BaseRadio(actor.handset for actor in options.office.cast if actor.handset is not None)
    try:
        settings = options.office.settings(
            folder,
            port=options.port,
            link_port=options.link_port,
            serial=serial.path,
            base=base.path,
        )
        _describe(settings, folder)
        if settings.store.file is not None and not settings.store.file.exists():
            create_store(settings.store.url)
            keys = FieldKeys(settings.protected.key_folder)
            for agency in settings.agencies:
                keys.write(agency.id, new_key())
        bound = listen(settings.web)
        address = address_of(settings.web, bound)
        if options.office is not JOINT:  # by name: a browser keeps the sign-ins of two names apart
            port = address.rpartition(":")[2]
            address = f"http://{settings.web.allowed_hosts[0]}:{port}"
        links: list[str] = []
        desks: list[DeskOf] = []
        paired = asyncio.Event()

        @asynccontextmanager
        async def opened(office: RunningNode) -> AsyncIterator[None]:
            links.extend(await _links(office, options.office, address))
            async with _playing(office, serial, base, options, paired) as units:
                links.extend(await _phones(office, options.office, address, units))
                desks.append(office.desk_of)
                yield

        app = create_app(settings, opened=opened)
        meeting: list[asyncio.Task[None]] = []

        async def met() -> None:
            await meet(desks[0], options.office, address=address, lines=links)
            paired.set()

        def ready() -> None:
            if options.office is JOINT:
                _welcome(settings, address, links, folder)
                return
            task = asyncio.create_task(met(), name="demo-meeting")
            task.add_done_callback(_log_failure)
            meeting.append(task)

        try:
            async with asyncio.timeout(options.duration_s):
                await serve(app, settings.web, bound, ready=ready)
        except TimeoutError:
            pass  # its time is over
        finally:
            for task in meeting:
                task.cancel()
    finally:
        serial.close()
        base.close()


async def _links(office: RunningNode, played: DemoOffice, address: str) -> list[str]:
    """Make a user for each role and return a line with a fresh sign-in link for each.

    Every role at Houay Xai; at Chiang Khong, across the river, those who answer it.
    """
    lines = []
    people: list[tuple[str, Role, str]] = [(role, role, fleet.HOUAY_XAI) for role in ROLES]
    across = ACROSS if len(played.agencies) > 1 else ROLES
    people += [(f"{fleet.CHIANG_KHONG_PREFIX}{role}", role, fleet.CHIANG_KHONG) for role in across]
    for name, role, agency in people:
        if agency not in played.agencies:
            continue
        found = await office.people.user(name)
        user = (
            found[0]
            if found is not None
            else await office.people.add_user(name, role, agency, None)
        )
        token = await office.people.link_for(user, minutes=LINK_HOURS * 60)
        lines.append(f"  {name:<13} {address}/sign-in#link={token}")
    return lines


async def _phones(
    office: RunningNode, played: DemoOffice, address: str, units: dict[str, str]
) -> list[str]:
    """Return a line for each office with the address that enrols a phone on one of its boats."""
    lines = ["", f"Or be the crew of a boat; each enrols one phone, within {MINUTES} minutes:", ""]
    for agency, call_sign in CREW_PHONES.items():
        if agency not in played.agencies:
            continue
        desk = office.desk_of(User(name="demo", role="commander", agency=agency))
        device = f"demo-phone-{call_sign.lower().replace(' ', '-')}"
        code, _ = await office.accounts.enrolments.make(desk, device=device, unit=units[call_sign])
        lines.append(f"  crew phone  {address}/enrol#code={code}  {call_sign}")
    return lines


@asynccontextmanager
async def _playing(
    office: RunningNode,
    serial: SerialRadio,
    base: BaseRadio,
    options: DemoOptions,
    paired: asyncio.Event,
) -> AsyncIterator[dict[str, str]]:
    """Play the script while inside; yield unit ids by call sign."""
    cast = options.office.cast
    ais = AisFeed(await _ais_port(office))
    assert office.broker is not None
    mqtt: dict[str, MqttRadio] = {}
    for actor in cast:
        if actor.radio in ("owntracks", "json"):
            key = await office.people.add_device(actor.device, actor.agency)
            mqtt[actor.device] = MqttRadio(
                actor.device, key, host=office.broker.host, port=office.broker.port
            )
    radios = Radios(serial, base, ais, mqtt)
    start = datetime.now(UTC)
    before = timedelta(seconds=HISTORY_S / options.speed + 60)
    units = await _register(office.desk_of, options.office, since=start - before)
    script = Script(cast, office.geography.river, seed=options.seed)
    zone = ZoneInfo(office.settings.node.time_zone)
    story = Story(
        office.desk_of, options.office.agencies, office.geography.river, units, zone, paired
    )
    CLOCK.recordings.update(office.channels)  # an hour of it comes at once
    tasks = [
        asyncio.create_task(
            _play(
                script,
                radios,
                _rescuer(office.desk_of, options.office),
                units,
                start=start,
                speed=options.speed,
            ),
            name="demo-script",
        ),
        asyncio.create_task(story.play(start=start, speed=options.speed), name="demo-story"),
        asyncio.create_task(base.work(), name="demo-base-radio"),
    ]
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield units
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(radios.close)


def _rescuer(desk_of: DeskOf, played: DemoOffice) -> Desk:
    """Return the desk of who answers calls for help of the script: a boat of Chiang Khong calls."""
    return desk_of(User(name="demo", role="commander", agency=played.agencies[-1]))


async def _register(desk_of: DeskOf, played: DemoOffice, *, since: datetime) -> dict[str, str]:
    """Register the units of a node and their radios; return unit ids by call sign."""
    desks = {
        agency: desk_of(User(name="demo", role="commander", agency=agency))
        for agency in played.agencies
    }
    units: dict[str, str] = {}
    assigned: set[str] = set()
    for desk in desks.values():
        units |= {state.call_sign: state.id for state in desk.visible.units()}
        assigned |= {each.address for each in desk.visible.assignments() if each.end is None}
    for actor in played.cast:
        if actor.call_sign is None:
            continue
        desk = desks[actor.agency]
        if actor.call_sign not in units:
            state = await desk.registry.add_unit(
                call_sign=actor.call_sign,
                kind=actor.kind,
                country=actor.country,
                expected_interval_s=max(10.0, 2 * actor.interval_s),
            )
            units[actor.call_sign] = state.id
        radios = {actor.address: actor.channel}
        if actor.handset is not None:
            radios[f"kenwood:{actor.handset}"] = fleet.BASE_CHANNEL
        for address in radios.keys() - assigned:
            await desk.registry.assign(
                address=address,
                unit=units[actor.call_sign],
                start=since,
                channel=radios[address],
            )
    return units


async def _play(
    script: Script,
    radios: Radios,
    across: Desk,
    units: dict[str, str],
    *,
    start: datetime,
    speed: float,
) -> None:
    """Send what happened before, then what happens, each report when it is due."""

    def moment(t_s: float) -> datetime:
        return start + timedelta(seconds=t_s / speed)

    sent = 0
    for report in script.reports(after_s=-HISTORY_S, until_s=0):
        if report.t_s % HISTORY_STEP_S == 0:
            await radios.send(report, moment(report.t_s))
            sent += 1
            if sent % 50 == 0:
                await asyncio.sleep(0.02)  # what a radio link can carry, the channels can take
    played_s = 0.0
    calls: dict[str, float] = {}
    while True:
        now_s = (datetime.now(UTC) - start).total_seconds() * speed
        for report in script.reports(after_s=played_s, until_s=now_s):
            await radios.send(report, moment(report.t_s))
            if report.actor.radio == "serial" and report.t_s % GARBLED_EVERY_S == 0:
                await radios.garble(report, moment(report.t_s))
            if report.distress and report.actor.call_sign is not None:
                calls[report.actor.call_sign] = report.t_s
        played_s = now_s
        await _see_to(calls, across, units, now_s=now_s)
        await asyncio.sleep(0.1)


async def _see_to(
    calls: dict[str, float], desk: Desk, units: dict[str, str], *, now_s: float
) -> None:
    """Clear a call for help some minutes after it came, unless somebody at a page did."""
    for call_sign, called_s in list(calls.items()):
        if now_s - called_s >= CLEARED_AFTER_S:
            del calls[call_sign]
            if desk.visible.unit(units[call_sign]).distress:
                await desk.registry.clear_distress(units[call_sign])


async def _ais_port(office: RunningNode) -> int:
    """Return the port the AIS channel took, once it is open."""
    transport: Any = office.channels[fleet.AIS_CHANNEL].transport
    async with asyncio.timeout(10):
        while transport.port is None:  # noqa: ASYNC110 - a channel tells its state, not events
            await asyncio.sleep(0.01)
    return int(transport.port)


def _describe(settings: Settings, folder: Path) -> None:
    """Write down what commands beside the demo must know of it, among its records."""
    description = {"id": settings.node.id, "name": settings.node.name}
    lines = ["[node]", *(f"{name} = {json.dumps(value)}" for name, value in description.items())]
    lines += ["", "[store]", 'url = "sqlite:///joint-patrol.db"', ""]
    for agency in settings.agencies:
        lines += ["[[agencies]]", f'id = "{agency.id}"', f"name = {json.dumps(agency.name)}", ""]
    (folder / CONFIG).write_text("\n".join(lines), encoding="utf-8")


def _welcome(settings: Settings, address: str, lines: list[str], folder: Path) -> None:
    port = address.rpartition(":")[2]
    say: Callable[[str], object] = sys.stdout.write
    say(f"A joint patrol of Houay Xai and Chiang Khong is on the river: {address}\n\n")
    say("Open one of these links; each signs in once, in its role:\n\n")
    say("\n".join(lines) + "\n\n")
    command = [_command(), "audit", "verify", "--config", str((folder / CONFIG).resolve())]
    say(f"To prove its journal, meanwhile, in another terminal:\n\n  {shlex.join(command)}\n\n")
    say(f"Passkeys need a name: http://{settings.web.allowed_hosts[0]}:{port} is the same page.\n")
    say("Nothing leaves this machine. Ctrl-C ends it.\n")
    sys.stdout.flush()


def _command() -> str:
    """Return the command as it was called, so that the line works as it stands."""
    called = Path(sys.argv[0])
    return sys.argv[0] if called.name == "joint-patrol" else "joint-patrol"


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("demo_script_failed", exc_info=task.exception())
