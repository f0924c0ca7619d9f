"""GDAL's OAPIF driver, which QGIS's users know, reads every collection of a running server."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

from tests.maps.running import Running
from tests.maps.test_ogc_api import Here, ogc  # noqa: F401 - a fixture

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
    said, complained = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0, complained.decode()
    found: dict[str, dict[str, Any]] = json.loads(said)
    return found


async def test_gdal_reads_every_collection(ogc: Here) -> None:  # noqa: F811
    server, client = ogc
    token = (await client.post("/api/session/reading-token", json={})).json()["token"]
    told = (await client.get("/api/ogc/collections")).json()["collections"]
    found = await gdal(server, token)
    assert set(found) == {each["id"] for each in told}
    for id, each in found.items():
        answer = await client.get(f"/api/ogc/collections/{id}/items", params={"limit": "1"})
        matched = answer.json().get("numberMatched", 280)
        assert each["count"] == matched, id
        assert each["crs"] in ("EPSG:4326", "OGC:CRS84"), id
        west, south, east, north = each["bounds"]
        assert 85 < west <= east < 115, f"{id}: longitude first"
        assert 5 < south <= north < 30, id
    assert sorted(found["units"]["names"]) == ["Moored", "Naga 1", "เรือ 2"]
    assert found["fixes"]["kinds"] == ["Point"]
    assert found["tracks"]["kinds"] == ["MultiLineString"]
    assert found["fixes"]["first"].startswith("2026-11-23 22:00:00+00:00")


async def test_gdal_follows_pages_and_asks_by_box(
    ogc: Here,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, client = ogc
    monkeypatch.setattr("maps.api.ogc.asking.MOST_ITEMS", 9)  # whatever GDAL asks for
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
