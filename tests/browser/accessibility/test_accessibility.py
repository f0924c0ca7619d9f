"""Nobody is shut out: axe finds nothing on any page in any palette, targets fit a finger.

`TABLE` has every page of `maps/web_client/built_pages.py`. Each is opened once for each size and
looked at in each palette in each of its states (`tests/browser/accessibility/visits.py`). States
that need another office (a full queue, an offer, a suspension; a message to a radio; a plan of two
agencies; an authority to trust) are looked at by the same functions where that office is:
`ELSEWHERE` names those files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from maps.web_client import built_pages as pages
from tests.browser.accessibility import visits
from tests.browser.accessibility.visits import Scene
from tests.browser.axe import (
    FINGER_PX,
    GLOVE_PX,
    PALETTES,
    SUN,
    too_small,
    too_wide,
    violations,
)
from tests.browser.commander import DESKTOP, PHONE, Size, opened
from tests.browser.conftest import Look
from tests.browser.crew.phone import LAT, LON, crewed
from tests.browser.pixels import pixels
from tests.browser.radio import UdpRadio
from tests.fixtures import needs
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


class Row(NamedTuple):
    """A page in the table.

    Attributes:
        path: As `maps/web_client/built_pages.py` has it.
        role: Who opens it; a stranger when None.
        states: What it shows, one after the other; the desktop's list of units is no tab.
        visit: Opens them.
        palettes: In which each state is looked at.
        least_px: The smallest that may be pressed.
        by_label: Whether a label round a field is pressed in its place.
        refused: Whether the server refuses something on the way, of which a browser complains.
    """

    path: str
    role: str | None
    states: tuple[str, ...]
    visit: Callable[[Page, Scene], Iterator[str]]
    palettes: tuple[str, ...] = PALETTES
    least_px: float = FINGER_PX
    by_label: bool = True
    refused: bool = False


TABLE: Final = (
    Row("/", "technician", ("units", "alerts", "unit", "unknown", "channels", "map", "keys"),
        visits.commander),
    Row("/planner", "planner", ("sectors", "sector", "patrols", "patrol", "coverage", "keys"),
        visits.planner),
    Row("/replay", "commander", ("range", "units", "then", "totals", "save", "keys"),
        visits.replay),
    Row("/reports", "commander",
        ("Patrol briefing", "Patrol debrief", "Coverage of sectors and river", "Meeting pack"),
        visits.reports, by_label=False),
    Row("/account", "admin", ("everything",), visits.account, refused=True),
    Row("/counterparts", "commander", ("nobody known",), visits.counterparts),
    Row("/crew", "crew",
        ("before the first PIN", "patrol", "map", "report", "incident", "texts", "more", "locked"),
        visits.crew, (*PALETTES, SUN), GLOVE_PX, by_label=False),
    Row("/enrol", None, ("no code", "who it is", "known"), visits.enrol),
    Row("/trust", None, ("nothing to trust",), visits.trust, refused=True),
    Row("/sign-in", None, ("fields", "wrong"), visits.sign_in, refused=True),
)  # fmt: skip
"""Every page × its states × its palettes × {1440×900, 390×844}."""

ELSEWHERE: Final = (
    "alerts/test_alerts_page.py",
    "messages/test_messages.py",
    "planner/test_planner_sectors.py",
    "planner/test_planner_patrols.py",
    "accounts/test_enrolment_tls.py",
    "counterparts/test_counterparts_page.py",
)


@pytest.fixture(scope="module")
def scene(server: Server, radio: UdpRadio) -> Scene:
    """Something in every panel: units, an unknown radio, a call for help, a rejected frame."""
    now = datetime.now(UTC)
    with server.client() as client:
        unit = client.post(
            "/api/units", json={"call_sign": "Osprey", "kind": "boat", "country": "LA"}
        ).json()
        client.post(f"/api/units/{unit['id']}/plot", json={"river_km": 2356})
        client.post(
            "/api/positions",
            json={"device": "sos-1", "lon": 100.409, "lat": 20.27, "distress": True},
        )
        claimed = {"address": "ais:567000778", "unit": unit["id"], "channel": "pier"}
        client.post("/api/assignments", json=claimed)
        bound = {"address": "position_json:osprey-1", "unit": unit["id"], "channel": "*"}
        bound["start"] = (now - timedelta(hours=1)).isoformat()
        assert client.post("/api/assignments", json=bound).is_success
        for number in range(6):
            place = {"lon": 100.405 + number * 0.0004, "lat": 20.268 - number * 0.0004}
            at = (now - timedelta(minutes=20 - number)).isoformat()
            sent = client.post(
                "/api/positions", json={"device": "osprey-1", "time": at} | place
            ).json()
            assert sent["rejected"] == [], sent
        late = client.post("/api/units", json={"call_sign": "Plover", "kind": "boat"}).json()
        bound |= {"address": "position_json:plover-1", "unit": late["id"]}
        assert client.post("/api/assignments", json=bound).is_success
        at = (now - timedelta(minutes=10)).isoformat()  # heard late
        client.post(
            "/api/positions",
            json={"device": "plover-1", "lon": 100.42, "lat": 20.255, "time": at},
        )
    radio.says(567000777, lon=100.415, lat=20.262)
    radio.says(567000778, lon=100.515, lat=20.262)  # from elsewhere than it is bound to
    radio.raw(b"$GPRMC,023000,A,2016.2,N,10024.6,E,0.1,,241126,,*00\r\n")
    span = (now - timedelta(minutes=25), datetime.now(UTC) + timedelta(seconds=5))
    track = urlencode(dict(zip(("from", "to"), (each.isoformat() for each in span), strict=True)))
    return Scene(server, crewed(server, call_sign="Swift 2")["patrol"], track)


def test_every_page_is_in_the_table() -> None:
    routed = {route.path for route in pages.router.routes if "{" not in route.path}  # type: ignore[attr-defined]
    assert routed == {row.path for row in TABLE}
    built = {each.stem for each in needs.web_client().glob("*.html")}
    assert built == {row.path.removeprefix("/") or "index" for row in TABLE}


def test_every_palette_is_in_the_table() -> None:
    written = Path(pages.__file__).parent.parent / "web" / "src"
    preferences = (written / "browser" / "preferences.ts").read_text()
    [answer] = re.findall(r"PALETTES.*= \[(.*)\];", preferences)
    assert tuple(re.findall(r'"([\w-]+)"', answer)) == PALETTES
    styles = "".join(each.read_text() for each in written.rglob("*.css"))
    assert set(re.findall(r'\[data-palette="([\w-]+)"\]', styles)) == set(PALETTES)
    sunlight = written / "pages/crew/outbox/sunlight-mode.ts"
    assert 'toggleAttribute("data-sun"' in sunlight.read_text()


def test_what_needs_another_office_is_looked_at_by_the_same_function() -> None:
    for name in ELSEWHERE:
        assert "violations(" in (Path(__file__).parents[1] / name).read_text(), name


@SIZES
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
def test_axe_finds_nothing_in_any_palette(
    browser: Browser, scene: Scene, row: Row, size: Size
) -> None:
    query = {"/replay": scene.track, "/reports": f"report=briefing&patrol={scene.patrol}"}
    path = f"{row.path}?{query[row.path]}" if row.path in query else row.path
    sharp = row.path == "/reports"  # its pixels are looked at
    page = opened(
        browser,
        scene.server,
        path,
        role=row.role,
        size=size,
        sharp=sharp,
        geography=True,  # what is on and what can be switched on look otherwise
        at=(LON, LAT),
    )
    page.lossy = row.refused
    found: list[str] = []
    texts: set[str] = set()
    for state in row.visit(page.page, scene):
        texts.add(state)
        found += violations(page.page, state, row.palettes)
        found += too_small(page.page, state, row.least_px, by_label=row.by_label)
        found += too_wide(page.page, state)
    if row.path == "/reports":
        found += _not_red(page.page)
    page.close()
    assert found == []
    assert texts == set(row.states)
    assert page.foreign == [], "a request left the server"
    # axe speaks to every frame; that of a preview is sandboxed and hears nobody.
    assert [each for each in page.complaints if "postMessage" not in each] == []


def _not_red(page: Page) -> list[str]:
    """Return whether a page in red night, a preview on it too, shows another colour than red."""
    page.evaluate("document.documentElement.dataset.palette = 'red-night'")
    brightest = int(pixels(page.screenshot()).reshape(-1, 3)[:, 1:].max())
    return [f"green or blue of {brightest} leaves the screen"] if brightest > 64 else []


@SIZES
def test_all_that_a_commander_presses_fits_a_finger(look: Look, scene: Scene, size: Size) -> None:
    page = look(size=size, geography=True)
    for tab in ("alerts", "unit", "unknown", "channels", "map"):
        page.page.locator(f"#tab-{tab}").click()
        assert too_small(page.page, tab) == []


def test_red_night_shows_no_colour_but_red(look: Look) -> None:
    page = look(palette="red-night", sharp=True, geography=True)
    page.page.keyboard.press("m")
    wait_for("the map", page.drawn)
    seen = pixels(page.page.screenshot()).reshape(-1, 3).astype(int)
    red, rest = seen[:, 0], seen[:, 1:].max(axis=1)
    assert rest.max() <= 64, "no green or blue worth the name"
    assert np.all(rest <= red + 2)


def test_the_palette_is_there_before_the_first_paint(look: Look) -> None:
    page = look(palette="dark")
    scripts = page.page.evaluate(
        """[...document.head.querySelectorAll("script")]
            .map((each) => [each.type, each.getAttribute("src")])"""
    )
    assert ["", "/theme-boot.js"] in scripts, "a plain script, which blocks painting"
