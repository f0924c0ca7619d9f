"""Every route asked by one side for what is the other's, and what the answers give away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final, Protocol

import httpx
from fastapi.routing import APIRoute

from gis.files.formats import FORMATS
from gis.geometry.vector_tile import project
from maps.app.app import ROUTERS
from tests.maps.servers.offices import LAO, THAI
from tests.maps.servers.two_sides import FAR, NO_ID, PLACES, Side, Sides

# -- every GET


class Kept(Protocol):
    """What an agency keeps, by which routes are asked.

    Attributes:
        agency: Its id.
        ids: Ids of what it keeps, by the name of a route's parameter.
    """

    agency: str
    ids: dict[str, list[str]]


def gets() -> list[APIRoute]:
    return [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]


WITHOUT: Final = {"/api/session/open-id", "/api/session/open-id/back", "/basemap/{z}/{x}/{y}"}
"""What leads away from here, or is not of this node."""

_LISTED: Final = {"unit": "unit", "address": "address", "alert": "alert", "patrol": "patrol"}
"""Filters that take an id."""


def asked(route: APIRoute, other: Kept) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield path, query and the words of the other's that a request itself says."""
    now = datetime.now(UTC)
    start, end = (now - timedelta(hours=2)).isoformat(), (now + timedelta(minutes=5)).isoformat()
    given = {"start": start, "end": end, "since": start, "until": end, "closed_since": start,
             "closed_until": end, "ended_since": start, "ended_until": end, "limit": "100",
             "closed": "true", "retired": "true", "hours": "2", "radius_m": "500",
             "reach": "Houay Xai", "lon": "100.4141", "lat": "20.2705"}  # fmt: skip
    expected = {field.name for field in route.dependant.query_params}
    query: dict[str, Any] = {name: given[name] for name in expected if name in given}
    if route.path == "/api/hand-offs":
        query.pop("limit", None)
    for path, text in filled(route.path, other):
        if "ended_since" in query or "closed_since" in query:
            yield path, {}, text
        if route.path == "/api/reports/{name}":
            for unit in other.ids["unit"]:
                yield path, query | {"unit": unit}, unit
            continue
        if route.path == "/api/coverage/heat":
            query |= {"km_from": "2340", "km_to": "2380", "step_km": "10"}
        yield path, query, text
        for name in expected & _LISTED.keys():
            for id in other.ids[_LISTED[name]][:1]:
                if name == "patrol":  # of exports: in place of a time
                    yield path, {"patrol": id}, id
                else:
                    yield path, query | {name: id}, id


def filled(path: str, other: Kept) -> Iterator[tuple[str, str]]:
    """Yield a route's path with the other's ids in it, and what it says of them."""
    path = path.replace(":path}", "}")
    if path.startswith("/tiles/"):
        for place in (PLACES[other.agency], FAR[other.agency]):
            x, y = project([place[0]], [place[1]])
            for z in (5, 12):
                yield f"/tiles/{z}/{int(x[0] * 2**z)}/{int(y[0] * 2**z)}.mvt", ""
        return
    if path.startswith("/api/ogc/collections/{collection}"):
        names = ["units", "tracks", "sectors", "incidents", "fixes"]
        names += [f"tracks-{unit}" for unit in other.ids["unit"][:1]]
        for name in names:
            here = path.replace("{collection}", name)
            text = name.partition("-")[2]
            if "{feature}" not in here:
                yield here, text
                continue
            for kind in ("unit", "sector", "incident"):
                if not text or kind == "unit":
                    yield here.replace("{feature}", other.ids[kind][-1]), other.ids[kind][-1]
        return
    if "/{of}/{place}" in path:
        for of in ("mark", "target", "sector"):
            for id in other.ids.get(of, [NO_ID])[-1:]:
                yield path.replace("{of}", f"{of}s").replace("{place}", id), id
        return
    if "/{kind}/{paper}" in path:
        path = path.replace("{entry}", NO_ID).replace("{reader}", "nobody")
        for kind in ("incident", "target"):
            for id in other.ids.get(kind, [NO_ID])[-1:]:
                yield path.replace("{kind}", kind).replace("{paper}", id), id
        return
    name = path.partition("{")[2].partition("}")[0]
    if not name:
        yield path, ""
        return
    known = dict(other.ids) | {
        "order": [NO_ID],
        "job": [NO_ID],
        "counterpart": [NO_ID],  # of the node, whose agencies all see it
        "name": {"/api/layers/{name}": ["border"], "/api/exports/layers/{name}": ["border"],
                 "/api/reports/{name}": ["debrief"]}.get(path, ["alerts-by-radio", "store"]),
        "unit": [*other.ids["unit"], *other.ids["address"]],
        "address": [*other.ids["address"], *(a.partition(":")[2] for a in other.ids["address"])],
        "hand_off": other.ids.get("hand_off", [NO_ID]),
    }  # fmt: skip
    assert name in known, f"what stands for {{{name}}} in {path}?"
    for id in dict.fromkeys([known[name][0], known[name][-1]]):
        yield path.replace(f"{{{name}}}", id), id


