"""Every route × role × two agencies × devices, from one table, against a real server.

The walk is made from the routers themselves: a route that the table does not know fails it. Bodies
are the examples of the OpenAPI document, so that what is refused is the caller and not a field.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from maps.accounts.credentials.scopes import PHONE, TRACKER, scope_of
from maps.app.app import ROUTERS
from patrol.units.permissions import ACTS, may
from patrol.units.units import ROLES
from tests.fixtures.databases import reading
from tests.maps.accounts.test_access_phones import as_user
from tests.maps.permissions.who_may import ANYONE, DEVICES_ONLY, PUBLIC, WHO_MAY
from tests.maps.servers.running import Running, running

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

_NOW = datetime.now(UTC)  # of radios that are all days off an alert tells

HERE, THERE = "la-hx", "th-ck"
AGENCIES = [
    {"id": HERE, "name": "Houay Xai", "country": "LA", "blos": ["LA-HXI"]},
    {"id": THERE, "name": "Chiang Khong", "country": "TH"},
]
SECRET = "NAGA-OF-HERE"  # stands in what the one agency has, and nowhere else
MARKED = ("call_sign", "note", "text", "title", "description")
OWN = {"{kind}": "incident", "{z}": "1", "{x}": "1", "{y}": "1", "{of}": "marks"}
DESCRIBES = ("/api/ogc/api",)  # the same for everybody, with made-up names as examples
QUERIES = {
    "/api/orders/routes": {"unit": "nothing"},  # one of several that must be there
    "/api/watch-log/export": {"until": (_NOW + timedelta(days=1)).isoformat()},
}
RAW = {"/api/imports": b"{}", "/api/photos": b"no photo"}


def routes() -> list[tuple[str, str]]:
    """Return every method and path; the live stream as a GET."""
    found = []
    for router in ROUTERS:
        for route in router.routes:
            path = str(getattr(route, "path", "")).replace(":path}", "}")
            methods = route.methods if isinstance(route, APIRoute) else {"GET"}
            found += [(method, path) for method in sorted(methods or ())]
    return found


def filled(path: str, ids: dict[str, str] | None = None) -> str:
    """Return a path with its parameters filled in: with what is known, else with nothing's id."""
    for name in re.findall(r"{[^}]+}", path):
        path = path.replace(name, OWN.get(name) or (ids or {}).get(name) or "nothing")
    return path


def _made_up(schema: dict[str, Any]) -> object:
    if schema.get("type") in ("integer", "number"):
        return 1
    return _NOW.isoformat() if schema.get("format") == "date-time" else "x"


class Walk:
    """Calls every route with the body its description gives as an example."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec

    async def call(
        self, client: httpx.AsyncClient, method: str, path: str, ids: dict[str, str] | None = None
    ) -> httpx.Response:
        """Call one route."""
        address = filled(path, ids)
        if path in RAW:
            return await client.request(method, address, content=RAW[path])
        return await client.request(
            method, address, json=self.body(method, path), params=self._query(method, path)
        )

    def _said(self, method: str, path: str) -> dict[str, Any]:
        """Return what the description says of a route."""
        found: dict[str, Any] = next(
            item
            for known, item in self._spec["paths"].items()
            if known.replace(":path}", "}") == path
        )
        body: dict[str, Any] = found[method.lower()]
        return body

    def _query(self, method: str, path: str) -> dict[str, Any]:
        """Return what a route's query must have."""
        asked = {
            each["name"]: _made_up(each["schema"])
            for each in self._said(method, path).get("parameters", ())
            if each["in"] == "query" and each.get("required")
        }
        return asked | QUERIES.get(path, {})

    def body(self, method: str, path: str) -> Any:
        """Return the example of a route's body; None for a route without."""
        body = self._said(method, path)
        content = body.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        if "example" in content:
            return content["example"]
        if "examples" in content:
            return next(iter(content["examples"].values()))["value"]
        schema = content["schema"]
        for each in (schema, *schema.get("anyOf", [])):
            if "$ref" in each:
                return self._spec["components"]["schemas"][each["$ref"].split("/")[-1]]["examples"][
                    0
                ]
        return {}


