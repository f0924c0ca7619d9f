"""The debrief: one page with the track inside, which asks the network for nothing."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from maps.reports.gathering import legs
from maps.reports.page import blank_map, self_contained
from patrol.changes import Fix
from tests import needs
from tests.browser.alone import browser as browser
from tests.maps.running import running
from tests.maps.test_ogc_api import sail


def _fix(seconds: float, lon: float) -> Fix:
    return Fix(
        of="a",
        lon=lon,
        lat=20.27,
        time=datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=seconds),
    )


def test_a_track_is_cut_where_nothing_was_heard() -> None:
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
    return asyncio.run(_page_of_a_unit(tmp_path_factory.mktemp("debrief")))


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
        asked = {
            "unit": unit,
            "start": (now - timedelta(hours=1)).isoformat(),
            "end": now.isoformat(),
        }
        page = await client.get("/api/reports/debrief", params=asked)
        assert page.status_code == 200, page.text
        assert page.headers["content-disposition"].startswith('attachment; filename="debrief-')
        late = await client.get("/api/reports/debrief", params=asked | {"end": asked["start"]})
        assert (late.status_code, late.json()["field"]) == (400, "end")
        unheard_of = await client.get("/api/reports/other", params=asked)
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
    monkeypatch.setattr("patrol.outlook.LONGEST_TRACK", 3)
    monkeypatch.setattr("patrol.history_desk.LARGEST_PAGE", 2)
    async with running(tmp_path) as server:
        unit = await sail(server, "Naga 1", "n1", 7, lon=100.4)
        asked = {"unit": unit, "start": "2026-11-23T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
        async with server.signed_in("commander") as client:
            page = await client.get("/api/reports/debrief", params=asked)
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
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("path.leaflet-interactive")
    circles = page.locator("path.leaflet-interactive").count()
    page.close()
    assert faults == []
    assert [url for url in asked if url.startswith("http")] == []
    assert circles >= 4  # a line and three positions
