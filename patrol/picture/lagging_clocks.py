"""Slow clocks: units whose clocks are behind, by their positions and by those before a restart.

Their positions keep their times. That they are of now is known beside them, and rules judge by
that: a boat that is in a no-go sector now rings, though its clock is an hour slow.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Final

from patrol.alerts.alert import HOLDING, Alert
from patrol.picture.contact import Contact
from patrol.picture.liveness import HISTORICAL_AFTER
from patrol.reception.clock_lag import SAME_S, SlowClock
from radio_gateway.health.health import ChannelHealth

RULE: Final = "doubtful_clock"


BEHIND_S: Final = "behind_s"
"""Fact of an alert: how far the clock of a unit's radio is behind, seconds."""

GROWN_OLD_S: Final = HISTORICAL_AFTER.total_seconds() + 10.0
"""What was not looked at before and is no older than this came in time, and nothing came since."""


def look(
    contact: Contact,
    now: datetime,
    recordings: Container[str],
    channels: Mapping[str, ChannelHealth],
) -> None:
    """See whether a unit's clock is behind; about once a second.

    Args:
        contact: Its clock is noted in it.
        now: The present, aware UTC.
        recordings: Channels that play what was heard once.
        channels: How channels and gateways fare, by name.
    """
    last, slow = contact.last, contact.slow
    if last is None or now - last.time <= HISTORICAL_AFTER:
        contact.slow, contact.behind_s = None, 0.0
        return
    if slow is not None and slow.time == last.time:
        return  # as of most that are silent
    if slow is None:
        heard_on = contact.heard_on
        if not heard_on:
            return
        channel = max(heard_on, key=heard_on.__getitem__)
        if channel in recordings:
            return
        lag_s = (now - last.time).total_seconds()
        slow = SlowClock(lag_s, now, last.time)
        if abs(lag_s - _behind_s(channels.get(channel.partition("/")[0]))) <= SAME_S:
            slow = SlowClock.restored(lag_s, now)  # by the clock of its gateway, which is
        heard_ago_s = (now - (contact.heard_at or last.time)).total_seconds()
        if lag_s > GROWN_OLD_S and heard_ago_s <= SAME_S:
            slow.came_at = now
        contact.slow = slow
    slow.hear(last.time, now)
    contact.behind_s = slow.behind_s(now)


def _behind_s(gateway: ChannelHealth | None) -> float:
    """Return how far a gateway's clock is behind, as it or this node found; 0 where it is not."""
    doubt = None if gateway is None else gateway.clock
    if doubt is None or doubt.kind == "set":
        return 0.0
    return max(0.0, -doubt.by_s if doubt.kind == "gateway" else doubt.by_s)


def take_up(contacts: Mapping[str, Contact], alerts: Iterable[Alert]) -> None:
    """Know again whose clock was behind before a restart, by the alert that tells of it."""
    for alert in alerts:
        contact = contacts.get(alert.unit or "")
        behind_s = alert.facts.get(BEHIND_S)
        if alert.rule != RULE or alert.state not in HOLDING or contact is None:
            continue
        if isinstance(behind_s, int | float):
            contact.behind_s = float(behind_s)
            contact.slow = SlowClock.restored(contact.behind_s, alert.raised_at)