class Person:
    """A user who signs in again when an act has ended the session."""

    def __init__(self, server: Running, walk: Walk, client: httpx.AsyncClient, name: str) -> None:
        self._server, self._walk, self.client, self._name = server, walk, client, name

    async def call(
        self, method: str, path: str, ids: dict[str, str] | None = None
    ) -> httpx.Response:
        """Call one route."""
        for last in (False, True):
            answer = await self._walk.call(self.client, method, path, ids)
            if answer.status_code != 401 or answer.json()["error"] != "not_signed_in" or last:
                break
            people = self._server.office.people
            found = await people.user(self._name)
            assert found is not None
            token = await people.link_for(found[0], minutes=5)
            await self.client.post("/api/session/link", json={"token": token})
        return answer


@asynccontextmanager
async def person(server: Running, walk: Walk, name: str) -> AsyncIterator[Person]:
    """Yield a user, signed in."""
    async with as_user(server, name) as client:
        yield Person(server, walk, client, name)


@asynccontextmanager
async def two_agencies(folder: Path, **tables: Any) -> AsyncIterator[tuple[Running, Walk]]:
    """Yield a server with a user for each role of both agencies, named `agency-role`."""
    async with running(folder, roles=(), agencies=AGENCIES, **tables) as server:
        for agency in (HERE, THERE):
            for role in ROLES:
                await server.office.people.add_user(f"{agency}-{role}", role, agency, None)
        async with as_user(server, f"{HERE}-admin") as admin:
            spec = (await admin.get("/api/openapi.json")).json()
        yield server, Walk(spec)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agencies(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Running, Walk]]:
    """Both agencies with nothing in them yet, for every caller of the one."""
    async with two_agencies(tmp_path_factory.mktemp("agencies")) as both:
        yield both


async def test_the_table_knows_every_route_and_no_other() -> None:
    there = set(routes())
    assert there - set(WHO_MAY) - set(DEVICES_ONLY) == set(), "routes that no line names"
    assert set(WHO_MAY) - there == set(), "lines without a route"
    assert {act for act in WHO_MAY.values() if act not in (PUBLIC, ANYONE)} <= set(ACTS)


async def test_without_a_session_or_with_a_made_up_one_nothing_is_open(
    agencies: tuple[Running, Walk],
) -> None:
    server, walk = agencies
    for headers in ({}, {"cookie": "jp_session=guess"}):
        async with server.stranger(**headers) as stranger:
            for (method, path), act in (WHO_MAY | DEVICES_ONLY).items():
                if act == PUBLIC or path == "/api/live":
                    continue
                answer = await walk.call(stranger, method, path)
                assert answer.status_code == 401, f"{method} {path}: {answer.text[:200]}"


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_what_the_table_says(agencies: tuple[Running, Walk], role: str) -> None:
    faults = []
    server, walk = agencies
    async with person(server, walk, f"{HERE}-{role}") as caller:
        for (method, path), act in WHO_MAY.items():
            if act == PUBLIC or path == "/api/live":
                continue
            answer = await caller.call(method, path)
            told = answer.status_code
            if act == ANYONE or may(role, act):
                # A wrong code is refused with 401 too, and in words of its own.
                good = told != 403 and (told != 401 or answer.json()["error"] == "sign_in_refused")
            else:
                good = told == 403
            if not good or (told >= 500 and told != 503):
                faults.append(f"{method} {path} ({act}): {told} {answer.text[:160]}")
        for method, path in DEVICES_ONLY:
            assert (await caller.call(method, path)).status_code == 403
        await caller.call("GET", "/api/session")
        async with server.live(caller.client) as live:
            assert (await live.frame())["type"] == "snapshot"
    assert faults == []


async def test_devices_may_what_their_scopes_and_the_crew_may(
    agencies: tuple[Running, Walk],
) -> None:
    faults = []
    server, walk = agencies
    async with AsyncExitStack() as stack:
        tracker = await server.office.people.add_device("tracker", HERE)
        admin = await stack.enter_async_context(as_user(server, f"{HERE}-admin"))
        code = (await admin.post("/api/devices/enrolments", json={"device": "phone"})).json()
        async with server.stranger() as taken:
            phone = (await taken.post("/api/enrolment", json={"code": code["code"]})).json()["key"]
        for name, key, scopes in (("tracker", tracker, TRACKER), ("phone", phone, PHONE)):
            client = await stack.enter_async_context(server.stranger(authorization=f"Bearer {key}"))
            for (method, path), act in (WHO_MAY | DEVICES_ONLY).items():
                if act == PUBLIC or path == "/api/live":
                    continue
                answer = await walk.call(client, method, path)
                allowed = scope_of(method, path) in scopes and (act == ANYONE or may("crew", act))
                told = answer.status_code
                if allowed is (told in (401, 403)) or told == 401:
                    faults.append(f"{name}: {method} {path} ({act}): {told} {answer.text[:160]}")
    assert faults == []


