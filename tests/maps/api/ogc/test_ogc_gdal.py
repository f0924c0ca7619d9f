"""GDAL's OAPIF driver and owslib, as others write them, read a running server without complaint."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

import pytest
from owslib.ogcapi.features import Features
from owslib.util import Authentication

from tests.fixtures import needs
from tests.maps.api.ogc.test_ogc_api import Here, ogc  # noqa: F401 - a fixture
from tests.maps.servers.running import Running

READ = """
import json, sys
import geopandas as gpd
import pyogrio

url, name, token = sys.argv[1:4]
how = json.loads(sys.argv[4])
pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": f"{name}:{token}", "GDAL_HTTP_AUTH": "BASIC"})
found = {}
for layer, _ in pyogrio.list_layers(f"OAPIF:{url}/api/ogc"):
    if how.get("only") and layer not in how["only"]:
        continue
    box = tuple(how["bbox"]) if "bbox" in how else None
    frame = gpd.read_file(f"OAPIF:{url}/api/ogc", layer=layer, bbox=box, engine="pyogrio")
    found[layer] = {
        "count": len(frame),
        "crs": frame.crs.to_string() if frame.crs is not None else None,
        "kinds": sorted(set(frame.geom_type.dropna())),
        "bounds": frame.total_bounds.tolist(),
        "names": frame["call_sign"].tolist() if "call_sign" in frame.columns else [],
        "first": str(frame["time"].iloc[0]) if "time" in frame.columns else "",
    }
print(json.dumps(found))
"""


async def gdal(server: Running, token: str, **how: Any) -> dict[str, dict[str, Any]]:
    """Read the collections in a process of its own, since GDAL waits for the server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READ, server.url, "crew", token, json.dumps(how),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    data, complained = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0, complained.decode()
    found: dict[str, dict[str, Any]] = json.loads(data)
    return found


@pytest.mark.asyncio(loop_scope="module")
async def test_gdal_reads_every_collection(ogc: Here) -> None:  # noqa: F811
    server, client = ogc
    token = (await client.post("/api/session/reading-token", json={})).json()["token"]
    told = (await client.get("/api/ogc/collections")).json()["collections"]
    found = await gdal(server, token)
    assert set(found) == {each["id"] for each in told}
    for id, each in found.items():
        answer = await client.get(f"/api/ogc/collections/{id}/items", params={"limit": "1"})
        matched = answer.json()["numberMatched"]
        assert each["count"] == matched, id
        assert each["crs"] in ("EPSG:4326", "OGC:CRS84"), id
        west, south, east, north = each["bounds"]
        assert 85 < west <= east < 115, f"{id}: longitude first"
        assert 5 < south <= north < 30, id
    assert sorted(found["units"]["names"]) == ["Moored", "Naga 1", "เรือ 2"]
    assert found["fixes"]["kinds"] == ["Point"]
    assert found["tracks"]["kinds"] == ["MultiLineString"]
    assert found["fixes"]["first"].startswith("2026-11-23 22:00:00+00:00")


@pytest.mark.asyncio(loop_scope="module")
async def test_gdal_follows_pages_and_asks_by_box(
    ogc: Here,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, client = ogc
    monkeypatch.setattr("maps.api.ogc.collection_query.MOST_ITEMS", 9)  # whatever GDAL asks for
    token = (await client.post("/api/session/reading-token", json={})).json()["token"]
    paged = await gdal(server, token, only=["fixes", "blos", "tracks", "units"])
    assert {id: each["count"] for id, each in paged.items()} == {
        "units": 3,
        "tracks": 3,
        "fixes": 280,
        "blos": 70,
    }
    box = [100.39, 20.0, 100.5, 21.0]
    boxed = await gdal(server, token, bbox=box, only=["fixes", "blos", "tracks", "units"])
    assert boxed["fixes"]["count"] == 250
    assert boxed["units"]["names"] == ["Naga 1"]
    assert boxed["tracks"]["count"] == 2
    assert 0 < boxed["blos"]["count"] < 10


async def ogrinfo(server: Running, token: str, *words: str) -> str:
    """Run Debian's ogrinfo on the server and return all that it and GDAL say."""
    process = await asyncio.create_subprocess_exec(
        needs.program("ogrinfo", hint="gdal-bin"), *words[:-1], f"OAPIF:{server.url}/api/ogc",
        *words[-1].split(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"GDAL_HTTP_USERPWD": f"crew:{token}", "CPL_DEBUG": "ON"},
    )  # fmt: skip
    data, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0, data.decode()
    return data.decode()


@pytest.mark.asyncio(loop_scope="module")
async def test_ogrinfo_has_nothing_to_complain_of(ogc: Here) -> None:  # noqa: F811
    server, client = ogc
    token = (await client.post("/api/session/reading-token", json={})).json()["token"]
    text = await ogrinfo(server, token, "-al", "-so", "")
    assert re.findall(r"^(?:Warning|ERROR|FAILURE).*", text, re.MULTILINE) == []
    assert len(re.findall("Feature Count: ", text)) > 20
    assert "Unexpected" not in text


@pytest.mark.asyncio(loop_scope="module")
async def test_gdal_lets_the_server_filter(ogc: Here) -> None:  # noqa: F811
    server, client = ogc
    token = (await client.post("/api/session/reading-token", json={})).json()["token"]
    where = "call_sign LIKE 'Naga%' AND speed_mps > 2"
    text = await ogrinfo(server, token, "-al", "-so", "-where", where, "fixes")
    assert "Feature Count: 250" in text
    assert "will be evaluated on" not in text, "nothing is left for GDAL to leave out"
    assert re.search(r"Fetch\(.*/fixes/items\?.*filter=", text)
    assert "Extent: (100.400000, 20.250000) - (100.602900, 20.252490)" in text


@pytest.mark.asyncio(loop_scope="module")
async def test_owslib_finds_and_reads_what_there_is(ogc: Here) -> None:  # noqa: F811
    server, client = ogc
    token = (await client.post("/api/session/reading-token", json={})).json()["token"]

    def read() -> None:
        auth = Authentication(username="crew", password=token)
        service = Features(f"{server.url}/api/ogc/", auth=auth)
        assert "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text" in str(service.conformance())
        assert service.api()["openapi"] == "3.0.3"
        assert {"units", "tracks", "fixes", "blos"} <= set(service.feature_collections())
        assert service.collection("fixes")["extent"]["spatial"]["bbox"][0][0] == 100.4
        assert "river_km" in service.collection_queryables("fixes")["properties"]
        assert service.collection_items("fixes", limit=10)["numberMatched"] == 280
        boxed = service.collection_items("blos", bbox=[100.3, 20.1, 100.5, 20.4])
        assert "LA-HXI" in [each["id"] for each in boxed["features"]]
        found = service.collection_items("units", filter="call_sign = 'Naga 1'")
        (unit,) = found["features"]
        assert service.collection_item("units", unit["id"])["geometry"] == unit["geometry"]

    await asyncio.to_thread(read)
