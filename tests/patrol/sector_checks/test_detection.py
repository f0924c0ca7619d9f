"""What an area can catch is told before it is saved, by how the units report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gis.address.addresses import load_addresses
from gis.fences.geofences import Geofences
from gis.position.position import Position
from patrol.picture.contact import Contact
from patrol.sector_checks.detection import FAST_MPS, Transit, reporters
from patrol.sector_checks.drawing import RiverStretch, SectorShape, check, judge
from patrol.sectors.sector import Sector, SectorLimits
from patrol.sectors.site_geography import Ground
from patrol.units.wire import Fix
from tests.patrol.nodes.alerting import hear, unit
from tests.patrol.nodes.running import Node, at, said
from tests.patrol.nodes.scenes import boat


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground(load_addresses())


def reports(id: str, every_s: float, *, accuracy_m: float | None = None, **more: Any) -> Contact:
    """Return a boat that has reported eight times, so many seconds apart."""
    made = boat(id, **more)
    made.window = [
        (
            at(every_s * n),
            bytes([n]),
            Fix(of=id, lon=100.4, lat=20.27, time=at(every_s * n), accuracy_m=accuracy_m),
            1.0,
        )
        for n in range(8)
    ]
    return made


def transit(
    ground: Ground,
    shape: SectorShape,
    *boats: Contact,
    use: Any = "no_go",
    limits: SectorLimits | None = None,
) -> Transit:
    found = check(shape, ground, use=use, limits=limits, boats=reporters(boats, limits)).transit
    assert found is not None
    return found


def gate(length_m: float, *, width_m: float = 1000.0) -> SectorShape:
    """Return a stretch of the Mekong between Houay Xai and Chiang Khong."""
    return SectorShape(
        stretch=RiverStretch(
            river="Mekong", km_from=2352.0, km_to=2352.0 + length_m / 1000.0, width_m=width_m
        )
    )


def beside(metres: float) -> SectorShape:
    """Return a square that wide beside the left bank, half a kilometre from the river's line."""
    east, north = metres / 104_400.0, metres / 110_700.0
    lon, lat = 100.4365, 20.2436
    ring = [
        [lon, lat],
        [lon + east, lat],
        [lon + east, lat + north],
        [lon, lat + north],
        [lon, lat],
    ]
    return SectorShape(polygon={"type": "Polygon", "coordinates": [ring]})


def told(found: Transit) -> dict[str, tuple[int, float, float]]:
    return {
        each.detected: (each.units, each.shortest_s, each.longest_s) for each in found.detections
    }


def test_units_are_distinguished_by_how_often_they_report(ground: Ground) -> None:
    fleet = [reports("a", 10), reports("b", 20), reports("c", 60), reports("d", 300)]
    found = transit(ground, gate(400.0), *fleet)
    assert found.across
    assert found.length_m == pytest.approx(400.0, abs=60.0)
    assert told(found) == {"inside": (2, 10, 20), "after": (2, 60, 300)}


def test_an_area_that_leaves_a_way_past_it_may_miss_who_reports_seldom(ground: Ground) -> None:
    fleet = [reports("a", 10), reports("b", 120), reports("c", 300)]
    found = transit(ground, beside(300.0), *fleet)
    assert not found.across
    assert found.length_m == pytest.approx(300.0, abs=5.0)
    assert told(found) == {"inside": (1, 10, 10), "maybe": (2, 120, 300)}


def test_a_narrow_area_is_reported_after_the_boat_has_passed(ground: Ground) -> None:
    assert told(transit(ground, beside(60.0), reports("a", 10))) == {"after": (1, 10, 10)}


def test_places_that_are_too_vague_for_it_are_reported(ground: Ground) -> None:
    [found] = transit(ground, beside(100.0), reports("a", 10, accuracy_m=120.0)).detections
    assert (found.detected, found.accuracy_m) == ("vague", 120)


