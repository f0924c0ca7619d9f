"""What reports gather is whole, however much it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from maps.reports.records.records import alerts_between, hand_offs_between
from patrol.desks.watch_room.alerts import MOST_ALERTS


async def test_no_alert_is_left_out_of_a_busy_month() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    end = start + timedelta(days=2)
    changed = [
        SimpleNamespace(id=str(n), raised_at=start + timedelta(seconds=n), at=at)
        for n in range(3 * MOST_ALERTS)
        # One hour in which many changed, and many that changed on one day weeks later.
        for at in [(start if n % 2 else end + timedelta(days=20)) + timedelta(seconds=n)]
    ]

    async def history(
        *, start: datetime, end: datetime | None = None, limit: int
    ) -> list[SimpleNamespace]:
        some = [each for each in changed if start <= each.at and (end is None or each.at < end)]
        return sorted(some, key=lambda each: each.at, reverse=True)[:limit]

    desk: Any = SimpleNamespace(alerts=SimpleNamespace(history=history))
    found = await alerts_between(desk, start, end)
    assert [each.id for each in found] == [str(n) for n in range(3 * MOST_ALERTS)]


async def test_a_hand_off_is_sent_though_the_other_node_was_away_until_long_after() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    end = start + timedelta(days=2)
    offered = start + timedelta(days=1)
    kept = [
        SimpleNamespace(id=str(days), offered_at=offered, at=offered + timedelta(days=days),
                        state="accepted")
        for days in (0, 5, 40)
    ]  # fmt: skip

    async def past(*, since: datetime, until: datetime) -> list[SimpleNamespace]:
        return [each for each in kept if since <= each.at < until]

    async def versions(id: str) -> list[SimpleNamespace]:
        return [each for each in kept if each.id == id]

    desk: Any = SimpleNamespace(hand_offs=SimpleNamespace(all=list, past=past, versions=versions))
    found = await hand_offs_between(desk, start, end)
    assert sorted(each.hand_off.id for each in found) == ["0", "40", "5"]
