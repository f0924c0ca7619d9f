"""The debrief: one page with the track inside, which asks the network for nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from maps.reports.records.records import legs
from maps.reports.rendering.page import blank_map, self_contained
from patrol.units.wire import Fix
from tests.browser.alone import browser as browser
from tests.fixtures import needs
from tests.fixtures.background_loop import run_in_background_loop
from tests.maps.api.ogc.test_ogc_api import sail
from tests.maps.servers.running import running


def _fix(seconds: float, lon: float) -> Fix:
    return Fix(
        of="a",
        lon=lon,
        lat=20.27,
        time=datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=seconds),
    )


def test_a_track_is_cut_where_nothing_was_received() -> None:
    fixes = [_fix(0, 100.40), _fix(60, 100.41), _fix(600, 100.42)]
    assert [len(leg) for leg in legs(fixes, gap_s=120)] == [2, 1]


def test_a_page_with_a_link_we_have_no_file_for_is_refused() -> None:
    needs.web_client()
    page = blank_map(lon=100.4, lat=20.3, zoom=10)
    page.default_js = [*page.default_js, ("other", "https://elsewhere.example/other.js")]
    with pytest.raises(ValueError, match="elsewhere"):
        self_contained(page)


@pytest.fixture(scope="module")
def page_of_a_unit(tmp_path_factory: pytest.TempPathFactory) -> str:
    needs.web_client()
    return run_in_background_loop(_page_of_a_unit(tmp_path_factory.mktemp("debrief")))


async def _page_of_a_unit(folder: Path) -> str:
    async with running(folder) as server, server.signed_in("commander") as client:
        answer = await client.post(
            "/api/units",
            json={"call_sign": "Naga <1>{{ 7 * 191 }}", "kind": "boat", "country": "LA"},
        )
        unit = answer.json()["id"]
        now = datetime.now(UTC)
        for minutes in (3, 2, 1):
            plotted = await client.post(
                f"/api/units/{unit}/plot",
                json={
                    "lon": 100.41 - minutes * 0.001,
                    "lat": 20.27 + minutes * 0.001,
                    "at": (now - timedelta(minutes=minutes)).isoformat(),
                },
            )
            assert plotted.status_code < 300, plotted.text
        body = {
            "unit": unit,
            "start": (now - timedelta(hours=1)).isoformat(),
            "end": now.isoformat(),
        }
        page = await client.get("/api/reports/debrief", params=body)
        assert page.status_code == 200, page.text
        assert page.headers["content-disposition"].startswith('attachment; filename="debrief-')
        late = await client.get("/api/reports/debrief", params=body | {"end": body["start"]})
        assert (late.status_code, late.json()["field"]) == (400, "end")
        unheard_of = await client.get("/api/reports/other", params=body)
        assert unheard_of.status_code == 404
        async with server.signed_in("admin") as admin:
            [line] = (await admin.get("/api/audit?act=export")).json()["lines"]
        assert (line["actor"], line["subject"]) == ("commander", "export:debrief")
        assert line["detail"]["unit"] == unit
        return page.text


def test_the_page_carries_the_track_and_names_no_server(page_of_a_unit: str) -> None:
    assert "Naga &lt;1&gt;" in page_of_a_unit
    assert "Naga &lt;1&gt;1337" not in page_of_a_unit, "a call sign is no template"
    assert "3 positions" in page_of_a_unit
    outside_scripts = re.sub(r"<script>.*?</script>", "", page_of_a_unit, flags=re.DOTALL)
    assert not re.search(r'(src|href)="https?://', outside_scripts)


async def test_the_page_of_a_long_time_holds_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.web_client()
    monkeypatch.setattr("patrol.desks.visibility.visible_units.LONGEST_TRACK", 3)
    monkeypatch.setattr("patrol.desks.visibility.history.LARGEST_PAGE", 2)
    async with running(tmp_path) as server:
        unit = await sail(server, "Naga 1", "n1", 7, lon=100.4)
        body = {"unit": unit, "start": "2026-11-23T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
        async with server.signed_in("commander") as client:
            page = await client.get("/api/reports/debrief", params=body)
            day = await client.get("/api/ogc/collections/tracks/items")
    assert "7 positions" in page.text
    (track,) = day.json()["features"]
    assert track["properties"]["positions"] == 7


@pytest.mark.browser
def test_the_page_draws_from_a_file_with_no_network(
    page_of_a_unit: str, tmp_path: Path, browser: Browser
) -> None:
    file = tmp_path / "debrief.html"
    file.write_text(page_of_a_unit, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    texts: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: texts.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("path.leaflet-interactive")
    circles = page.locator("path.leaflet-interactive").count()
    page.close()
    assert faults == []
    assert [url for url in texts if url.startswith("http")] == []
    assert circles >= 4  # a line and three positions


@pytest.fixture(scope="module")
def page_of_a_day(tmp_path_factory: pytest.TempPathFactory) -> str:
    needs.web_client()
    return run_in_background_loop(_page_of_a_day(tmp_path_factory.mktemp("day")))


async def _page_of_a_day(folder: Path) -> str:
    """Return the debrief of a boat that goes down the river from Houay Xai, a fix every 10 s."""
    begin = datetime(2026, 11, 24, tzinfo=UTC)
    async with running(folder) as server, server.signed_in() as client:
        key = await server.device("n1")
        river = server.office.geography.river
        reports = []
        for number in range(8640):
            lon, lat = river.at_km(2356.0 - max(number - 1000, 0) * 0.003)
            speed_mps = 0.1 if number < 1000 else 3.0 if number < 5000 else 7.0
            at = (begin + timedelta(seconds=10 * number)).isoformat()
            place = {"lon": round(lon, 6), "lat": round(lat, 6), "time": at}
            reports.append({"id": f"n{number}", "speed_mps": speed_mps, **place})
        async with server.stranger(authorization=f"Bearer {key}") as boat:
            for first in range(0, len(reports), 1000):
                await boat.post("/api/positions", json=reports[first : first + 1000])
        body = {"start": begin.isoformat(), "end": (begin + timedelta(days=1)).isoformat()}
        unit = {"unit": "position_json:n1"}
        page = await client.get("/api/reports/debrief", params=body | unit)
        assert page.status_code == 200, page.text
        return page.text


def test_a_day_is_half_a_megabyte_at_most(page_of_a_day: str) -> None:
    assert "8640 positions" in page_of_a_day
    assert len(page_of_a_day.encode()) <= 500_000


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_what_people_look_for_can_be_read(
    page_of_a_day: str, tmp_path: Path, browser: Browser, width: int
) -> None:
    file = tmp_path / "day.html"
    file.write_text(page_of_a_day, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(file.as_uri())
    page.wait_for_selector(".report-label.of-start")
    found = page.locator(".report-label").evaluate_all(
        """nodes => nodes.filter(each => getComputedStyle(each).visibility === "visible")
        .map(each => { const b = each.getBoundingClientRect();
                       return [each.textContent, b.left, b.top, b.right, b.bottom]; })"""
    )
    keys = page.locator(".report-keys").text_content() or ""
    page.close()
    words = [each[0] for each in found]
    for expected in ("First seen 07:00", "Last seen 06:59", "Chiang Khong", "km "):
        assert any(expected in each for each in words), expected
    for expected in ("Slower than 1 km/h", "10 to 20 km/h", "20 to 40 km/h", "Border", "Crossing"):
        assert expected in keys
    for number, (_, left, top, right, bottom) in enumerate(found):
        for other in found[number + 1 :]:
            over = left < other[3] and right > other[1] and top < other[4] and bottom > other[2]
            assert not over, (found[number], other)
