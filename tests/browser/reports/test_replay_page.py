"""The replay page in Chromium: a real history plays, what was known then, files that hold."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser
from typer.testing import CliRunner

from maps.__main__ import app
from tests.browser.commander import Commander, opened
from tests.browser.radio import UdpRadio
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

LATE = timedelta(minutes=10)


class Played:
    """What was sent, and when.

    Attributes:
        begun: Before the first position that was heard over the radio.
        ended: After the last.
    """

    def __init__(self, begun: datetime, ended: datetime) -> None:
        self.begun, self.ended = begun, ended

    @property
    def query(self) -> str:
        """The range, with the late report's moment in it."""
        start, end = self.begun - 2 * LATE, self.ended + timedelta(seconds=5)
        return urlencode({"from": start.isoformat(), "to": end.isoformat()})


@pytest.fixture(scope="module")
def history(server: Server, radio: UdpRadio) -> Played:
    """A boat that sails past over the radio, and one whose report comes ten minutes late."""
    boats: list[str] = []
    with server.client() as client:
        for name, address in (("Naga 1", "ais:567000901"), ("Late", "position_json:late-1")):
            unit = {"call_sign": name, "kind": "boat", "country": "LA"}
            made = client.post("/api/units", json=unit | {"expected_interval_s": 10})
            boats.append(made.json()["id"])
            bound = {"address": address, "unit": boats[-1], "channel": "*"}
            bound["start"] = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
            assert client.post("/api/assignments", json=bound).status_code == 201
        begun = datetime.now(UTC)
        late = {
            "device": "late-1",
            "lon": 100.42,
            "lat": 20.255,
            "time": (begun - LATE).isoformat(),
        }
        assert client.post("/api/positions", json=late).json()["rejected"] == []

        def heard() -> bool:
            lines = client.get(f"/api/units/{boats[0]}/track").json()["geometry"]
            return lines is not None and len(lines["coordinates"]) >= 4

        for number in range(4):
            radio.says(567000901, lon=100.405 + number * 0.0004, lat=20.268 - number * 0.0004)
            time.sleep(1.1)  # two in one second could not be told apart
        wait_for("all of them", heard)
    return Played(begun, datetime.now(UTC))


@pytest.fixture
def watch(browser: Browser, server: Server, history: Played) -> Iterator[Any]:
    """Open the replay page."""
    pages: list[Commander] = []

    def open_page(role: str = "commander") -> Commander:
        page = opened(browser, server, f"/replay?{history.query}", role=role)
        wait_for("the replay", lambda: page.says("#clock") != "")
        wait_for("the map", page.drawn)
        pages.append(page)
        return page

    yield open_page
    for each in pages:
        each.close()
    for each in pages:
        assert each.foreign == [], "a request left the server"
        assert each.complaints == []


