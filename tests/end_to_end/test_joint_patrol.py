"""The whole story of two agencies in one node, over HTTP, WebSocket and a radio on a serial port.

Plan, two signatures, a patrol under way, a target that crosses, its offer and acceptance, an
arrest, the debrief; then a suspension, and a resumption without and with backfill. The names are
those of the river the product was made for.
"""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.maps.servers.offices import LAO, THAI, Offices, two_offices
from tests.maps.servers.running import Live, wait_until

pytestmark = pytest.mark.system

AGENCIES = [
    {"id": LAO, "name": "Houay Xai border police", "country": "LA", "blos": ["LA-HXI"]},
    {"id": THAI, "name": "Chiang Khong police", "country": "TH", "blos": ["TH-CKG"]},
]
LAO_WATER, THAI_WATER = (100.4141, 20.2705), (100.4069, 20.2617)
CLASSES = ["positions", "tracks", "sectors", "patrols", "alerts", "targets", "incidents"]


class Radio:
    """A boat's radio on a serial port: it says where it is as an RMC sentence."""

    def __init__(self, port: int) -> None:
        self._port = port

    def say(self, lon: float, lat: float, at: datetime) -> None:
        """Send one position."""
        time = f"{at:%H%M%S}.{at.microsecond // 10_000:02}"
        place = f"{_angle(lat, 2)},N,{_angle(lon, 3)},E"
        body = f"GPRMC,{time},A,{place},6.0,215.0,{at:%d%m%y},,,A"
        os.write(self._port, f"${body}*{reduce(xor, body.encode()):02X}\r\n".encode())


@contextmanager
def radio() -> Iterator[tuple[str, Radio]]:
    """Yield the path of a serial port and the radio that hangs on it."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    try:
        yield os.ttyname(theirs), Radio(ours)
    finally:
        os.close(ours)
        os.close(theirs)


class Phone:
    """A boat whose phone posts where it is."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client, self._sent = client, 0

    async def say(self, lon: float, lat: float, at: datetime) -> None:
        """Send one position."""
        self._sent += 1
        report = {"id": f"p-{self._sent}", "lon": lon, "lat": lat, "time": at.isoformat()}
        answer = await self._client.post("/api/positions", json=report)
        assert answer.json()["rejected"] == [], answer.text