# -- the other agency


async def made_things(server: Running, walk: Walk, agency: str) -> dict[str, str]:
    """Make one of everything that a POST makes, by whoever of the agency may; return the ids."""
    ids: dict[str, str] = {}
    for (method, path), act in WHO_MAY.items():
        if method != "POST" or "{" in path or act in (PUBLIC, ANYONE) or path in RAW:
            continue
        names = {
            found[1]
            for _, other in WHO_MAY
            if (found := re.match(re.escape(path) + r"/({[^}]+})", other))
        }
        if len(names) != 1:
            continue
        role = next(role for role in ROLES if may(role, act))
        async with as_user(server, f"{agency}-{role}") as client:
            body = marked(walk.body(method, path), ids)
            answer = await client.post(path, json=body)

            if answer.status_code == 201:
                ids[names.pop()] = id_in(answer.json())
    return ids


def id_in(body: dict[str, Any]) -> str:
    """Return the id, else the name, of what was made; it may stand one level down."""
    for each in (body, *(inner for inner in body.values() if isinstance(inner, dict))):
        if "id" in each:
            return str(each["id"])
    return str(body["name"])


def marked(body: Any, ids: dict[str, str]) -> Any:
    """Return an example with our mark in its names, and with ids that are there."""
    if isinstance(body, list):
        return [marked(each, ids) for each in body]
    if not isinstance(body, dict):
        return body
    made = {}
    for name, value in body.items():
        if isinstance(value, str) and name in MARKED:
            made[name] = f"{SECRET} {value}"[:40]
        elif isinstance(value, str) and re.fullmatch("[0-9a-f]{32}", value):
            made[name] = ids.get(f"{{{name}}}", value)
        else:
            made[name] = marked(value, ids)
    return made


def kept(folder: Path) -> Iterator[str]:
    """Yield what the store holds of the one agency."""
    with reading(folder / "joint-patrol.db") as file:
        for table in ("units", "assignments", "users", "devices", "messages"):
            for row in file.execute(f"SELECT * FROM {table} WHERE agency = ?", (HERE,)):
                yield f"{table} {tuple(row)}"
        # The node's own card is made when somebody first looks at it.
        query = "SELECT * FROM papers WHERE agency = ? AND kind != 'own_card'"
        for row in file.execute(query, (HERE,)):
            yield f"paper {tuple(row)}"


@dataclass(frozen=True)
class Made:
    """A server on which the one agency has something of everything.

    Attributes:
        ids: Of what it has, by the name of a route's parameter.
    """

    folder: Path
    server: Running
    walk: Walk
    ids: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    """One for every caller of the other agency: each is to leave it as it was."""
    folder = tmp_path_factory.mktemp("made")
    async with two_agencies(folder) as (server, walk):
        ids = await made_things(server, walk, HERE)
        assert {"{unit}", "{sector}", "{patrol}", "{target}", "{incident}"} <= set(ids), ids
        yield Made(folder, server, walk, ids | {"{name}": f"{HERE}-crew"})


@pytest.mark.parametrize("role", ROLES)
async def test_another_agency_sees_and_changes_nothing_without_an_agreement(
    made: Made, role: str
) -> None:
    faults = []
    server, walk, ids = made.server, made.walk, made.ids
    async with person(server, walk, f"{THERE}-{role}") as caller:
        # Drafted between the two of them: the other is a party to it.
        shared = {"{agreement}"}
        before = sorted(kept(made.folder))
        assert any(SECRET in line for line in before)
        for (method, path), act in WHO_MAY.items():
            if act == PUBLIC or path == "/api/live":
                continue
            answer = await caller.call(method, path, ids)
            theirs = set(re.findall(r"{[^}]+}", path)) & set(ids) - shared
            good = answer.status_code < 300 and path not in DESCRIBES
            told = good and any(ids[each] in answer.text for each in set(ids) - shared)
            if (theirs and good) or told or SECRET in answer.text:
                faults.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        await caller.call("GET", "/api/session")
        async with server.live(caller.client) as live:
            frame = str(await live.frame())
        if SECRET in frame or any(ids[each] in frame for each in set(ids) - shared):
            faults.append("the live stream tells")
        assert [line for line in kept(made.folder) if line not in before] == []
        assert len(list(kept(made.folder))) == len(before)
    assert faults == []
