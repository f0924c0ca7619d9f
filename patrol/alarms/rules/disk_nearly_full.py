"""The disk of the store is nearly full: nothing more is stored, or answered, once it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from patrol.alarms.disk_room import DiskRoom
from patrol.alarms.scene import Condition, Scene
from patrol.alerts.alert import Severity, Value

RULE: Final = "disk_nearly_full"

SOON_DAYS: Final = 7.0
NOW_DAYS: Final = 1.0
LITTLE_BYTES: Final = 2_000_000_000
LITTLE_SHARE: Final = 0.1
LEAST_BYTES: Final = 300_000_000
"""Below the first two, or below the last, it is told whatever the rate: a copy of the store, such
as a back-up makes, may take as much at once."""


def disk_nearly_full(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for the disk of the store while it fills in days, or has little left."""
    room = scene.disk
    severity = None if room is None else urgency(room)
    if room is None or severity is None:
        return
    facts: dict[str, Value] = {"free_mb": round(room.free_bytes / 1e6)}
    if room.days_left is not None:
        facts["days"] = round(room.days_left, 1) if room.days_left < 3 else round(room.days_left)
    yield Condition(
        rule=RULE,
        subject="disk",
        agency=scene.agency,
        severity=severity,
        since=scene.now,
        facts=facts,
    )


def urgency(room: DiskRoom) -> Severity | None:
    """Return how bad it is; None while there is room enough."""
    days = float("inf") if room.days_left is None else room.days_left
    is_half_used = room.free_bytes < room.total_bytes / 2  # else one large file may be the rate
    if (days < NOW_DAYS and is_half_used) or room.free_bytes < LEAST_BYTES:
        return "high"
    little = min(LITTLE_BYTES, LITTLE_SHARE * room.total_bytes)
    if days < SOON_DAYS or room.free_bytes < little:
        return "medium"
    return None
