"""A unit's battery is nearly empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from patrol.alarms.scene import Battery, Condition, Scene, about
from radio_gateway.messages.transmission import Transmission

LOW_PCT: Final = 15.0
WELL_PCT: Final = 25.0
"""Once low it counts as low up to this: a reading that wavers rings once."""

WORD_FOR: Final = timedelta(hours=24)
"""How long the bare word that a battery is low holds: by then it is charged, or empty."""

BATTERY_FACTS: Final = frozenset({"battery_pct", "low_battery", "alarm", "battery_state", "event"})
"""Facts that may say something of a battery; most messages have none of them."""

_WORDS: Final = frozenset({"lowbattery", "low_battery", "low battery", "lowpower", "low"})


def battery_after(
    transmission: Transmission, at: datetime, before: Battery | None
) -> Battery | None:
    """Return a battery's state after a message; None if the message has nothing new about it.

    Args:
        transmission: The message.
        at: Its effective time.
        before: What was known; older messages that come late change nothing.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> told = Transmission(protocol="x", kind="status", heard_at=at, facts={"battery_pct": 12})
    >>> battery_after(told, at, None).low
    True
    """
    facts = transmission.facts
    pct = facts.get("battery_pct")
    if isinstance(pct, bool) or not isinstance(pct, int | float):
        if not _is_low(transmission):
            return None
        pct = None
    if before is not None and at <= before.at:
        return None
    if pct is None:
        return Battery(None, True, at)
    was_low = before is not None and before.low
    return Battery(float(pct), pct < WELL_PCT if was_low else pct <= LOW_PCT, at)


def low_battery(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each registered unit whose radio reported a low battery.

    One that tells no percentage never tells that it was charged: its word holds for `WORD_FOR`.
    """
    for id, battery in scene.batteries.items():
        contact = scene.contacts.get(id)
        if not battery.low or contact is None or contact.unit is None:
            continue
        if battery.pct is None and scene.now - battery.at > WORD_FOR:
            continue
        facts: dict[str, str | int | float | bool] = {"call_sign": contact.call_sign}
        if battery.pct is not None:
            facts["battery_pct"] = battery.pct
        yield Condition(
            rule="low_battery",
            subject=id,
            severity="low",
            since=battery.at,
            facts=facts,
            **about(contact),
        )


def _is_low(transmission: Transmission) -> bool:
    facts = transmission.facts
    if facts.get("low_battery") is True:
        return True
    words = (
        transmission.status,
        facts.get("alarm"),
        facts.get("battery_state"),
        facts.get("event"),
    )
    return any(isinstance(word, str) and word.lower() in _WORDS for word in words)
