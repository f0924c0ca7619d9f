"""Exports over HTTP: each format, the same rules, nothing cut off silently."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest
import shapely

from gis.files.formats import FORMATS
from gis.files.import_file import ReadLayer, read_file
from maps.files import exports
from tests.maps.api.ogc.test_ogc_api import BEGIN, Here, ogc, sail  # noqa: F401 - a fixture
from tests.maps.servers.running import Running, running

DAY = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-25T00:00:00Z"}


def read(answer: httpx.Response, folder: Path) -> dict[str, ReadLayer]:
    """Read the file that an answer holds, under the name that it gives."""
    assert answer.status_code == 200, answer.text
    name = answer.headers["content-disposition"].split('"')[1]
    file = folder / name
    file.write_bytes(answer.content)
    return {each.name: each for each in read_file(file)}


@pytest.mark.asyncio(loop_scope="module")
async def test_tracks_in_each_format(ogc: Here, tmp_path: Path) -> None:  # noqa: F811
    _, client = ogc
    units = (await client.get("/api/units")).json()
    naga = next(each["id"] for each in units if each["call_sign"] == "Naga 1")
    for name, kind in FORMATS.items():
        query = {**DAY, "unit": naga, "format": name}
        answer = await client.get("/api/exports/tracks", params=query)
        assert answer.headers["content-type"].startswith(kind.media_type)
        assert answer.headers["cache-control"] == "no-store"
        if name == "parquet":
            assert len(gpd.read_parquet(io.BytesIO(answer.content))) == 250
            continue
        lines = [
            each.frame for each in read(answer, tmp_path).values()
            if "LineString" in "".join(each.frame.geom_type)
        ]  # fmt: skip
        assert len(lines) == 1
        assert shapely.get_num_coordinates(lines[0].geometry.values).sum() == 250, name
        assert lines[0]["name"].tolist() == ["Naga 1"]
    both = await client.get("/api/exports/tracks", params={**DAY, "format": "gpx"})
    found = read(both, tmp_path)["tracks"].frame
    assert sorted(found["name"]) == ["Naga 1", "เรือ 2"]
    assert found["times"][0][0].startswith("2026-11-23T22:00:00")


@pytest.mark.asyncio(loop_scope="module")
async def test_units_and_layers_as_files(ogc: Here, tmp_path: Path) -> None:  # noqa: F811
    _, client = ogc
    found = read(await client.get("/api/exports/units?format=gpx"), tmp_path)["waypoints"].frame
    assert sorted(found["name"]) == ["Naga 1", "เรือ 2"], "a boat without a place is left out"
    offices = await client.get("/api/exports/layers/blos?format=kml")
    assert len(read(offices, tmp_path)["blos"].frame) == 70
    assert (await client.get("/api/exports/layers/atlantis")).status_code == 404
    answer = await client.get("/api/exports/layers/borders?format=geojson")
    assert len(json.loads(answer.content)["features"]) > 5


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({**DAY, "format": "dwg"}, 400, "format"),
        ({**DAY, "end": DAY["start"]}, 400, "end"),
        ({**DAY, "start": "2026-01-01T00:00:00Z"}, 400, "end"),
        ({**DAY, "start": "2026-11-23"}, 422, "start"),
        ({**DAY, "unit": "u-404"}, 404, None),
        ({"start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z"}, 400, None),
    ],
)
async def test_content_that_cannot_be_exported_is_named(
    server: Running, query: dict[str, Any], status: int, field: str | None
) -> None:
    async with server.signed_in() as client:
        answer = await client.get("/api/exports/tracks", params=query)
        assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


async def test_too_many_positions_are_refused_and_not_cut_off(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sail(server, "Naga 1", "n1", 30, lon=100.4)
    monkeypatch.setattr(exports, "MOST_POSITIONS", 29)
    async with server.signed_in() as client:
        answer = await client.get("/api/exports/tracks", params=DAY)
        assert answer.status_code == 400
        assert "more than 29 positions" in answer.json()["message"]


async def test_another_agency_exports_nothing_of_ours(tmp_path: Path) -> None:
    agencies = [{"id": "joint", "name": "Joint patrol"}, {"id": "other", "name": "Other"}]
    async with running(tmp_path, agencies=agencies) as server:
        unit = await sail(server, "Naga 1", "n1", 5, lon=100.4)
        user = await server.office.people.add_user("spy", "commander", "other", None)
        token = await server.office.people.link_for(user, minutes=5)
        async with server.stranger(origin=server.url) as client:
            await client.post("/api/session/link", json={"token": token})
            answer = await client.get("/api/exports/tracks", params={**DAY, "unit": unit})
            assert answer.status_code == 404, answer.text
            for path in ("/api/exports/tracks", "/api/exports/units"):
                answer = await client.get(path, params=DAY)
                assert answer.status_code == 400, answer.text
                assert "nothing to write" in answer.json()["message"]