def test_a_unit_that_never_reported_is_shown_as_registered(ground: Ground) -> None:
    assert told(transit(ground, gate(400.0), boat(last=None))) == {"after": (1, 60, 60)}


def test_posts_and_radios_that_nobody_registered_are_not_counted(ground: Ground) -> None:
    others = reports("p", 10, kind="fixed"), reports("ais:1", 10, registered=False)
    assert transit(ground, gate(400.0), *others).detections == ()


def test_boats_that_report_too_seldom_for_limits_are_counted(ground: Ground) -> None:
    limits = SectorLimits(applies_to="others", loitering_s=1200.0)
    boats = [
        reports("a", 900),
        reports("ais:1", 900, registered=False),
        reports("ais:2", 60, registered=False),
        reports("ais:002570000", 900, registered=False),
    ]
    found = transit(ground, gate(400.0), *boats, use="patrol", limits=limits)
    assert (found.detections, found.too_seldom) == ((), 1)


def test_no_fault_is_reported_where_no_notification_is_configured(ground: Ground) -> None:
    assert check(gate(400.0), ground, use="patrol", boats=()).transit is None


async def test_a_planner_is_warned_by_how_units_of_the_agency_report_now(node: Node) -> None:
    await unit(node)
    for second in range(0, 1500, 300):
        await hear(node, said("a", second))
    desk = node.desk("planner").sectors
    checked = await desk.check(beside(300.0), use="no_go")
    assert checked.transit is not None
    assert told(checked.transit) == {"maybe": (1, 300, 300)}


# -- what is said is what fences do


def passes(ground: Ground, shape: SectorShape, every_s: float, *, seed: int) -> str:
    """Return what fences tell of a boat that goes through at 10 m/s, with 10 m of noise."""
    rng = np.random.default_rng(seed)
    _, placed = judge(shape, ground)
    assert placed is not None
    area = ground.area(Sector(id="gate", agency="a", at=at(0), name="Gate", **placed))
    engine = Geofences([area], rivers=ground.rivers)
    phase = float(rng.uniform(0.0, every_s))
    seconds = np.arange(-6 * max(every_s, 60.0) + phase, 6 * max(every_s, 60.0), every_s)
    if shape.stretch is not None:
        middle = (shape.stretch.km_from + shape.stretch.km_to) / 2.0
        lons, lats = ground.river("Mekong").at_kms(middle + seconds * FAST_MPS / 1000.0)
    else:
        centre = area.geometry.centroid
        lons = centre.x + seconds * FAST_MPS / 104_400.0
        lats = np.full(len(seconds), centre.y)
    noise = rng.normal(0.0, 10.0, (2, len(seconds)))
    texts: set[str] = set()
    for second, lon, lat, east, north in zip(seconds, lons, lats, *noise, strict=True):
        fix = Position(
            lon=float(lon + east / 104_400.0), lat=float(lat + north / 110_700.0), time=at(second)
        )
        texts |= {each.kind for each in engine.see([("boat", fix)]).added}
    return next((kind for kind in ("enter", "passed", "may_have_passed") if kind in texts), "")


@pytest.mark.parametrize(
    ("shape", "every_s", "what"),
    [
        (gate(400.0), 10, "inside"),
        (gate(400.0), 60, "after"),
        (gate(300.0), 300, "after"),
        (beside(300.0), 10, "inside"),
        (beside(60.0), 10, "after"),
        (beside(300.0), 300, "maybe"),
    ],
)
def test_the_preview_of_a_sector_is_what_its_geofence_reports(
    ground: Ground, shape: SectorShape, every_s: float, what: str
) -> None:
    assert list(told(transit(ground, shape, reports("a", every_s)))) == [what]
    found = [passes(ground, shape, every_s, seed=seed) for seed in range(40)]
    sure = sum(each in ("enter", "passed") for each in found) / len(found)
    assert sure >= 0.95 if what in ("inside", "after") else sure <= 0.75, found
