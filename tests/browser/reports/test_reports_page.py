"""The page of reports: looked at, kept as a file, called off; nobody is shut out."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.banks import LAO, THAI, Banks, two_banks
from tests.browser.commander import DESKTOP, Size
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import PASSWORD, Server, wait_for

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def patrol(server: Server) -> str:
    """Return the id of a patrol with a boat and a sector."""
    now = datetime.now(UTC)
    with server.client() as client:
        unit = client.post(
            "/api/units", json={"call_sign": "Heron 31", "kind": "boat", "country": "LA"}
        ).json()["id"]
        client.post(f"/api/units/{unit}/plot", json={"river_km": 2352})
        reach = {"river": "Mekong", "km_from": 2350, "km_to": 2356, "width_m": 2000}
        made = client.post("/api/sectors", json={"name": "Reach of Heron", "stretch": reach})
        assert made.status_code == 201, made.text
        drafted = client.post(
            "/api/patrols",
            json={
                "name": "Dawn on the river",
                "starts_at": (now + timedelta(minutes=10)).isoformat(),
                "ends_at": (now + timedelta(hours=3)).isoformat(),
                "members": [{"unit": unit, "agency": "joint", "crew": 4}],
                "sectors": [made.json()["sector"]["id"]],
            },
        )
        assert drafted.status_code == 201, drafted.text
        return str(drafted.json()["id"])


@contextmanager
def reports(
    browser: Browser,
    server: Server,
    *,
    name: str = "commander",
    size: Size = DESKTOP,
    palette: str = "day",
    query: str = "",
) -> Iterator[Page]:
    """Open the page as a commander; at the end nothing may have left the server."""
    phone = size[0] < 500
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=phone, is_mobile=phone
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    # The frame of the preview has no storage, which is as it should be.
    context.add_init_script(
        f"try {{ localStorage.setItem('jp.palette', '\"{palette}\"') }} catch {{}}"
    )
    answer = context.request.post(
        f"{server.url}/api/session",
        data={"name": name, "password": PASSWORD},
        headers={"Origin": server.url},
    )
    assert answer.ok, answer.text()
    page = context.new_page()
    foreign: list[str] = []
    complaints: list[str] = []
    host = urlsplit(server.url).netloc

    def asked(url: str) -> None:
        if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != host:
            foreign.append(url)

    page.on("request", lambda request: asked(request.url))
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/reports{query}")
    page.wait_for_selector(".report-form")
    yield page
    context.close()
    assert foreign == [], "a request left the server"
    assert complaints == []


def preview(page: Page) -> None:
    """Wait until a page is looked at."""
    page.wait_for_selector(".sheet-frame iframe")
    expect(page.frame_locator(".sheet-frame iframe").locator("h1")).to_be_visible()


def test_a_link_opens_a_briefing_and_other_reports_are_previewed_and_saved(
    browser: Browser, server: Server, patrol: str
) -> None:
    with reports(browser, server, query=f"?report=briefing&patrol={patrol}") as page:
        preview(page)
        sheet = page.frame_locator(".sheet-frame iframe")
        expect(sheet.locator(".subtitle")).to_have_text("Dawn on the river")
        expect(sheet.locator("svg.map")).to_be_visible()
        assert page.locator("iframe").get_attribute("sandbox") == ""
        page.get_by_role("button", name="Coverage of sectors and river").click()
        page.get_by_role("button", name="This month so far").click()
        first, last = page.locator("#report-from"), page.locator("#report-to")
        assert first.input_value() == f"{last.input_value()[:8]}01"
        kept_day = last.input_value()
        look_at = page.get_by_role("button", name="Preview", exact=True)
        for typed, words in (
            ("26.11.26", "This is no date. Write it as 20"),
            ("2026-00-10", "There is no month 0. Write 01 to 12."),
            ("2001-01-01", "The last day lies before the first."),
        ):
            last.fill(typed)
            last.blur()
            expect(page.locator("#report-to-fault")).to_contain_text(words)
            expect(look_at).to_be_disabled()
        last.fill(kept_day.replace("-", ""))
        last.blur()
        expect(last).to_have_value(kept_day)
        page.keyboard.press("v")
        expect(sheet.locator("h1")).to_have_text("Coverage of sectors and river", timeout=60_000)
        with page.expect_download() as kept:
            page.get_by_role("button", name="XLSX", exact=True).click()
        assert kept.value.suggested_filename.startswith("coverage-")
        assert kept.value.suggested_filename.endswith(".xlsx")
        with zipfile.ZipFile(kept.value.path()) as open_documents:
            assert "Reach of Heron" in open_documents.read("xl/sharedStrings.xml").decode()


def test_one_that_is_being_made_can_be_stopped(browser: Browser, server: Server) -> None:
    with reports(browser, server) as page:
        page.get_by_role("button", name="Meeting pack").click()
        page.get_by_role("button", name="PDF").click()
        row = page.locator(".report-jobs li", has_text="Meeting pack: PDF").first
        expect(row.get_by_role("status")).to_be_visible()
        before = page.locator(".report-jobs li").count()
        row.get_by_role("button", name="Stop").click()
        wait_for("it to go", lambda: page.locator(".report-jobs li").count() < before)
        assert page.get_by_role("alert").count() == 0


def test_a_pack_is_of_the_last_whole_month_and_its_file_says_which(
    browser: Browser, server: Server
) -> None:
    with reports(browser, server) as page:
        page.get_by_role("button", name="Meeting pack").click()
        first, last = page.locator("#report-from"), page.locator("#report-to")
        month = first.input_value()[:7]
        assert first.input_value() == f"{month}-01"
        following = date.fromisoformat(last.input_value()) + timedelta(days=1)
        assert following.day == 1
        assert month == last.input_value()[:7]
        presets = page.locator(".presets").get_by_role("button")
        expect(presets).to_have_text(["Last month", "This month so far", "Last 7 days"])
        with page.expect_download() as kept:
            page.get_by_role("button", name="XLSX", exact=True).click()
        assert kept.value.suggested_filename == f"meeting-pack-{month}.xlsx"
        presets.get_by_text("Last 7 days").click()
        days = f"{first.input_value()}-to-{last.input_value()}"
        with page.expect_download() as kept:
            page.get_by_role("button", name="XLSX", exact=True).click()
        assert kept.value.suggested_filename == f"meeting-pack-{days}.xlsx"
        # Days that somebody set stay when another report is looked at.
        presets.get_by_text("This month so far").click()
        page.locator(".report-kinds").get_by_text("Coverage of sectors and river").click()
        assert first.input_value() == f"{last.input_value()[:8]}01"


def plan(banks: Banks, name: str, agencies: list[str], *, hours: int) -> str:
    """Draft a patrol of the Lao commander, without units, and return its id."""
    starts_at = datetime.now(UTC) + timedelta(hours=hours)
    body = {
        "name": name,
        "agencies": agencies,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
    }
    return str(banks.post("somchai", "/api/patrols", body)["id"])


def test_a_briefing_speaks_the_other_sides_language_too_and_says_what_is_in_the_way(
    browser: Browser, tmp_path: Path
) -> None:
    with two_banks(tmp_path) as banks:
        alone = plan(banks, "Own watch", [LAO], hours=30)
        joint = plan(banks, "Joint watch", [LAO, THAI], hours=10)
        query = f"?report=briefing&patrol={joint}"
        with reports(browser, banks.server, name="somchai", query=query) as page:
            patrol, second = page.locator("#report-patrol"), page.locator("#report-second")
            expect(second).to_have_value("th")
            preview(page)
            sheet = page.frame_locator(".sheet-frame iframe")
            expect(sheet.locator("section h2").first).to_have_text("In the way")
            warnings = sheet.locator("section").first.locator("p.warning")
            expect(warnings.filter(has_text="Error: No unit takes part.")).to_have_count(1)
            expect(sheet.get_by_role("columnheader", name="Thai", exact=True)).to_be_visible()
            patrol.select_option(alone)
            expect(second).to_have_value("lo")
            patrol.select_option(joint)
            expect(second).to_have_value("th")
            second.select_option("km")
            patrol.select_option(alone)
            expect(second).to_have_value("km")
            patrol.select_option(joint)
            expect(second).to_have_value("km")
