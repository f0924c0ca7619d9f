"""What is told of a time long ago holds all of it, whatever was done since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from maps.surveys.heat_map import outings_of
from patrol.desks.planning.patrols import MOST_PATROLS


async def test_no_patrol_of_long_ago_is_left_out() -> None:
    start = datetime(2025, 3, 1, tzinfo=UTC)
    end = start + timedelta(days=2)
    kept = [
        SimpleNamespace(
            id=str(n), started_at=begun, ended_at=begun + timedelta(hours=2), units=[f"u{n}"]
        )
        for n in range(2 * MOST_PATROLS)
        for begun in [start + timedelta(hours=4 * n)]
    ]

    async def past(*, since: datetime, until: datetime) -> list[SimpleNamespace]:
        some = [each for each in kept if since <= each.ended_at < until]
        return sorted(some, key=lambda each: each.ended_at, reverse=True)[:MOST_PATROLS]

    desk: Any = SimpleNamespace(patrols=SimpleNamespace(past=past, all=lambda state: []))
    found = await outings_of(desk, start, end)
    assert sorted(found) == sorted(f"u{n}" for n in range(12))
