"""OGC API – Features: what the standard asks of the answers, checked on a running server.

Each test names the abstract test of OGC 17-069r4, Annex A, that it stands for, where it does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from maps.api.ogc.documents import CONFORMANCE, QUERYABLES
from maps.api.ogc.reference_systems import CRS84, SYSTEMS
from patrol.sector_checks.drawing import SectorShape
from patrol.units.accounts import User
from tests.maps.servers.running import Running, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEGIN = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
"""Two hours before midnight, so that the tracks have two days."""


async def sail(server: Running, call_sign: str, device: str, count: int, *, lon: float) -> str:
    """Let a boat of that call sign report `count` times, a minute apart, and return its id."""
    key = await server.device(device)
    reports = [
        {
            "id": f"{device}-{number}",
            "lon": round(lon + number * 1e-4, 6),
            "lat": round(20.25 + number * 1e-5, 6),
            "time": (BEGIN + timedelta(minutes=number)).isoformat(),
            "speed_mps": 3.5,
            "accuracy_m": 5,
        }
        for number in range(count)
    ]
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        for first in range(0, count, 1000):
            answer = await boat.post("/api/positions", json=reports[first : first + 1000])
            assert len(answer.json()["stored"]) == len(reports[first : first + 1000])
    desk = server.office.desk_of(User(name="t", role="admin", agency="joint"))
    unit = await desk.registry.add_unit(call_sign=call_sign, kind="boat", country="LA")
    await desk.registry.assign(address=f"position_json:{device}", unit=unit.id)
    return unit.id


Here = tuple[Running, httpx.AsyncClient]


@asynccontextmanager
async def sailed(folder: Path) -> AsyncIterator[Here]:
    """A server with two boats that sailed, one that never did, a site's layer, and a client."""
    point = {"type": "Point", "coordinates": [100.4, 20.2]}
    pier = {"type": "Feature", "geometry": point, "properties": {"name": "ທ່າເຮືອ", "id": "a/b"}}
    piers = {"type": "FeatureCollection", "features": [pier]}
    (folder / "piers.geojson").write_text(json.dumps(piers), encoding="utf-8")
    layers = {"add": {"piers": "piers.geojson", "units": "piers.geojson"}}
    async with running(folder, layers=layers) as server:
        await sail(server, "Naga 1", "n1", 250, lon=100.40)
        await sail(server, "เรือ 2", "n2", 30, lon=100.60)
        desk = server.office.desk_of(User(name="t", role="admin", agency="joint"))
        await desk.registry.add_unit(call_sign="Moored", kind="boat")
        log = server.office.desk_of(User(name="t", role="crew", agency="joint")).incidents
        await log.log(category="timber", happened_at=BEGIN, precision="day", lon=100.5, lat=20.3)
        square = [[100.40, 20.28], [100.42, 20.28], [100.42, 20.30], [100.40, 20.28]]
        isles = SectorShape(polygon={"type": "Polygon", "coordinates": [square]})
        await desk.sectors.draw(name="Isles", shape=isles)
        async with server.signed_in("crew") as client:
            yield server, client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ogc(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    """One for all tests that only read."""
    async with sailed(tmp_path_factory.mktemp("ogc")) as here:
        yield here


@pytest_asyncio.fixture(loop_scope="module")
async def own_ogc(tmp_path: Path) -> AsyncIterator[Here]:
    """One for a test that adds to it."""
    async with sailed(tmp_path) as here:
        yield here


async def got(client: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def link(document: dict[str, Any], rel: str) -> str:
    (href,) = [each["href"] for each in document["links"] if each["rel"] == rel]
    return str(href)


async def test_everything_is_reached_from_the_landing_page(ogc: Here) -> None:
    """A.2.2 (landing page), A.2.3 (API definition), A.2.4 (conformance)."""
    server, client = ogc
    landing = await got(client, "/api/ogc")
    assert {each["rel"] for each in landing["links"]} == {
        "self",
        "service-desc",
        "conformance",
        "data",
        "related",
    }
    assert all(each["href"].startswith(server.url) and each["type"] for each in landing["links"])
    described = await client.get(link(landing, "service-desc"))
    assert described.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert described.headers["content-encoding"] == "gzip"
    assert int(described.headers["content-length"]) < 10_000
    assert described.json()["openapi"] == "3.0.3"
    tiles = await got(client, link(landing, "related"))
    assert tiles["tilejson"] == "3.0.0"
    body = await got(client, link(landing, "conformance"))
    assert body == {"conformsTo": list(CONFORMANCE)}


async def test_every_collection_is_described_and_leads_to_its_items(ogc: Here) -> None:
    """A.2.5 and A.2.6 (collections), A.2.7 (items)."""
    _, client = ogc
    body = await got(client, link(await got(client, "/api/ogc"), "data"))
    ids = [each["id"] for each in body["collections"]]
    assert len(ids) == len(set(ids))
    assert {
        "units", "tracks", "fixes", "sectors", "incidents", "blos", "crossings", "rivers",
        "borders", "mekong", "piers", "layer_units",
    } <= set(ids)  # fmt: skip
    for each in body["collections"]:
        assert each["itemType"] == "feature"
        assert each["crs"] == list(SYSTEMS)
        assert each["storageCrs"] == CRS84
        assert each["title"]
        assert each["description"]
        assert each == await got(client, link(each, "self"))
        answer = await client.get(link(each, "items"))
        assert answer.headers["content-type"] == "application/geo+json"
        items = answer.json()
        assert items["type"] == "FeatureCollection"
        assert items["numberReturned"] == len(items["features"]) > 0
        assert items["numberMatched"] >= items["numberReturned"]
        told_of = set((await got(client, link(each, QUERYABLES)))["properties"])
        assert told_of >= {name for one in items["features"] for name in one["properties"]}
        assert datetime.fromisoformat(items["timeStamp"]).tzinfo is not None
        assert link(items, "self")
        assert all(isinstance(one["id"], str) for one in items["features"])
        first = items["features"][0]
        answer = await client.get(f"{link(each, 'items')}/{first['id']}")
        assert answer.headers["content-type"] == "application/geo+json"
        one = answer.json()
        assert one["geometry"] == first["geometry"]
        assert one["properties"] == first["properties"]
        assert {each["rel"] for each in one["links"]} == {"self", "collection"}


async def pages(client: httpx.AsyncClient, path: str, **query: str) -> list[list[dict[str, Any]]]:
    """Follow the links to the next page to the end."""
    found = []
    page = await got(client, path, **query)
    while True:
        found.append(page["features"])
        more = [each["href"] for each in page["links"] if each["rel"] == "next"]
        if not more:
            return found
        page = await got(client, more[0])
        assert len(found) < 100


COUNTS = (
    ("units", 2, 3), ("units", 3, 3), ("fixes", 64, 280), ("fixes", 250, 280),
    ("fixes", 280, 280), ("tracks", 1, 3), ("tracks", 3, 3), ("blos", 7, 70), ("blos", 70, 70),
)  # fmt: skip


async def test_pages_hold_each_feature_once(ogc: Here) -> None:
    """A.2.7 (limit), and the links to the next page (Requirement 28)."""
    _, client = ogc
    for collection, limit, count in COUNTS:
        path = f"/api/ogc/collections/{collection}/items"
        found = await pages(client, path, limit=str(limit))
        ids = [each["id"] for page in found for each in page]
        assert len(ids) == len(set(ids)) == count
        assert len(found) == -(-count // limit), "no empty page at the end"
        assert all(len(page) == limit for page in found[:-1])
        whole = [each["id"] for page in await pages(client, path, limit="10000") for each in page]
        assert ids == whole


async def test_a_box_keeps_what_it_meets(ogc: Here) -> None:
    """A.2.7 (bbox): geometry that intersects, no feature without geometry."""
    _, client = ogc
    here = {"bbox": "100.39,20,100.5,21"}

    async def names(collection: str, **query: str) -> list[str]:
        found = await pages(client, f"/api/ogc/collections/{collection}/items", **query)
        return [each["properties"].get("call_sign", each["id"]) for page in found for each in page]

    assert await names("units", **here) == ["Naga 1"]
    assert await names("tracks", **here) == ["Naga 1", "Naga 1"]
    assert set(await names("fixes", **here)) == {"Naga 1"}
    assert len(await names("fixes", bbox="100.4001,20,100.4005,21")) == 5
    assert await names("fixes", bbox="0,0,1,1") == []
    assert await names("tracks", bbox="0,0,1,1") == []
    # Between two fixes of a boat there is none, but its track passes.
    between = "100.40012,20.2,100.40018,20.3"
    assert await names("fixes", bbox=between) == []
    assert await names("tracks", bbox=between) == ["Naga 1"]
    offices = await names("blos", bbox="100.3,20.1,100.5,20.4")
    assert "LA-HXI" in offices
    assert len(offices) < 10
    assert await names("blos", bbox="100.3,20.1,0,100.5,20.4,9000") == offices
    assert await names("blos", bbox="170,20.1,-170,20.4") == []
    assert "LA-HXI" in await names("blos", bbox="100.3,20.1,-170,20.4")
    assert await names("piers", **here) == ["a/b"]


async def test_a_time_keeps_what_it_meets(ogc: Here) -> None:
    """A.2.7 (datetime): instants, closed and open intervals."""
    _, client = ogc

    async def count(collection: str, datetime: str) -> int:
        path = f"/api/ogc/collections/{collection}/items"
        found = await pages(client, path, datetime=datetime, limit="10000")
        return sum(len(page) for page in found)

    ten = (BEGIN + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    twelve = (BEGIN + timedelta(minutes=12)).isoformat()
    assert await count("fixes", ten) == 2
    assert await count("fixes", f"{ten}/{twelve}") == 6
    assert await count("fixes", f"../{ten}") == 22
    assert await count("fixes", f"/{ten}") == 22
    assert await count("fixes", f"{ten}/..") == 280 - 20
    assert await count("fixes", "2026-11-24T00:00:00+00:00/2026-11-24T00:00:59Z") == 1
    assert await count("tracks", "2026-11-24T00:00:00Z/..") == 1
    assert await count("tracks", "2026-11-23T23:00:00+07:00/2026-11-24T06:00:00+07:00") == 2
    assert await count("units", "2026-11-24T02:00:00Z/..") == 1
    assert await count("units", "2027-01-01T00:00:00Z/..") == 0
    assert await count("blos", "1900-01-01T00:00:00Z") == 70, "it has no times"


BAD = (
    ("unknown=1", "unknown"), ("bbox-crs=x", "bbox-crs"), ("crs=EPSG:4326", "crs"),
    ("filter-lang=cql2-json", "filter-lang"), ("filter-crs=x", "filter-crs"),
    ("filter=a%20%3D", "filter"), ("filter=nothing%20%3D%201", "filter"), ("bbox=1,2,3", "bbox"),
    ("bbox=a,b,c,d", "bbox"), ("bbox=100,21,101,20", "bbox"), ("bbox=nan,1,2,3", "bbox"),
    ("bbox=200,1,201,3", "bbox"), ("bbox=1,2,3,4,5", "bbox"), ("bbox=", "bbox"),
    ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=x", "limit"), ("limit=1.5", "limit"),
    ("limit=", "limit"), ("limit=١", "limit"), ("datetime=yesterday", "datetime"),
    ("datetime=2026-11-24", "datetime"), ("datetime=2026-11-24T00:00:00", "datetime"),
    ("datetime=2026-11-25T00:00:00Z/2026-11-24T00:00:00Z", "datetime"),
    ("datetime=0001-01-01T00:00:00%2B14:00", "datetime"), ("f=html", "f"),
)  # fmt: skip


async def test_a_bad_parameter_is_answered_400_and_named(ogc: Here) -> None:
    """A.2.7 (Requirements 15, 16): an unknown parameter, a bad value."""
    _, client = ogc
    for query, field in BAD:
        for collection in ("units", "fixes", "tracks", "blos"):
            answer = await client.get(f"/api/ogc/collections/{collection}/items?{query}")
            assert answer.status_code == 400, answer.text
            assert answer.json()["field"] == field
    for path in ("", "/conformance", "/collections", "/collections/units", "/api"):
        assert (await client.get(f"/api/ogc{path}?unknown=1")).status_code == 400


async def test_a_cursor_of_somebody_else_harms_nobody(ogc: Here) -> None:
    _, client = ogc
    for collection in ("units", "fixes", "tracks", "blos"):
        for cursor in ("x", "~~", "x~1~zz", "x~y~00", "-5", "9" * 40, ""):
            answer = await client.get(
                f"/api/ogc/collections/{collection}/items", params={"cursor": cursor}
            )
            assert answer.status_code in (200, 400), answer.text


async def test_very_many_are_as_many_as_there_may_be(ogc: Here) -> None:
    _, client = ogc
    found = await got(client, "/api/ogc/collections/blos/items", limit="9" * 50)
    assert len(found["features"]) == 70


async def test_what_is_not_there_is_404(ogc: Here) -> None:
    _, client = ogc
    for path in (
        "atlantis", "atlantis/items", "units/items/x", "tracks/items/x",
        "tracks/items/x~2026-11-24", "fixes/items/x", "fixes/items/x~zz", "fixes/items/x~00",
        "blos/items/x",
    ):  # fmt: skip
        answer = await client.get(f"/api/ogc/collections/{path}")
        assert answer.status_code == 404, path


async def test_an_extent_is_that_of_what_there_is(ogc: Here) -> None:
    _, client = ogc
    body = await got(client, "/api/ogc/collections")
    extents = {each["id"]: each["extent"] for each in body["collections"]}
    boat = [100.40, 20.25, 100.6029, 20.25249]
    for id in ("fixes", "tracks"):
        assert extents[id]["spatial"]["bbox"] == [boat]
        assert extents[id]["temporal"]["interval"] == [
            ["2026-11-23T22:00:00Z", "2026-11-24T02:09:00Z"]
        ]
    assert extents["units"]["spatial"]["bbox"] == [[100.4249, 20.25029, 100.6029, 20.25249]]
    assert extents["units"]["temporal"]["interval"] == [
        ["2026-11-23T22:29:00Z", "2026-11-24T02:09:00Z"]
    ]
    assert extents["sectors"]["spatial"]["bbox"] == [[100.40, 20.28, 100.42, 20.30]]
    assert extents["incidents"]["spatial"]["bbox"] == [[100.5, 20.3, 100.5, 20.3]]
    assert extents["piers"] == {"spatial": {"bbox": [[100.4, 20.2, 100.4, 20.2]], "crs": CRS84}}


async def test_the_extent_of_tracks_leaves_out_what_cannot_be_true(own_ogc: Here) -> None:
    server, client = own_ogc
    was = (await got(client, "/api/ogc/collections/tracks"))["extent"]
    key = await server.device("n3")
    desk = server.office.desk_of(User(name="t", role="admin", agency="joint"))
    unit = await desk.registry.add_unit(call_sign="Naga 3", kind="boat", country="LA")
    # Moored for two days among the others, and thrown off once to each side of all of them.
    off = {30: (0.12, 0.0), 60: (-0.12, 0.0), 1470: (0.0, 0.04), 1500: (0.0, -0.04)}
    reports = [
        {
            "id": f"n3-{n}",
            "lon": 100.5 + off.get(n, (0.0, 0.0))[0],
            "lat": 20.251 + off.get(n, (0.0, 0.0))[1],
            "time": (BEGIN + timedelta(minutes=n)).isoformat(),
        }
        for n in (*range(0, 120, 5), *range(1440, 1560, 5))
    ]
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        assert len((await boat.post("/api/positions", json=reports)).json()["stored"]) == 48
    await desk.registry.assign(address="position_json:n3", unit=unit.id)
    now = (await got(client, "/api/ogc/collections/tracks"))["extent"]
    fixes = (await got(client, "/api/ogc/collections/fixes"))["extent"]
    assert fixes["spatial"]["bbox"][0][:2] == pytest.approx([100.38, 20.211]), "each is told there"
    assert now["spatial"] == was["spatial"]
    assert now["temporal"]["interval"][0][1] == (
        BEGIN + timedelta(minutes=1555)
    ).isoformat().replace("+00:00", "Z")


async def test_more_positions_than_are_looked_at_have_no_extent_rather_than_a_false_one(
    ogc: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, client = ogc
    monkeypatch.setattr("patrol.desks.visibility.history.MOST_IN_EXTENT", 279)
    assert (await got(client, "/api/ogc/collections/fixes"))["extent"] == {}
    assert "numberMatched" not in await got(client, "/api/ogc/collections/fixes/items")
    monkeypatch.setattr("patrol.desks.visibility.history.MOST_IN_EXTENT", 280)
    assert (await got(client, "/api/ogc/collections/fixes"))["extent"] != {}
    assert (await got(client, "/api/ogc/collections/fixes/items"))["numberMatched"] == 280


async def test_head_and_a_slash_at_the_end_are_answered(ogc: Here) -> None:
    _, client = ogc
    for path in ("", "/collections", "/collections/units/items", "/conformance", "/api"):
        plain = await client.get(f"/api/ogc{path}")
        slashed = await client.get(f"/api/ogc{path}/")
        assert (slashed.status_code, slashed.json().keys()) == (200, plain.json().keys())
        headed = await client.head(f"/api/ogc{path}/")
        assert (headed.status_code, headed.content) == (200, b"")
        assert headed.headers["content-type"] == plain.headers["content-type"]
    assert (await client.head("/api/ogc/collections/atlantis")).status_code == 404
    assert (await client.head("/api/units")).status_code == 405


async def test_a_user_not_signed_in_is_shown_how(ogc: Here) -> None:
    server, _ = ogc
    async with server.stranger() as stranger:
        refused = await stranger.get("/api/ogc/collections")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
        page = await stranger.get("/api/units")
        assert "www-authenticate" not in page.headers, "a browser would ask in a window of its own"


FILTERS = (
    ("units", "call_sign = 'Naga 1'", 1), ("units", "call_sign LIKE 'Na%' AND kind = 'boat'", 1),
    ("units", "CASEI(call_sign) LIKE CASEI('NAGA%')", 1), ("units", "call_sign ILIKE 'naga _'", 1),
    ("units", "river_km IS NULL", 2), ("units", "NOT (call_sign IN ('Naga 1', 'Moored'))", 1),
    ("units", "S_INTERSECTS(geometry, BBOX(100.39,20,100.5,21))", 1),
    ("units", "time > TIMESTAMP('2026-11-24T00:00:00Z')", 1), ("units", "speed_mps <> 3.5", 0),
    ("fixes", "call_sign = 'Naga 1'", 250), ("fixes", "time >= '2026-11-24T00:00:00Z'", 130),
    ("fixes", "S_WITHIN(geometry, POLYGON((100.6 20,100.7 20,100.7 21,100.6 21,100.6 20)))", 29),
    ("fixes", "speed_mps BETWEEN 3 AND 4 AND call_sign LIKE '%2'", 30), ("fixes", "bank = 'x'", 0),
    ("tracks", "date = '2026-11-24'", 1), ("tracks", "positions < 100 OR positions > 129", 2),
    ("sectors", "name = 'Isles'", 1), ("sectors", "version > 1", 0),
    ("incidents", "category = 'timber' AND time < TIMESTAMP('2026-12-01T00:00:00Z')", 1),
    ("blos", "country = 'LA' AND id LIKE 'LA-H%'", 1), ("piers", "name = 'ທ່າເຮືອ'", 1),
)  # fmt: skip


async def test_a_filter_keeps_what_fulfils_it_on_every_page(ogc: Here) -> None:
    _, client = ogc
    for limit, (collection, text, count) in product(("10000", "27"), FILTERS):
        path = f"/api/ogc/collections/{collection}/items"
        found = await pages(client, path, filter=text, limit=limit)
        ids = [each["id"] for page in found for each in page]
        assert len(ids) == len(set(ids)) == count, text
        assert all(len(page) <= int(limit) for page in found)


async def test_a_property_is_a_parameter_too(ogc: Here) -> None:
    _, client = ogc
    path = "/api/ogc/collections/fixes/items"
    found = await got(client, path, call_sign="Naga 1", speed_mps="3.5", limit="9")
    assert {each["properties"]["call_sign"] for each in found["features"]} == {"Naga 1"}
    refused = await client.get(path, params={"speed_mps": "fast"})
    assert (refused.status_code, refused.json()["field"]) == (400, "speed_mps")


async def test_places_come_in_the_system_that_is_asked_for(ogc: Here) -> None:
    """OGC 18-058r1, 6.4 (crs), 6.5 (bbox-crs), 6.6 (Content-Crs)."""
    _, client = ogc
    path = "/api/ogc/collections/piers/items"
    plain = await client.get(path)
    assert plain.headers["content-crs"] == f"<{CRS84}>"
    epsg = "http://www.opengis.net/def/crs/EPSG/0/"
    for code, place in (("4326", [20.2, 100.4]), ("3857", [11176476.9, 2296738.8]),
                        ("32647", [646272.6, 2234230.7])):  # fmt: skip
        answer = await client.get(path, params={"crs": epsg + code})
        assert answer.headers["content-crs"] == f"<{epsg}{code}>"
        (feature,) = answer.json()["features"]
        assert feature["geometry"]["coordinates"] == pytest.approx(place, abs=0.1)
        assert feature["properties"] == plain.json()["features"][0]["properties"]
        x, y = place
        box = ",".join(str(each) for each in (x - 0.1, y - 0.1, x + 0.1, y + 0.1))
        boxed = await got(client, path, bbox=box, **{"bbox-crs": epsg + code})
        assert boxed["numberMatched"] == 1
        shape = f"S_INTERSECTS(geometry, BBOX({box}))"
        held = await got(client, path, filter=shape, **{"filter-crs": epsg + code})
        assert held["numberMatched"] == 1
        one = await client.get(f"{path}/a/b", params={"crs": epsg + code})
        assert one.json()["geometry"] == feature["geometry"]


async def test_links_name_the_host_that_was_asked(ogc: Here) -> None:
    server, _ = ogc
    port = urlsplit(server.url).port
    async with server.signed_in() as client:
        answer = await client.get("/api/ogc", headers={"host": f"localhost:{port}"})
        assert link(answer.json(), "data").startswith(f"http://localhost:{port}/")


async def test_another_agency_sees_its_own(tmp_path: Path) -> None:
    agencies = [{"id": "joint", "name": "Joint patrol"}, {"id": "other", "name": "Other"}]
    async with running(tmp_path, agencies=agencies) as server:
        unit = await sail(server, "Naga 1", "n1", 5, lon=100.4)
        user = await server.office.people.add_user("spy", "commander", "other", None)
        token = await server.office.people.link_for(user, minutes=5)
        async with server.stranger(origin=server.url) as client:
            await client.post("/api/session/link", json={"token": token})
            for collection in ("units", "tracks", "fixes"):
                found = await got(client, f"/api/ogc/collections/{collection}/items")
                assert found["features"] == []
            for path in (f"units/items/{unit}", f"tracks/items/{unit}~2026-11-23"):
                assert (await client.get(f"/api/ogc/collections/{path}")).status_code == 404
            found = await got(client, "/api/ogc/collections/fixes/items", cursor=unit)
            assert found["features"] == []