class Story:
    """Two offices, a boat of each, and the time as it goes by.

    Attributes:
        offices: The officers, signed in.
        naga: The Lao boat's phone, and its unit's id.
        garuda: The Thai boat's radio, and its unit's id.
    """

    def __init__(self, offices: Offices, phone: Phone, garuda: Radio) -> None:
        self.offices, self.naga, self.garuda = offices, phone, garuda
        self.naga_id = self.garuda_id = ""
        self._sailed = 0

    async def sail(self, times: int = 1) -> list[datetime]:
        """Let both boats report, each a few metres on, `times` times a second apart; return when.

        Each time the radio's word is in the picture before the next.
        """
        said: list[datetime] = []
        for _ in range(times):
            await asyncio.sleep(0.05)  # the radio tells hundredths, cut off: not before what was
            now = datetime.now(UTC)
            at = now.replace(microsecond=now.microsecond // 10_000 * 10_000)
            said.append(at)
            self._sailed += 1
            step = self._sailed * 1e-6
            await self.naga.say(LAO_WATER[0] + step, LAO_WATER[1], at)
            self.garuda.say(THAI_WATER[0] + step, THAI_WATER[1], at)
            await self._heard(at)
            await asyncio.sleep(1.0)
        return said

    async def _heard(self, at: datetime) -> None:
        async for _ in wait_until("the radio's word"):
            states = self.offices.server.office.watch.picture.contacts.values()
            if any(
                state.last is not None and state.last.time == at and state.last.lon < 100.41
                for state in states
            ):
                return


@asynccontextmanager
async def told(folder: Path) -> AsyncIterator[Story]:
    """Begin the story: two offices, two boats known to them."""
    with radio() as (port, garuda):
        channel = {"name": "base", "url": f"serial://{port}?baud=9600", "protocols": ["nmea0183"]}
        async with two_offices(folder, agencies=AGENCIES, channels=[channel]) as offices:
            key = await offices.server.office.people.add_device("naga", LAO)
            async with offices.server.stranger(authorization=f"Bearer {key}") as client:
                story = Story(offices, Phone(client), garuda)
                await story.sail()
                story.naga_id = await known(
                    offices, "somchai", "Naga 1", "LA", "position_json:naga"
                )
                story.garuda_id = await known(offices, "malee", "Garuda 2", "TH", "nmea0183:@base")
                yield story


async def known(offices: Offices, officer: str, call_sign: str, country: str, address: str) -> str:
    """Register a boat and its radio; return the unit's id."""
    unit = {"call_sign": call_sign, "kind": "boat", "country": country}
    id: str = (await done(offices[officer], "/api/units", unit, 201))["id"]
    await done(offices[officer], "/api/assignments", {"address": address, "unit": id}, 201)
    return id


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """Return what a GET answers."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return answer.json()


async def done(
    client: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None, status: int = 200
) -> Any:
    """Return what a POST answers."""
    answer = await client.post(path, json=body or {})
    assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()


async def agreed(offices: Offices) -> str:
    """Have both sides sign an agreement about everything; return its id."""
    now = datetime.now(UTC)
    terms = {
        "name": "Golden Triangle joint patrols",
        "purposes": ["safety of crews", "drugs and precursors"],
        "classes": CLASSES,
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=365)).isoformat(),
    }
    draft = await done(
        offices["kham"], "/api/agreements", {"agencies": [LAO, THAI], "terms": terms}, 201
    )
    path = f"/api/agreements/{draft['id']}"
    assert (await offices["chai"].get(path)).status_code == 404, "a draft is its drafter's alone"
    await done(offices["kham"], f"{path}/propose")
    for officer in ("somchai", "malee"):
        version = (await got(offices[officer], path)).get("version", 1)
        signed = await done(offices[officer], f"{path}/sign", {"version": version})
    assert signed["state"] == "active"
    return str(draft["id"])


async def under_way(story: Story) -> str:
    """Plan a joint patrol, have both sides sign it, and start it; return its id."""
    offices = story.offices
    now = datetime.now(UTC)
    reach = {"river": "Mekong", "km_from": 2350, "km_to": 2362, "width_m": 2000}
    drawn = await done(offices["noy"], "/api/sectors", {"name": "Reach 4", "stretch": reach}, 201)
    sector = drawn["sector"]["id"]
    plan = {
        "name": "Night watch",
        "starts_at": (now - timedelta(minutes=1)).isoformat(),
        "ends_at": (now + timedelta(hours=6)).isoformat(),
        "agencies": [LAO, THAI],
        "members": [
            {"unit": story.naga_id, "agency": LAO, "crew": 4},
            {"unit": story.garuda_id, "agency": THAI, "crew": 5},
        ],
        "sectors": [sector],
        "check_in_interval_s": 1800,
    }
    draft = await done(offices["noy"], "/api/patrols", plan, 201)
    path = f"/api/patrols/{draft['id']}"
    wrong = [each for each in await got(offices["noy"], f"{path}/conflicts")
             if each["severity"] == "error"]  # fmt: skip
    assert wrong == []
    await done(offices["noy"], f"{path}/propose")
    for officer in ("somchai", "malee"):
        revision = (await got(offices[officer], path)).get("revision", 1)
        signed = await done(offices[officer], f"{path}/sign", {"revision": revision})
    assert signed["state"] == "signed"
    await done(offices["somchai"], f"{path}/ready")
    started = await done(offices["bounmy"], f"{path}/start")
    assert started["state"] == "under way"
    return str(draft["id"])


async def handed_over(story: Story, patrol: str) -> str:
    """Follow a target across the river until the other side has it; return the Thai target's id."""
    offices = story.offices
    sighting = {"lon": LAO_WATER[0], "lat": LAO_WATER[1], "accuracy_m": 30, "speed_mps": 8.0,
                "course_deg": 215.0}  # fmt: skip
    target = await done(
        offices["bounmy"],
        "/api/targets",
        {
            "what": "vessel",
            "name": "grey long-tail boat",
            "sighting": sighting,
            "patrol": patrol,
            "informants": ["fisherman at the pier"],
        },
        201,
    )
    across = sighting | {"lon": 100.3995, "lat": 20.2580, "accuracy_m": 10}
    answer = await done(offices["bounmy"], f"/api/targets/{target['id']}/sightings", across, 201)
    assert answer["custodian"] == LAO, "an offer moves nothing"
    offers = await got(offices["chai"], "/api/hand-offs")
    if not offers:  # not surely across: offered on demand
        await done(offices["somchai"], "/api/hand-offs", {"target": target["id"]}, 201)
        offers = await got(offices["chai"], "/api/hand-offs")
    [offer] = offers
    assert (offer["agency"], offer["to"]) == (LAO, THAI)
    assert "fisherman" not in str(offer)
    path = f"/api/hand-offs/{offer['id']}"
    stale = await offices["chai"].post(f"{path}/accept", json={"term": offer["term"] - 1})
    assert stale.status_code == 409
    await done(offices["chai"], f"{path}/accept", {"term": offer["term"]})
    assert (await got(offices["somchai"], f"/api/targets/{target['id']}"))["custodian"] == THAI
    [taken] = [each for each in await got(offices["malee"], "/api/targets")
               if each["agency"] == THAI]  # fmt: skip
    assert (taken["custodian"], taken["case"]) == (THAI, target["case"])
    return str(taken["id"])


async def everything(client: httpx.AsyncClient) -> dict[str, str]:
    """Return all that an officer can read, by path, as text."""
    now = datetime.now(UTC)
    span = {"start": (now - timedelta(hours=2)).isoformat(),
            "end": (now + timedelta(hours=1)).isoformat()}  # fmt: skip
    paths: dict[str, dict[str, Any]] = {
        "/api/units": {}, "/api/tracks": span, "/api/effort": span,
        "/api/alerts": {}, "/api/targets": {}, "/api/hand-offs": {}, "/api/incidents": {},
        "/api/sectors": {}, "/api/patrols": {},
        "/api/exports/tracks": span | {"format": "geojson"},
        "/api/exports/units": {"format": "geojson"},
    }  # fmt: skip
    for collection in ("units", "fixes", "tracks", "sectors", "incidents"):
        paths[f"/api/ogc/collections/{collection}/items"] = {}
    found: dict[str, str] = {}
    for path, query in paths.items():
        answer = await client.get(path, params=query)
        assert answer.status_code in (200, 404), f"{path}: {answer.text}"
        found[path] = answer.text
    for x, y in ((798, 453), (797, 453), (798, 452)):
        tile = await client.get(f"/tiles/10/{x}/{y}.mvt", params=span)
        assert tile.status_code in (200, 204), tile.text
        found[tile.url.path] = tile.content.decode("latin-1")
    return found


def where(found: dict[str, str], *marks: str) -> list[str]:
    """Return the paths whose answers hold one of the marks."""
    return [path for path, text in found.items() if any(mark in text for mark in marks)]


class Viewer:
    """One officer's live picture, as the page keeps it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.frames: list[dict[str, Any]] = []
        self.units: dict[str, Any] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            frame = await self._live.frame(60)
            self.frames.append(frame)
            if frame["type"] == "snapshot":
                self.units = {}
            for unit in frame.get("units", []):
                self.units[unit["id"]] = unit
            for fix in frame.get("fixes", []):
                if fix.get("live", True) and fix["of"] in self.units:
                    self.units[fix["of"]]["last"] = fix
            for id in frame.get("forget", []):
                self.units.pop(id, None)

    def stop(self) -> None:
        """Read no more."""
        self._reading.cancel()

    def times(self, unit: str, since: int = 0) -> list[str]:
        """Return the times of the positions of a unit in the frames from `since` on."""
        frames = self.frames[since:]
        fixes = [fix for frame in frames for fix in frame.get("fixes", [])]
        return [fix["time"] for fix in fixes if fix["of"] == unit]


@pytest.mark.timeout(180)
async def test_the_whole_story_of_a_joint_patrol(tmp_path: Path) -> None:
    async with told(tmp_path) as story:
        offices = story.offices
        somchai, malee = offices["somchai"], offices["malee"]
        assert where(await everything(somchai), story.garuda_id) == []

        # Nobody had consented to anything. What the radio said before it was registered is of who
        # heard it, so the boats have not the same times behind them.
        unshared = await times_of(malee, story.garuda_id)
        unshared_lao = await times_of(somchai, story.naga_id)
        agreement = await agreed(offices)
        patrol = await under_way(story)
        async with offices.server.live(somchai) as lao, offices.server.live(malee) as thai:
            by_lao, by_thai = Viewer(lao), Viewer(thai)
            await story.sail(3)
            async for _ in wait_until("each side sees both boats"):
                both = {story.naga_id, story.garuda_id}
                if set(by_lao.units) >= both and set(by_thai.units) >= both:
                    break

            taken = await handed_over(story, patrol)
            arrest = await done(
                malee,
                "/api/incidents",
                {
                    "category": "drugs",
                    "when": datetime.now(UTC).isoformat(),
                    "seizures": [{"what": "methamphetamine", "amount": 15000, "unit": "tablets"}],
                    "arrested": [{"count": 2, "nationality": "LA"}],
                    "lon": THAI_WATER[0],
                    "lat": THAI_WATER[1],
                    "patrol": patrol,
                    "credited": [LAO, THAI],
                    "informants": "the man with the red cap",
                },
                201,
            )
            await done(malee, f"/api/targets/{taken}/close", {"outcome": "arrested"})
            assert await got(somchai, "/api/incidents") == [], "a second person confirms it first"
            logged = f"/api/incidents/{arrest['id']}"
            await done(offices["chai"], f"{logged}/confirm", {"version": 1})
            await done(somchai, f"{logged}/credit", {"agrees": True})
            listed = await got(somchai, "/api/incidents")
            assert [each["id"] for each in listed] == [arrest["id"]]
            assert "red cap" not in str(listed)

            path = f"/api/patrols/{patrol}"
            await done(offices["bounmy"], f"{path}/check-ins", {"unit": story.naga_id})
            ended = await done(somchai, f"{path}/end", {"reason": "dawn"})
            assert ended["state"] == "ended"
            effort = await got(somchai, f"{path}/effort")
            assert set(effort["by_agency"]) == {LAO, THAI}
            assert (await got(malee, f"{path}/coverage"))["sectors"]
            held = await everything(somchai)
            assert "/api/units" in where(held, story.garuda_id)
            assert "/api/ogc/collections/fixes/items" in where(held, story.garuda_id)

            # -- a row between the capitals: suspended at t0
            before_lao, before_thai = len(by_lao.frames), len(by_thai.frames)
            gone = await done(
                malee, f"/api/agreements/{agreement}/suspend", {"reason": "by order of the capital"}
            )
            assert gone["state"] == "suspended"
            others = (story.garuda_id, arrest["id"], "methamphetamine", "Garuda")
            assert where(await everything(somchai), *others) == []
            assert where(await everything(malee), story.naga_id, "Naga") == []
            notice = await got(somchai, f"/api/agreements/{agreement}")
            assert "by order of the capital" in str(notice["consents"])
            refused = await somchai.post("/api/hand-offs", json={"target": "any"})
            assert refused.status_code in (404, 409)

            meanwhile = await story.sail(3)
            async for _ in wait_until("own reports go on"):
                if (
                    len(by_lao.times(story.naga_id, before_lao)) >= 3
                    and len(by_thai.times(story.garuda_id, before_thai)) >= 3
                ):
                    break
            assert story.garuda_id not in by_lao.units
            assert story.naga_id not in by_thai.units
            cut = next(
                number
                for number, frame in enumerate(by_lao.frames)
                if number >= before_lao
                and (story.garuda_id in frame.get("forget", []) or frame["type"] == "snapshot")
            )
            for frame in by_lao.frames[cut:]:
                told_of = {fix["of"] for fix in frame.get("fixes", [])}
                told_of |= {unit["id"] for unit in frame.get("units", [])}
                assert story.garuda_id not in told_of
            by_lao.stop()
            by_thai.stop()

        # -- resumed without backfill: what was made meanwhile stays at home
        path = f"/api/agreements/{agreement}"
        resumed = await done(malee, f"{path}/resume", {"reason": "settled"})
        assert resumed["state"] == "active"
        after = await story.sail(2)
        own = await times_of(malee, story.garuda_id)
        assert set(own) >= {*meanwhile, *after}
        shared = await times_of(somchai, story.garuda_id)
        assert set(shared) >= set(after)
        assert set(own) - set(shared) == {*unshared, *meanwhile}

        # -- and with it: exactly the stretch that the owner consents to
        stretch = {
            "start": meanwhile[1].isoformat(),
            "end": (meanwhile[1] + timedelta(milliseconds=500)).isoformat(),
            "classes": ["tracks"],
        }
        await done(malee, f"{path}/backfill", {"backfill": stretch})
        assert set(await times_of(somchai, story.garuda_id)) == {*shared, meanwhile[1]}
        missing = set(await times_of(somchai, story.naga_id)) - set(
            await times_of(malee, story.naga_id)
        )
        assert missing == {*unshared_lao, *meanwhile}, "one side's consent is not the other's"


async def times_of(client: httpx.AsyncClient, unit: str) -> list[datetime]:
    """Return the times of a unit's track, as an officer sees it."""
    now = datetime.now(UTC)
    span = {"start": (now - timedelta(hours=2)).isoformat(),
            "end": (now + timedelta(hours=1)).isoformat()}  # fmt: skip
    track = await got(client, f"/api/units/{unit}/track", **span)
    return [datetime.fromisoformat(each) for each in track["properties"]["times"]]


def _angle(degrees: float, digits: int) -> str:
    whole = int(degrees)
    return f"{whole:0{digits}}{(degrees - whole) * 60:08.5f}"
