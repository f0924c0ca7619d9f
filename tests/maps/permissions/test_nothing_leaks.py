"""Nothing of the other side is in any answer that no agreement lets cross.

Every route is asked as every role of the other agency, with the other's ids too, and the raw bytes
that come back are looked through; and a thing that must not be known is answered for as one that
there never was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from patrol.units.data_classes import DataClass
from tests.maps.permissions.every_route import oracles, walk, walks
from tests.maps.servers.agreement import PLAIN
from tests.maps.servers.offices import LAO, THAI
from tests.maps.servers.running import wait_until
from tests.maps.servers.two_sides import PLACES, ROLES, Side, Sides, two_sides

# Hundreds of requests a test, on a machine that does other things as well.
pytestmark = [
    pytest.mark.system,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(400),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sides(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sides]:
    """Both sides, one server for all tests: each leaves no agreement in force."""
    async with two_sides(tmp_path_factory.mktemp("sides")) as both:
        yield both


# -- what is shown


def known_as(side: Side, marks: Iterable[str]) -> set[str]:
    """Return what marks of a side stand for: the word, or what an id is of."""
    kinds = {id: kind for kind, ids in side.ids.items() for id in ids}
    return {
        kinds[mark] if mark in kinds else mark.removeprefix(f"{side.mark}-")
        for mark in marks
        if mark in kinds or mark.startswith(side.mark)
    }


def shown(side: Side, found: dict[str, set[str]]) -> set[str]:
    """Return what the other is shown of a side, by what it is."""
    return known_as(side, {mark for marks in found.values() for mark in marks})


CROSSES: Final[dict[str, tuple[set[str], set[str]]]] = {
    "positions": ({"unit", "boat", "far"}, set()),
    "tracks": ({"unit", "boat", "far"}, set()),
    "sectors": ({"sector", "patrol", "no_go", "sectornote"}, set()),
    "patrols": ({"patrol", "own", "plan", "unit", "sector"}, set()),
    "alerts": ({"alert", "unit"}, set()),
    "targets": ({"target", "looks", "sighting", "case", "photo"}, {"unit"}),
    "marks": ({"marked", "remarks", "mark"}, set()),
    "incidents": ({"incident", "place", "narrative", "goods", "photo"}, set()),
    "texts": ({"contact", "contactphone", "office"}, set()),
}
"""By class what must be seen of it, and what else may be."""


async def test_with_no_agreement_nothing_is_shown(sides: Sides) -> None:
    assert await walks(sides, "commander") == {}


@pytest.mark.parametrize("data_class", PLAIN)
async def test_one_class_shows_its_own_and_nothing_else(
    sides: Sides, data_class: DataClass
) -> None:
    assert set(CROSSES) == set(PLAIN)
    viewer, other = sides.ways[PLAIN.index(data_class) % 2]
    async with sides.agreed([data_class]):
        files = data_class in ("positions", "tracks")
        found = await walk(viewer, other, ("commander",), files=files)
    must, may = CROSSES[data_class]
    texts = shown(other, found)
    assert must <= texts, sorted(must - texts)
    assert texts <= must | may, telling(other, found, texts - must - may)


def telling(side: Side, found: dict[str, set[str]], words: Iterable[str]) -> str:
    """Return which requests show some things of a side, for who reads why a test fails."""
    return "\n".join(
        f"{request}: {sorted(texts)}"
        for request, marks in found.items()
        if (texts := known_as(side, marks) & set(words))
    )


def hour(later: int) -> str:
    return f"{(datetime.now(UTC).hour + later) % 24:02}:00"


CORRIDOR: Final = {"river": "Mekong", "km_from": 2340, "km_to": 2370, "from_river_m": 5000}
EVERYTHING: Final = set[str]().union(*(must | may for must, may in CROSSES.values()))
PLANNED: Final = CROSSES["sectors"][0] | CROSSES["patrols"][0]

TERMS: Final[tuple[tuple[dict[str, Any], set[str], set[str]], ...]] = (
    ({"corridor": CORRIDOR}, {"boat", "target", "narrative", "alert"}, {"far", "contact"}),
    ({"hours": {"time_zone": "UTC", "start": hour(3), "end": hour(4)}},
     {"sector", "patrol"}, EVERYTHING - PLANNED),
    ({"only_joint_patrols": True}, {"sector", "patrol"}, EVERYTHING - PLANNED),
    ({"delay_s": 3600}, set(), EVERYTHING),
    ({"precision_m": 2000}, {"boat", "far", "target", "narrative", "alert"}, set()),
)  # fmt: skip
"""Terms of an agreement on everything, what must be seen, and what must not."""


@pytest.mark.parametrize("number", range(len(TERMS)), ids=(next(iter(each[0])) for each in TERMS))
async def test_terms_keep_what_they_should(sides: Sides, number: int) -> None:
    more, must, never = TERMS[number]
    viewer, other = sides.ways[number % 2]
    async with sides.agreed(PLAIN, **more):
        found = await walk(viewer, other, ("commander",))
    texts = shown(other, found)
    assert must <= texts, sorted(must - texts)
    assert not texts & never, telling(other, found, never)
    assert texts <= EVERYTHING, telling(other, found, texts - EVERYTHING)


# -- from the moment of a suspension on


async def hand_offs(sides: Sides) -> None:
    """Have hand-offs both ways in every state there is."""
    for viewer, other in sides.ways:
        lon, lat = PLACES[other.agency]
        for state in ("offered", "declined", "withdrawn"):
            target = await other.post(
                "commander", "/api/targets", what="person", name=f"{other.mark}-followed",
                private_note=f"{other.mark}-never-followed",
                sighting={"lon": lon, "lat": lat, "note": f"{other.mark}-seenthere"},
            )  # fmt: skip
            other.keep("target", target["id"])
            offer = await other.post("commander", "/api/hand-offs", target=target["id"],
                                     to=viewer.agency, note=f"{other.mark}-offer")  # fmt: skip
            path = f"/api/hand-offs/{other.keep('hand_off', offer['id'])}"
            term = {"term": offer["term"]}
            if state == "declined":
                await viewer.post("liaison", f"{path}/decline", 200, **term)
            if state == "withdrawn":
                await other.post("commander", f"{path}/withdraw", 200)


async def end_patrols(sides: Sides) -> None:
    """End whatever joint patrol is under way: no boat is in two at a time."""
    known = await sides.lao.officers["commander"].get("/api/patrols?state=under way")
    for each in known.json():
        await sides.lao.post("commander", f"/api/patrols/{each['id']}/end", 200)


async def joint_patrol(sides: Sides) -> str:
    """Have a joint patrol under way, with something of each side in it, and no other; return it."""
    await end_patrols(sides)
    now = datetime.now(UTC)
    span: dict[str, Any] = {"starts_at": (now - timedelta(minutes=1)).isoformat(),
            "ends_at": (now + timedelta(hours=1)).isoformat()}  # fmt: skip
    both = (sides.lao, sides.thai)
    plan = await sides.lao.post(
        "planner", "/api/patrols", name="River watch", agencies=[LAO, THAI], **span,
        members=[{"unit": each.ids["unit"][0], "agency": each.agency} for each in both],
        legs=[{"name": f"{each.mark}-leg", "lead": each.agency, **span} for each in both],
        rendezvous=[{"name": f"{each.mark}-meeting", "lon": 100.41, "lat": 20.27,
                     "at": span["ends_at"], "units": [each.ids["unit"][0]]} for each in both],
    )  # fmt: skip
    path = f"/api/patrols/{plan['id']}"
    await sides.lao.post("planner", f"{path}/propose", 200)
    for side in both:
        revision = (await side.officers["commander"].get(path)).json().get("revision", 1)
        await side.post("commander", f"{path}/sign", 200, revision=revision)
        annex = {"text": f"{side.mark}-never-joint"}
        assert (
            await side.officers["commander"].put(f"{path}/annex", json=annex)
        ).status_code == 200
    await sides.lao.post("commander", f"{path}/ready", 200)
    await sides.lao.post("commander", f"{path}/start", 200)
    for side in both:
        await side.post("commander", f"{path}/check-ins", 200, unit=side.ids["unit"][0],
                        note=f"{side.mark}-checkin")  # fmt: skip
    return path


async def suspend(sides: Sides, agreement: str) -> None:
    """Suspend an agreement."""
    path = f"/api/agreements/{agreement}/suspend"
    await sides.thai.post("commander", path, 200, reason="by order")


async def frames(side: Side, role: str, query: str = "") -> list[str]:
    """Return what a live stream begins with, until it is quiet."""
    texts: list[str] = []
    async with side.offices.server.live(side.officers[role], query) as live:
        async with asyncio.timeout(20):
            texts.append(str(await live.socket.recv()))
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.5):
                    texts.append(str(await live.socket.recv()))
    return texts


async def test_a_suspension_leaves_nothing_and_no_sign_of_anything(sides: Sides) -> None:
    both = (sides.lao, sides.thai)
    async with sides.agreed(PLAIN) as agreement:
        path = await joint_patrol(sides)
        await hand_offs(sides)
        found = await walks(sides, "commander")
        for side in both:
            must = {"boat", "target", "narrative", "alert", "contact", "sector", "own", "hand_off",
                    "offer", "followed", "leg", "meeting", "checkin"}  # fmt: skip
            assert must <= shown(side, found), sorted(must - shown(side, found))
            assert not [word for word in shown(side, found) if word.startswith("never")]
        before = {}
        for side in both:
            first = (await frames(side, "commander"))[0]
            before[side.agency] = json.loads(first)
        for viewer, other in sides.ways:
            assert other.seen_in(json.dumps(before[viewer.agency]).encode())

        await suspend(sides, agreement)
        at_once = await walks(sides, "commander", files=True)
        assert at_once == {}
        for viewer, other in sides.ways:
            snapshot = before[viewer.agency]
            since = f"?stream={snapshot['stream']}&since={snapshot['seq']}"
            for role in ("commander", "crew"):
                for query in ("", since) if role == "commander" else ("",):
                    for frame in await frames(viewer, role, query):
                        answer = json.loads(frame)
                        answer.pop("forget", None)
                        assert not other.seen_in(json.dumps(answer).encode()), frame
            joint = (await viewer.officers["commander"].get(path)).json()
            assert [each["agency"] for each in joint["members"]] == [viewer.agency]
            assert joint["suspended"]


async def test_what_happens_during_a_suspension_stays_where_it_was(sides: Sides) -> None:
    async with sides.agreed(PLAIN) as agreement:
        await joint_patrol(sides)
        await hand_offs(sides)
        await suspend(sides, agreement)
        await asyncio.gather(sides.lao.call(), sides.thai.call())
        assert await walks(sides, "commander") == {}

        resume = f"/api/agreements/{agreement}/resume"
        await sides.thai.post("commander", resume, 200, reason="")
        for viewer, other in sides.ways:
            data = (await viewer.officers["commander"].get("/api/targets")).content
            assert f"{other.mark}-target".encode() in data
            hidden = other.ids["alert"][0]  # raised while nothing crossed
            answer = await viewer.officers["commander"].get(f"/api/alerts/{hidden}")
            assert answer.status_code == 404, answer.text


async def test_a_suspension_leaves_nothing_to_any_role(sides: Sides) -> None:
    """All of them after the same suspension; the commanders' walk is above."""
    async with sides.agreed(PLAIN) as agreement:
        await joint_patrol(sides)
        await hand_offs(sides)
        await suspend(sides, agreement)
        for role in ROLES:
            if role != "commander":
                assert await walks(sides, role, files=True) == {}


