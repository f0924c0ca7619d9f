"""Thousands of units: close together they are one mark, and calls for help never are."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.commander import DESKTOP, Commander, looking
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.browser]

BOATS = 2300


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with thousands of boats, and one that calls for help among them."""
    dice = random.Random(3)
    reports: list[dict[str, object]] = [
        {
            "device": f"boat-{n}",
            "lon": 100.41 + dice.gauss(0, 0.05),
            "lat": 20.27 + dice.gauss(0, 0.05),
        }
        for n in range(BOATS)
    ]
    reports.append({"device": "sos-1", "lon": 100.41, "lat": 20.27, "distress": True})
    with (
        serving(tmp_path_factory.mktemp("crowd"), channels="", roles=("commander",)) as server,
        server.client() as client,
    ):
        for start in range(0, len(reports), 800):
            answer = client.post("/api/positions", json=reports[start : start + 800])
            assert answer.is_success, answer.text
        yield server


def test_a_crowd_is_gathered_and_an_sos_never_is(browser: Browser, crowd: Server) -> None:
    page = looking(browser, crowd, role="commander", size=DESKTOP, palette="day")
    page.page.evaluate("void jointPatrol.map.jumpTo({ center: [100.41, 20.27], zoom: 9 })")
    wait_for("gathered marks", lambda: sum(_counts(page)) > BOATS * 0.9)
    wait_for("a call", lambda: any(each["distress"] for each in page.marks().values()))
    marks = page.marks()
    assert len(marks) < 100
    [sos] = [mark for mark in marks.values() if mark["distress"]]
    assert abs(sos["place"][0] - 100.41) < 1e-4
    assert sum(_counts(page)) + len(marks) >= BOATS

    # A press on a number comes nearer; near enough, every boat stands for itself.
    before = page.page.evaluate("jointPatrol.map.getZoom()")
    seen: list[object] = []

    def stands() -> object:
        """Return where a number stands, once it did so three looks long and nothing moves."""
        seen.append(
            page.page.evaluate(
                """() => {
                    const map = jointPatrol.map;
                    if (map.isMoving() || !map.areTilesLoaded()) return null;
                    const sos = map.project([100.41, 20.27]);
                    const [at] = map.queryRenderedFeatures({ layers: ["crowds"] })
                        .map((each) => map.project(each.geometry.coordinates))
                        .filter((each) => Math.hypot(each.x - sos.x, each.y - sos.y) > 60)
                        .filter((each) => each.x > 400 && each.x < 980)
                        .filter((each) => each.y > 150 && each.y < 700);
                    return at ? [at.x, at.y] : null;
                }"""
            )
        )
        return seen[-1] if len(seen) > 2 and seen[-3] == seen[-2] == seen[-1] else None

    x, y = wait_for("a number that stands still", stands, every=0.3)
    page.page.mouse.click(x, y)
    wait_for(
        "it comes nearer", lambda: page.page.evaluate("jointPatrol.map.getZoom()") > before + 1
    )
    page.page.evaluate("void jointPatrol.map.jumpTo({ center: [100.41, 20.27], zoom: 13.5 })")
    wait_for("no numbers", lambda: not _counts(page))
    wait_for("boats", lambda: len(page.marks()) > 20)
    assert any(mark["distress"] for mark in page.marks().values())
    page.close()
    assert page.complaints == []


def _counts(page: Commander) -> list[int]:
    found: list[int] = page.page.evaluate(
        """jointPatrol.map.queryRenderedFeatures({ layers: ["crowds"] })
            .map((each) => each.properties.count)"""
    )
    return found
