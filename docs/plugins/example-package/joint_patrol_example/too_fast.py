"""Too fast: a unit reports a speed that no patrol boat has: its radio or clock is off."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.scene import AlertRule, Condition, Scene, about

LIMIT_MPS = 25.0


def too_fast(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each registered unit whose newest position is faster than that."""
    for contact in scene.contacts.values():
        last = contact.last
        if contact.unit is None or last is None or last.speed_mps is None:
            continue
        if last.speed_mps > LIMIT_MPS:
            yield Condition(
                rule="too_fast",
                subject=contact.id,
                severity="low",
                since=last.time,
                facts={"call_sign": contact.call_sign, "speed_mps": round(last.speed_mps, 1)},
                **about(contact),
            )


RULE = AlertRule("too_fast", too_fast)
