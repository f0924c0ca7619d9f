"""Imports over HTTP: what is in a file, what is wrong with it, and what it may not do."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, get_args

import httpx
import pytest

from gis.files.formats import FORMATS
from gis.layers.text_encoding import ENCODINGS
from maps.api.map.imports import Encoding
from maps.files import import_preview
from tests.gis.files.samples import BOW_TIE, LONELY, NAME, PIER, features, material
from tests.maps.servers.running import Running


async def look(client: httpx.AsyncClient, name: str, content: bytes) -> httpx.Response:
    return await client.post("/api/imports", params={"name": name}, content=content)


@pytest.mark.parametrize("name", ["gpx", "kml", "gpkg", "geojson"])
async def test_a_good_file_is_shown(server: Running, name: str) -> None:
    async with server.signed_in("crew") as client:
        answer = await look(client, f"ตรวจ{FORMATS[name].ending}", FORMATS[name].write(material()))
        assert answer.status_code == 200, answer.text
        bodies: list[dict[str, Any]] = answer.json()["layers"]
        names = [
            each["properties"].get("name")
            for layer in bodies
            for each in layer["collection"]["features"]
        ]
        assert NAME in names
        assert "เชียงของ" in names
        assert all(layer["faults"] == [] for layer in bodies)
        assert all(100 < layer["bounds"][0] < 101 for layer in bodies)
        if name == "geojson":
            assert bodies[0]["name"] == "ตรวจ"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.gpx", b"<gpx>\n<wpt", "a.gpx: is no whole XML: unclosed token: line 2"),
        ("a.kml", b"<!DOCTYPE kml []><kml/>", "a.kml: has a DTD"),
        ("a.geojson", b'{"a":\n1,}', "a.geojson: is no whole JSON: "),
        ("a.gpkg", b"SQLite format 3\0", "a.gpkg: is no GeoPackage"),
        ("a.zip", b"PK", "a.zip: is a damaged or unknown zip"),
        ("a.shp", b"x", "a.shp: is one part of a Shapefile; put all its parts into a zip"),
        ("a.vrt", b"<OGRVRTDataSource/>", "a.vrt: has none of the endings"),
        ("/vsicurl/http://127.0.0.1/a", b"x", "has none of the endings"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[]}', "a.geojson, layer a: has no"),
    ],
)
async def test_a_bad_file_is_refused_by_name_and_fault(
    server: Running, name: str, content: bytes, fault: str
) -> None:
    async with server.signed_in() as client:
        answer = await look(client, name, content)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_file"), answer.text
        assert fault in answer.json()["message"]
        assert "/tmp" not in answer.text


async def test_a_file_may_be_larger_than_other_bodies_and_not_endless(server: Running) -> None:
    gpx = FORMATS["gpx"].write(material())
    async with server.signed_in() as client:
        point = b'<wpt lat="20.2" lon="100.4"><name>' + b"x" * 100 + b"</name></wpt>"
        large = gpx.replace(b"<trk>", point * 9000 + b"<trk>", 1)
        assert len(large) > server.office.settings.web.longest_body
        assert (await look(client, "a.gpx", large)).status_code == 200
        huge = b" " * (import_preview.LONGEST_FILE + 1)
        answer = await look(client, "a.gpx", huge)
        assert (answer.status_code, answer.json()["error"]) == (413, "body_too_long")
        other = await client.post("/api/units", content=b" " * 2_000_000)
        assert other.status_code == 413
        assert (await look(client, "a.gpx", b"")).status_code == 400


async def test_faults_come_with_the_mended_feature_and_the_rest_is_shown(server: Running) -> None:
    async with server.signed_in() as client:
        answer = await look(client, "a.geojson", features(LONELY, BOW_TIE, PIER))
        assert answer.status_code == 200, answer.text
        (layer,) = answer.json()["layers"]
        assert [each["properties"]["name"] for each in layer["collection"]["features"]] == ["2"]
        lonely, tie = layer["faults"]
        assert lonely == {"feature": 0, "fault": "has a line of a single point"}
        assert tie["repair"]["geometry"]["type"] == "MultiPolygon"
        assert tie["repair"]["properties"] == {"name": "1"}


async def test_an_encoding_is_asked_for_with_how_each_reads(server: Running) -> None:
    content = "name,lon,lat\nท่าเรือ,100.4,20.2\n".encode("cp874")
    async with server.signed_in() as client:
        answer = await look(client, "a.csv", content)
        assert (answer.status_code, answer.json()["code"]) == (422, "encoding_needed")
        assert "ท่าเรือ" in answer.json()["values"]["cp874"]
        query = {"name": "a.csv", "encoding": "cp874"}
        answer = await client.post("/api/imports", params=query, content=content)
        (layer,) = answer.json()["layers"]
        assert layer["collection"]["features"][0]["properties"]["name"] == "ท่าเรือ"
        wrong = await client.post("/api/imports", params=query | {"encoding": "x"}, content=content)
        assert (wrong.status_code, wrong.json()["field"]) == (422, "encoding")


def test_the_encodings_to_choose_from_are_those_that_are_read() -> None:
    assert get_args(Encoding) == ENCODINGS


async def test_only_who_is_signed_in_may_bring_one(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger() as stranger:
        assert (await look(stranger, "a.gpx", b"<gpx/>")).status_code == 401
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        assert (await look(boat, "a.gpx", b"<gpx/>")).status_code == 403


async def test_the_reading_process_knows_five_formats_and_nothing_of_ours() -> None:
    code = "import os, json, pyogrio; print(json.dumps([pyogrio.list_drivers(), dict(os.environ)]))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code,
        stdout=asyncio.subprocess.PIPE, env=import_preview.reader_environment(),
    )  # fmt: skip
    data, _ = await process.communicate()
    assert process.returncode == 0
    for name in ("OAPIF", "VRT", "OGR_VRT", "PostgreSQL", "SQLite", "CSV", "MVT", "FlatGeobuf"):
        assert f'"{name}"' not in data.decode()
    for name in ("GeoJSON", "GPKG", "GPX", "LIBKML", "ESRI Shapefile"):
        assert f'"{name}"' in data.decode()
    assert not {
        key for key in import_preview.reader_environment() if key.startswith("JOINT_PATROL")
    }


async def test_a_process_that_hangs_or_falls_is_reported(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpx = FORMATS["gpx"].write(material())
    async with server.signed_in() as client:
        monkeypatch.setattr(import_preview, "LONGEST_S", 0.05)
        answer = await look(client, "a.gpx", gpx)
        assert "takes longer than" in answer.json()["message"]
        monkeypatch.setattr(import_preview, "LONGEST_S", 60.0)
        monkeypatch.setattr(
            import_preview, "reader_environment", lambda: {"PYTHONHOME": "/nowhere"}
        )
        answer = await look(client, "a.gpx", gpx)
        assert "gave up" in answer.json()["message"]
