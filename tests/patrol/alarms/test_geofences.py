"""Fencing: batches of many boats, among sectors that are drawn, moved and retired meanwhile."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.position.position import Position
from patrol.alarms.geofences import GeofenceTracker
from patrol.documents.document import revise
from patrol.documents.open_documents import OpenDocuments
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from tests.fixtures.examples import examples
from tests.patrol.nodes.alerting import METRE_DEG, SOUTH, WEST, sector
from tests.patrol.nodes.running import at

BOATS = 40


def drawn(rng: np.random.Generator) -> Sector:
    """Return a no-go sector of six corners somewhere near."""
    x, y = rng.uniform(-600.0, 600.0, 2)
    turns = np.sort(rng.uniform(0.0, 2.0 * math.pi, 6))
    reach = rng.uniform(100.0, 400.0, 6)
    ring = [
        (WEST + (x + r * math.cos(turn)) * METRE_DEG, SOUTH + (y + r * math.sin(turn)) * METRE_DEG)
        for turn, r in zip(turns.tolist(), reach.tolist(), strict=True)
    ]
    return sector(polygon=((*ring, ring[0]),))


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32 - 1), late=st.sampled_from([0.0, 0.05]))
def test_all_units_together_and_each_alone_tell_the_same_while_sectors_change(
    seed: int, late: float
) -> None:
    rng = np.random.default_rng(seed)
    open_documents, now = OpenDocuments(), at(0)
    sectors = [drawn(rng) for _ in range(4)]
    open_documents.put(sectors)
    both = GeofenceTracker(Ground()), GeofenceTracker(Ground())
    x, y = rng.uniform(-900.0, 900.0, (2, BOATS))
    course, speed = rng.uniform(0.0, 2.0 * math.pi, BOATS), rng.choice([0.0, 6.0, 20.0], BOATS)
    past: dict[str, tuple[str, Position]] = {}
    waiting: list[tuple[str, Position]] = []
    for second in range(0, 60, 2):
        now = at(second)
        course += rng.normal(0.0, 0.3, BOATS)
        x, y = x + 2.0 * speed * np.sin(course), y + 2.0 * speed * np.cos(course)
        if second % 12 == 6:
            number = int(rng.integers(len(sectors)))
            old, new = sectors[number], drawn(rng)
            if rng.random() < 0.5:
                new = revise(old, at=now, by="test", polygon=new.polygon)
            else:
                open_documents.put([revise(old, at=now, by="test", retired_at=now)])
            sectors[number] = new
            open_documents.put([new])
        batch, waiting = waiting, []
        for n in range(BOATS):
            off = rng.normal(0.0, 4.0, 2)
            position = Position(
                lon=WEST + (float(x[n]) + float(off[0])) * METRE_DEG,
                lat=SOUTH + (float(y[n]) + float(off[1])) * METRE_DEG,
                time=now + timedelta(milliseconds=n),
                accuracy_m=5.0,
                speed_mps=float(speed[n]) if n % 3 else None,
            )
            if rng.random() < late:
                waiting.append((f"b{n}", position))
            else:
                batch.append((f"b{n}", position))
                past[f"b{n}"] = (f"b{n}", position)
        one, other = both
        for geofence_tracker in both:
            geofence_tracker.take_up(open_documents, lambda: list(past.values()), now)
        heard = [one.see(batch, now), set[str]()]
        for unit in dict.fromkeys(unit for unit, _ in batch):
            # What is over when it becomes known depends on what comes together: a late one and
            # the next may be an entry, and after it a leaving.
            heard[1] |= other.see([fix for fix in batch if fix[0] == unit], now)
        assert heard[0] == heard[1]
        assert set(one.passed()) == set(other.passed())
        for unit in past:
            assert set(one.within(unit)) == set(other.within(unit))
            for each in sectors:
                assert one.stand(unit, each.id) == other.stand(unit, each.id)
                assert one.visits(unit, each.id) == other.visits(unit, each.id)
    assert sum(len(both[0].visits(unit, each.id)) for unit in past for each in sectors) > 0