def seek(shown: Commander, history: Played, at: datetime) -> None:
    """Move the time line to a moment."""
    start, end = history.begun - 2 * LATE, history.ended + timedelta(seconds=5)
    shown.page.evaluate(
        """share => {
            const line = document.getElementById("scrubber");
            line.value = Math.round(share * 10000);
            line.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        (at - start) / (end - start),
    )


def bars(shown: Commander, *, before: float) -> int:
    """Return how many pixels of bars stand in the time line before a share of it."""
    found: int = shown.page.evaluate(
        """share => {
            const canvas = document.querySelector(".scrubber canvas");
            const wide = Math.floor(canvas.width * share);
            const copy = new OffscreenCanvas(canvas.width, canvas.height);
            const pen = copy.getContext("2d", { willReadFrequently: true });
            pen.drawImage(canvas, 0, 0);
            const { data } = pen.getImageData(0, 0, wide, canvas.height);
            return data.filter((value, n) => n % 4 === 3 && value > 0).length;
        }""",
        before,
    )
    return found


def test_it_plays_and_marks_move(watch: Any, history: Played) -> None:
    page: Commander = watch()
    printed = page.says("#printed-local")
    assert "Asia/Vientiane +07" in printed
    assert f"{history.ended + timedelta(hours=7):%Y-%m-%d}" in printed
    assert page.says("#printed-utc").endswith("UTC")
    # It begins at the first report, not at minutes without one.
    assert page.says(".quiet") == ""
    wait_for("whoever was heard first", page.marks)
    tabs = [each.inner_text() for each in page.page.get_by_role("tab").all()]
    assert tabs == ["Range", "Units", "Alerts, patrols", "Totals", "Export"]
    seek(page, history, history.begun - timedelta(seconds=3))
    wait_for("nothing yet", lambda: "Naga 1" not in page.marks())
    page.page.keyboard.press("k")
    page.page.keyboard.press("ArrowRight")
    first = page.mark("Naga 1")["place"]
    assert first == pytest.approx([100.405, 20.268], abs=1e-4), "a position on"
    page.page.locator("#speed").select_option("1")
    page.page.evaluate("document.activeElement.blur()")
    before = page.says("#clock")
    page.page.keyboard.press("Space")
    wait_for("the clock runs", lambda: page.says("#clock") != before)
    wait_for("it moved on", lambda: page.mark("Naga 1")["place"][0] > first[0] + 0.001)
    page.page.locator("#speed").select_option("600")
    wait_for("the end", lambda: page.says("#play") == "Play")
    clock = page.says("#clock")
    page.page.keyboard.press("Home")
    wait_for("the start", lambda: page.says("#clock") != clock and not page.marks())
    # An empty map says why, and leads to the report that comes next.
    assert "Nobody reported in the 10 minutes before this moment." in page.says(".quiet")
    assert "There is no report before it in this range." in page.says(".quiet")
    page.page.get_by_role("button", name="Next report: ").click()
    wait_for("no word of it", lambda: page.says(".quiet") == "")
    wait_for("whoever it was", page.marks)


def test_what_was_known_then_is_not_what_was(watch: Any, history: Played) -> None:
    page: Commander = watch()
    seek(page, history, history.begun - LATE + timedelta(seconds=15))
    wait_for("not known then", lambda: "Late" not in page.marks())
    assert page.says(".printed .how") == "As it was known then"
    assert bars(page, before=0.6) == 0, "nothing had been heard by then"
    page.page.keyboard.press("k")
    wait_for("where it was there", lambda: bars(page, before=0.6) > 0)
    mark = page.mark("Late")
    assert mark["state"] == "live"
    assert "Heard 1" in page.says(".row .late")
    seek(page, history, history.begun - LATE + timedelta(seconds=45))
    wait_for("it ages", lambda: page.mark("Late")["state"] == "late")
    seek(page, history, history.begun - timedelta(seconds=1))
    wait_for("lost", lambda: page.mark("Late")["state"] == "lost")
    assert page.mark("Late")["place"] == pytest.approx([100.42, 20.255], abs=1e-4), "where it was"


def test_a_range_is_typed_in_local_time_or_utc_and_what_is_wrong_is_reported(
    watch: Any, history: Played
) -> None:
    shown: Commander = watch()
    page = shown.page
    page.keyboard.press("c")
    start = history.begun.replace(second=0, microsecond=0)
    local, utc = (f"{start + timedelta(hours=h):%Y-%m-%d %H:%M}" for h in (7, 0))
    field = page.locator("#range-from")
    field.fill(local)
    assert shown.says("#range-from-told") == f"Asia/Vientiane +07 · {utc} UTC"
    page.locator("#range-zone").select_option("utc")
    assert field.input_value() == utc
    assert shown.says("#range-from-told") == f"UTC · {local}, Asia/Vientiane +07"
    field.fill("25:00 tomorrow")
    field.press("Enter")
    assert shown.says("#range-from-fault").startswith("This is no date with a time. Write it as 20")
    assert shown.says("#range-fault") == "Give both times, as a date and a time of day."
    assert field.input_value() == "25:00 tomorrow"
    field.fill(utc)
    page.locator("#range-to").fill(f"{start + timedelta(minutes=5):%Y-%m-%d %H:%M}")
    page.locator("#load").click()
    wait_for("that range", lambda: shown.says("#printed-utc").startswith(f"{utc}:00 to "))


def test_the_last_hour_is_the_servers_on_a_machine_whose_clock_is_wrong(
    browser: Browser, server: Server, history: Played
) -> None:
    wrong = "{ const now = Date.now; Date.now = () => now() + 26 * 3600e3 }"  # more than a day
    page = opened(browser, server, "/replay", role="commander", script=wrong)
    try:
        with page.page.expect_request("**/api/replay?**") as asked:
            page.page.get_by_role("button", name="Last hour").click()
        until = parse_qs(urlsplit(asked.value.url).query)["end"][0]
        assert abs(datetime.fromisoformat(until) - datetime.now(UTC)) < timedelta(minutes=5)
    finally:
        page.close()
    assert page.complaints == []


def test_files_that_are_taken_away_hold(
    watch: Any, browser: Browser, history: Played, tmp_path: Path
) -> None:
    shown: Commander = watch()
    shown.page.keyboard.press("s")
    files: dict[str, Path] = {}
    for name in ("evidence", "page", "picture"):
        with shown.page.expect_download() as coming:
            shown.page.locator(f"#save-{name}").click()
        files[name] = tmp_path / coming.value.suggested_filename
        coming.value.save_as(files[name])
    result = CliRunner().invoke(app, ["evidence", "verify", str(files["evidence"])])
    assert result.exit_code == 0, result.output
    assert re.search(r"\b[5-9] positions", result.output), result.output
    assert files["picture"].read_bytes()[:4] == b"\x89PNG"
    context = browser.new_context(offline=True)
    page = context.new_page()
    texts: list[str] = []
    page.on("request", lambda request: texts.append(request.url))
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(files["page"].as_uri())
    assert "Asia/Vientiane" in page.locator("#replay-range").inner_text()
    page.evaluate("ms => replay.seek(ms)", history.begun.timestamp() * 1000 - 1000)
    assert page.locator(".replay-mark").count() == 1, "the late one"
    page.locator("#replay-known").check()
    assert page.locator(".replay-mark").count() <= 1
    page.locator("#replay-play").click()
    wait_for("both", lambda: page.locator(".replay-mark").count() == 2)
    assert page.evaluate(
        """() => {
            const layer = (found) => Number(getComputedStyle(found.parentElement).zIndex);
            const ground = document.querySelector(".leaflet-overlay-pane svg");
            return layer(document.querySelector(".leaflet-map-pane canvas")) > layer(ground);
        }"""
    ), "tracks lie above the ground"
    assert [url for url in texts if not url.startswith(("file:", "data:"))] == []
    assert faults == []
    context.close()


def test_who_exports_reads_what_the_role_leaves_out_before_and_after(watch: Any) -> None:
    page: Commander = watch(role="planner")
    page.page.keyboard.press("s")
    sent = "What radios sent: your role may not see it."
    rows = "What the rows of the journal say: your role sees only how they hang together."
    beside = page.page.locator("section", has=page.page.locator("#save-evidence"))
    assert beside.locator("li").all_inner_texts() == [sent, rows]
    locator = page.page.locator(".save [role=status]")
    assert locator.inner_text().strip() == "", "nothing is saved yet"
    with page.page.expect_download():
        page.page.locator("#save-evidence").click()
    wait_for("it is told", lambda: "The file is saved." in locator.inner_text())
    assert "Left out of the saved file:" in locator.inner_text()
    assert locator.locator("li").all_inner_texts() == [sent, rows]
    with page.page.expect_download():
        page.page.locator("#save-page").click()
    wait_for("that one is whole", lambda: locator.inner_text().strip() == "The file is saved.")
