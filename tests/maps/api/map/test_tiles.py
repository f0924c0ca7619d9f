"""Tiles of long histories: where the track is, cut at silences, bounded, and only one's own."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely

from gis.geometry.vector_tile import project
from gis.river.rivers import load_rivers
from maps.surveys import histories
from maps.surveys.histories import DEEPEST, Histories, History
from patrol.store.tracks.history import PositionHistory as Track
from patrol.units.accounts import User
from tests.maps.api.ogc.test_ogc_api import BEGIN, Here, ogc, sail  # noqa: F401 - a fixture
from tests.maps.servers.running import Running, running

DAY = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
START = datetime(2026, 11, 23, tzinfo=UTC)
RIVERS = load_rivers()
END = START + timedelta(days=2)


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    x, y = project([lon], [lat])
    return z, int(x[0] * 2**z), int(y[0] * 2**z)


def read(folder: Path, body: bytes, z: int, x: int, y: int) -> gpd.GeoDataFrame:
    """Read a tile with GDAL, in degrees."""
    file = folder / f"{z}-{x}-{y}.mvt"
    file.write_bytes(body)
    options = {"X": str(x), "Y": str(y), "Z": str(z), "CLIP": "NO"}
    frame = gpd.read_file(file, layer="tracks", engine="pyogrio", **options)
    return frame.to_crs("EPSG:4326")


async def tile(client: httpx.AsyncClient, z: int, x: int, y: int, **query: Any) -> httpx.Response:
    return await client.get(f"/tiles/{z}/{x}/{y}.mvt", params={**DAY, **query})


@pytest.mark.asyncio(loop_scope="module")
async def test_a_tile_shows_the_track_where_it_was(ogc: Here, tmp_path: Path) -> None:  # noqa: F811
    _, client = ogc
    at = tile_at(100.41, 20.251, 12)
    answer = await tile(client, *at)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["cache-control"] == "no-store"
    frame = read(tmp_path, answer.content, *at)
    assert set(frame["call_sign"]) == {"Naga 1"}
    assert set(frame["side"]) == {"LA"}
    assert (
        frame["start"].min(),
        frame["end"].max() <= (BEGIN + timedelta(hours=5)).timestamp(),
    ) == (
        int(BEGIN.timestamp()),
        True,
    )
    drawn = shapely.union_all(frame.geometry.values)
    for number in range(5, 200, 20):
        place = shapely.Point(100.40 + number * 1e-4, 20.25 + number * 1e-5)
        assert drawn.distance(place) < 1e-4, "ten metres"
    assert shapely.get_num_geometries(shapely.line_merge(drawn)) == 1, "pieces join"
    empty = await tile(client, *tile_at(105, 15, 12))
    assert (empty.status_code, empty.content) == (204, b"")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_tile_json_leads_to_the_tiles_of_its_time(ogc: Here) -> None:  # noqa: F811
    _, client = ogc
    body = (await client.get("/tiles/tracks.json", params=DAY)).json()
    assert (body["tilejson"], body["scheme"], body["maxzoom"]) == ("3.0.0", "xyz", DEEPEST)
    z, x, y = tile_at(100.41, 20.251, 12)
    (address,) = body["tiles"]
    for name, value in (("z", z), ("x", x), ("y", y)):
        address = address.replace(f"{{{name}}}", str(value))
    plain = await tile(client, z, x, y)
    assert (await client.get(address)).content == plain.content != b""
    assert [each["id"] for each in body["vector_layers"]] == ["tracks"]
    late = await client.get("/tiles/tracks.json", params={**DAY, "end": DAY["start"]})
    assert (late.status_code, late.json()["field"]) == (400, "end")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_tile_of_one_unit_and_of_another_time(ogc: Here, tmp_path: Path) -> None:  # noqa: F811
    _, client = ogc
    units = (await client.get("/api/units")).json()
    ids = {each["call_sign"]: each["id"] for each in units}
    at = tile_at(100.41, 20.251, 8)
    both = read(tmp_path, (await tile(client, *at)).content, *at)
    assert set(both["call_sign"]) == {"Naga 1", "เรือ 2"}
    one = read(tmp_path, (await tile(client, *at, unit=ids["เรือ 2"])).content, *at)
    assert set(one["call_sign"]) == {"เรือ 2"}
    other = await tile(client, *at, start="2026-11-01T00:00:00Z", end="2026-11-02T00:00:00Z")
    assert other.status_code == 204
    assert (await tile(client, *at, unit="u-404")).status_code == 404


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("15/0/0", DAY, 404),
        ("2/4/0", DAY, 404),
        ("2/0/4", DAY, 404),
        ("-1/0/0", DAY, 422),
        ("a/0/0", DAY, 422),
        ("2/0/0", {}, 422),
        ("2/0/0", {**DAY, "end": DAY["start"]}, 400),
        ("2/0/0", {**DAY, "start": "2026-01-01T00:00:00Z"}, 400),
        ("2/0/0", {**DAY, "start": "yesterday"}, 422),
    ],
)
async def test_what_is_no_tile(
    server: Running, path: str, query: dict[str, str], status: int
) -> None:
    async with server.signed_in() as client:
        answer = await client.get(f"/tiles/{path}.mvt", params=query)
        assert answer.status_code == status, answer.text


async def test_another_agency_gets_empty_tiles_also_from_the_cache(tmp_path: Path) -> None:
    agencies = [{"id": "joint", "name": "Joint patrol"}, {"id": "other", "name": "Other"}]
    async with running(tmp_path, agencies=agencies) as server:
        unit = await sail(server, "Naga 1", "n1", 30, lon=100.4)
        at = tile_at(100.401, 20.25, 10)
        async with server.signed_in() as client:
            assert (await tile(client, *at)).status_code == 200
        user = await server.office.people.add_user("spy", "commander", "other", None)
        token = await server.office.people.link_for(user, minutes=5)
        async with server.stranger(origin=server.url) as client:
            await client.post("/api/session/link", json={"token": token})
            assert (await tile(client, *at)).status_code == 204
            assert (await tile(client, *at, unit=unit)).status_code == 404


async def test_a_history_is_read_once_for_a_screen_and_anew_after_a_minute(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sail(server, "Naga 1", "n1", 30, lon=100.4)
    desk = server.office.desk_of(User(name="t", role="commander", agency="joint"))
    clock = [0.0]
    kept = Histories(RIVERS, now=lambda: clock[0])
    first = await kept.of(desk, start=START, end=END, ids=[])
    assert await kept.of(desk, start=START, end=END, ids=[]) is first
    crew = server.office.desk_of(User(name="t", role="crew", agency="joint"))
    assert await kept.of(crew, start=START, end=END, ids=[]) is not first
    clock[0] = 61.0
    assert await kept.of(desk, start=START, end=END, ids=[]) is not first
    read = [
        await kept.of(desk, start=START, end=END + timedelta(days=day), ids=[])
        for day in range(histories.MOST_KEPT + 1)
    ]
    for day in range(1, len(read)):
        again = await kept.of(desk, start=START, end=END + timedelta(days=day), ids=[])
        assert again is read[day]
    assert await kept.of(desk, start=START, end=END, ids=[]) is not read[0]


def path(times: list[float], lons: list[float], lats: list[float] | None = None) -> Track:
    return Track(
        times_s=np.array(times, dtype=float),
        lons=np.array(lons, dtype=float),
        lats=np.array(lats or [20.25] * len(lons), dtype=float),
        error_m=np.full(len(lons), 15.0),
        speeds_mps=np.full(len(lons), np.nan),
    )


def test_what_cannot_be_true_is_not_drawn_and_a_boat_goes_along_its_river(tmp_path: Path) -> None:
    begin, end = 2240.0, 2228.0
    lons, lats = RIVERS.main.at_kms(np.linspace(begin, end, 13))
    times = START.timestamp() + 300.0 * np.arange(13)
    lats[6] += 0.03  # nothing but what comes after it tells that nobody was there
    drawn = History(
        {"a": path(times.tolist(), lons.tolist(), lats.tolist())}, {},
        start=START, end=END, rivers=RIVERS,
    )  # fmt: skip
    at = tile_at(float(lons[0]), float(lats[0]), 8)
    line = read(tmp_path, drawn.tile(*at), *at)
    river = shapely.LineString(np.column_stack(RIVERS.main.at_kms(np.linspace(begin, end, 600))))
    far_deg = [shapely.hausdorff_distance(each, river.intersection(each.buffer(0.02)))
               for each in line.geometry]  # fmt: skip
    assert max(far_deg) < 0.004
    assert line.total_bounds[3] < lats[6] - 0.01


@pytest.mark.parametrize("silence_s", [2000, 7000])
def test_a_silence_is_not_bridged(tmp_path: Path, silence_s: int) -> None:
    base = START.timestamp()
    then = 120 + silence_s  # within the hour after which a piece ends anyhow, or beyond it
    times = [base + second for second in (0, 60, 120, then, then + 60, 20000)]
    lons = [100.40, 100.401, 100.402, 100.41, 100.411, 100.42]
    history = History({"a": path(times, lons)}, {}, start=START, end=END, rivers=RIVERS)
    at = tile_at(100.405, 20.25, 12)
    frame = read(tmp_path, history.tile(*at), *at)
    drawn = shapely.union_all(frame.geometry.values)
    west, _, east, _ = drawn.bounds
    assert (west, east) == pytest.approx((100.40, 100.411), abs=1e-4)
    assert drawn.distance(shapely.Point(100.406, 20.25)) > 0.003
    assert len(History({"a": path([base], [100.4])}, {}, start=START, end=END, rivers=RIVERS)) == 0
    assert History({}, {}, start=START, end=END, rivers=RIVERS).tile(0, 0, 0) == b""


def test_lines_go_on_beyond_the_edge_of_a_tile_and_not_far(tmp_path: Path) -> None:
    base = START.timestamp()
    history = History(
        {"a": path([base, base + 1500], [100.3, 100.5])}, {}, start=START, end=END, rivers=RIVERS
    )
    z, x, y = tile_at(100.4, 20.25, 12)
    frame = read(tmp_path, history.tile(z, x, y), z, x, y)
    west, _, east, _ = frame.total_bounds
    edge = 360 / 2**z
    assert west == pytest.approx(x * edge - 180 - edge / 64, abs=edge / 1000)
    assert east == pytest.approx((x + 1) * edge - 180 + edge / 64, abs=edge / 1000)


def test_a_tile_is_never_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    base = START.timestamp()
    paths = {}
    for number in range(40):
        steps = random.normal(0, 2e-4, (20_000, 2)).cumsum(axis=0)
        times = np.arange(20_000, dtype=np.float64) * 8.0 + base
        paths[str(number)] = Track(
            times_s=times,
            lons=100.4 + steps[:, 0],
            lats=20.25 + steps[:, 1],
            error_m=np.full(len(times), 15.0),
            speeds_mps=np.full(len(times), np.nan),
        )
    history = History(paths, {}, start=START, end=END, rivers=RIVERS)
    for z in (0, 5, 9, 12, 14):
        at = tile_at(100.4, 20.25, z)
        made = history.tile(*at)
        assert 0 < len(made) <= histories.LARGEST_TILE, z
        assert len(gzip.compress(made)) < histories.LARGEST_TILE
    monkeypatch.setattr(histories, "LARGEST_TILE", 3000)
    at = tile_at(100.4, 20.25, 12)
    small = history.tile(*at)
    assert 0 < len(small) <= 3000
    assert read(tmp_path, small, *at)["end"].max() > base + 15_000 * 8.0, "the newest stays"