AT_ONCE: Final = 8
"""Requests under way: enough to meet each other. Of more, most would only wait, some by asking
again and again: few replays are made at a time."""


async def walk(
    viewer: Side, other: Side, roles: Sequence[str], *, files: bool = False
) -> dict[str, set[str]]:
    """Ask everything as some roles; return the other's marks in the answers, by request.

    Args:
        viewer: Who asks.
        other: Whose things are asked for.
        roles: As whom.
        files: Whether to ask for a file of every format, too.
    """
    found: dict[str, set[str]] = {}

    async def ask(role: str, path: str, query: dict[str, Any], text: str) -> None:
        answer = await viewer.officers[role].get(path, params=query)
        while b'"too_many_replays"' in answer.content or b'"replay_busy"' in answer.content:
            await asyncio.sleep(0.1)  # it is told to come again: what it asks for must be seen
            answer = await viewer.officers[role].get(path, params=query)
        # The debrief wants a script of the web client, which may not be built.
        fails = answer.status_code >= 500 and b"not_built" not in answer.content
        assert not fails, f"{path} {query}: {answer.status_code} {answer.text}"
        content = answer.content
        if text and (answer.status_code >= 400 or repeats(path)):
            for each in {text, *(id for id in chain(*other.ids.values()) if id in path)}:
                content = content.replace(each.encode(), b"")
        marks = other.seen_in(content)
        if path == "/api/audit":  # of an agency's own acts the journal keeps on what they were
            marks = {mark for mark in marks if mark.startswith(other.mark)}
        if marks:
            found.setdefault(f"{viewer.mark}.{role} {path} {query}", set()).update(marks)

    async def ask_all(role: str, waiting: Iterator[tuple[str, dict[str, Any], str]]) -> None:
        for path, query, text in waiting:
            await ask(role, path, query, text)

    started = []
    for role in roles:
        requests = [
            each for route in gets() if route.path not in WITHOUT for each in asked(route, other)
        ]
        if files and role == "commander":
            requests += [
                (f"/api/exports/{what}", {"format": name}, "")
                for name in sorted(FORMATS.keys() - {"parquet"})
                for what in ("tracks", "units")
            ]
        waiting = iter(requests)
        started += [ask_all(role, waiting) for _ in range(max(1, AT_ONCE // (2 * len(roles))))]
    await asyncio.gather(*started)
    return found


def repeats(path: str) -> bool:
    """Return whether a good answer repeats what was asked for."""
    return path.endswith(("/why", "/track")) or path.startswith("/api/ogc")


async def walks(sides: Sides, *roles: str, files: bool = False) -> dict[str, set[str]]:
    """Ask everything as some roles of both sides."""
    both = await asyncio.gather(
        *(walk(one, other, roles, files=files) for one, other in sides.ways)
    )
    return both[0] | both[1]


# -- whether there is such a thing


def example(app: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Return the example of an operation's body, as the description has it."""
    body = operation.get("requestBody")
    if body is None:
        return {}
    schema = body["content"].get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = app["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    answer = schema.get("examples", [{}])
    return dict(answer[0]) if isinstance(answer[0], dict) else {}


def acts(app: dict[str, Any], other: Side) -> Iterator[tuple[str, str, Any, str]]:
    """Yield method, path, body and id of every request that names something of the other's."""
    for path, operations in app["paths"].items():
        path = path.replace("{kind}/{paper}", "incident/{incident}")
        path = path.replace("{entry}", NO_ID).replace("{reader}", "nobody")
        name = path.partition("{")[2].partition("}")[0]
        if not name or path.startswith(("/tiles", "/basemap", "/api/ogc", "/in/")):
            continue
        ids = dict(other.ids)
        if path.startswith(("/api/layers", "/api/exports/layers", "/api/reports", "/api/channels")):
            continue
        if path.startswith("/api/devices"):
            ids["name"] = [each.partition(":")[2] for each in other.ids["address"]]
        for method, operation in operations.items():
            for id in ids.get(name, [])[:1]:
                yield method.upper(), path, example(app, operation), id


async def told(
    client: httpx.AsyncClient, method: str, path: str, body: Any, id: str, query: dict[str, Any]
) -> tuple[int, str]:
    """Return status and words of an answer, without the id that the request named."""
    name = path.partition("{")[2].partition("}")[0]
    said = json.loads(json.dumps(body).replace("{id}", id))
    answer = await client.request(
        method, path.replace("{" + name + "}", id), params=query,
        json=said if said and method != "GET" else None,
    )  # fmt: skip
    return answer.status_code, answer.text.replace(id, "ID")


BODIES: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("unit", "commander", "/api/orders", {"kind": "text", "text": "hello", "unit": "{id}"}),
    ("unit", "commander", "/api/targets", {"what": "vessel", "name": "x", "unit": "{id}"}),
    ("patrol", "commander", "/api/targets", {"what": "vessel", "name": "x", "patrol": "{id}"}),
    ("photo", "commander", "/api/targets", {"what": "vessel", "name": "x", "photos": ["{id}"]}),
    ("target", "commander", "/api/hand-offs", {"target": "{id}"}),
    ("unit", "admin", "/api/assignments", {"address": "position_json:zqnobody", "unit": "{id}"}),
    ("alert", "commander", "/api/alerts/acknowledge", {"ids": ["{id}"]}),
    ("shift", "commander", "/api/roster/hand-overs", {"shift": "{id}", "relief": NO_ID}),
    ("entry", "planner", "/api/watch-log", {"text": "x", "corrects": "{id}"}),
    ("unit", "commander", "/api/devices/enrolments", {"device": "zqnobody", "unit": "{id}"}),
    ("patrol", "commander", "/api/incidents",
     {"category": "other", "when": "2026-01-01", "patrol": "{id}"}),
    ("incident", "commander", "/api/incidents",
     {"category": "other", "when": "2026-01-01", "same_as": "{id}"}),
    ("photo", "commander", "/api/incidents",
     {"category": "other", "when": "2026-01-01", "photos": ["{id}"]}),
)  # fmt: skip
"""What is named, by whom, where, how."""


TOLD: Final = {
    "/api/radios/{address}/why",  # that it is somebody's, as the refusal to assign it must say
    "/api/hand-offs/{hand_off}/accept",  # to whom it was offered: that it is over, and why
    "/api/hand-offs/{hand_off}/decline",
    "/api/hand-offs/{hand_off}/withdraw",
}
"""What is known to be told of something, on purpose."""


async def oracles(viewer: Side, other: Side) -> list[str]:
    """Return what is answered otherwise for a thing of the other's than for one that is none."""
    found: list[str] = []
    start = datetime.now(UTC) - timedelta(hours=2)
    query = {"start": start.isoformat(), "end": datetime.now(UTC).isoformat(), "version": "1"}
    app = (await viewer.officers["commander"].get("/api/openapi.json")).json()
    asked_ = [
        (role, method, path, body, id, query)
        for role in ("commander", "admin")
        for method, path, body, id in acts(app, other)
        if path not in TOLD
    ]
    asked_ += [(role, "POST", path, body, other.ids[kind][0], {})
               for kind, role, path, body in BODIES]  # fmt: skip
    waiting = iter(asked_)

    async def ask() -> None:
        for role, method, path, body, id, query in waiting:
            nothing = NO_ID * 2 if len(id) == 64 else NO_ID
            client = viewer.officers[role]
            real = await told(client, method, path, body, id, query)
            none = await told(client, method, path, body, nothing, query)
            if real != none:
                found.append(f"{role} {method} {path} {id}: {real} but {none}")

    await asyncio.gather(*(ask() for _ in range(8)))
    return found + await plans(viewer, other)


async def plans(viewer: Side, other: Side) -> list[str]:
    """Return what a plan that names the other's units and sectors tells of them."""
    found = []
    texts = (*other.ids["unit"][:3], *other.ids["sector"][:2])
    none = tuple(f"{NO_ID[:-1]}{n}" for n in range(len(texts)))
    for agencies in ([viewer.agency], [LAO, THAI]):
        for owner in (viewer.agency, other.agency):
            words = []
            for ids in (texts, none):
                text = await judged(
                    viewer, agencies=agencies, sectors=ids[3:],
                    members=[{"unit": id, "agency": owner} for id in ids[:3]],
                    rendezvous=[{"name": "meet", "lon": 100.41, "lat": 20.27, "units": ids[:3],
                                 "at": "2026-01-01T00:00:00Z"}],
                )  # fmt: skip
                for number, id in enumerate(ids):
                    text = text.replace(id, f"ID{number}")
                words.append(text)
            if words[0] != words[1]:
                found.append(f"a plan of {owner} in {agencies}: {words}")
            found += [f"a plan tells {mark}" for mark in other.seen_in(words[0].encode())]
    return found


#: One time for all plans: answers are compared to the letter.
PLAN_AT = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=8)


async def judged(viewer: Side, **plan: Any) -> str:
    """Draft a patrol, and return what is found wrong with it."""
    drafted = await viewer.officers["planner"].post(
        "/api/patrols",
        json={"name": "x", "starts_at": PLAN_AT.isoformat(),
              "ends_at": (PLAN_AT + timedelta(hours=1)).isoformat(), **plan},
    )  # fmt: skip
    assert drafted.status_code == 201, drafted.text
    path = f"/api/patrols/{drafted.json()['id']}"
    conflicts = await viewer.officers["planner"].get(f"{path}/conflicts")
    proposed = await viewer.officers["planner"].post(f"{path}/propose")
    await viewer.officers["planner"].post(f"{path}/cancel", json={})
    body = conflicts.json()
    for each in body:
        each.pop("place", None)
    return json.dumps(body) + proposed.text.replace(drafted.json()["id"], "")