async def test_once_it_is_over_nothing_tells_that_there_is_something(sides: Sides) -> None:
    async with sides.agreed(PLAIN):
        await joint_patrol(sides)
        await hand_offs(sides)
    assert await walks(sides, "commander") == {}
    for viewer, other in sides.ways:
        assert await oracles(viewer, other) == []


# -- in a report


async def report(side: Side, **asked: Any) -> bytes:
    """Return a report that a commander asks for, as a page."""
    client = side.officers["commander"]
    job = await side.post("commander", "/api/report-jobs", 202, format="html", **asked)
    async for _ in wait_until("the report"):
        body = (await client.get(f"/api/report-jobs/{job['id']}")).json()
        if body["state"] in ("made", "failed"):
            break
    assert body["state"] == "made", body
    return (await client.get(f"/api/report-jobs/{job['id']}/file")).content


async def test_a_participant_is_named_where_its_position_is_sent(sides: Sides) -> None:
    """The call sign crosses with a position, and with nothing else: that it takes part is none."""
    async with sides.agreed(["tracks", "patrols"]):
        path = await joint_patrol(sides)
        patrol = path.rpartition("/")[2]
        for sailed in (False, True):
            if sailed:
                for side in (sides.lao, sides.thai):
                    await side.sail("boat", *PLACES[side.agency])
            for viewer, other in sides.ways:
                for name in ("briefing", "patrol-debrief"):
                    page = await report(viewer, report=name, patrol=patrol)
                    assert f"{viewer.mark}-boat".encode() in page, "one's own is named"
                    texts = known_as(other, other.seen_in(page))
                    assert ("boat" in texts) == sailed, f"{name}: {texts}"
                    assert texts <= {"boat", "leg", "meeting", "checkin", "unit", "patrol"}, texts
        await sides.lao.post("commander", f"{path}/end", 200)
