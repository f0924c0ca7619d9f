"""Slow clocks: which units' clocks are behind, as their positions tell, and told before a restart.

Their positions keep their times. That they are of now is known beside them, and rules judge by
that: a boat that is in a no-go sector now rings, though its clock is an hour slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from patrol.alerts import HOLDING, Alert
from patrol.contacts import Contact
from patrol.rules.doubtful_clock import BEHIND_S, RULE
from patrol.rules.scene import HISTORICAL_AFTER
from patrol.slow_clock import SlowClock


def look(contact: Contact, now: datetime, recordings: Iterable[str]) -> None:
    """See whether a unit's clock is behind; about once a second.

    Args:
        contact: Its clock is noted in it.
        now: The present, aware UTC.
        recordings: Channels that play what was heard once.
    """
    last, slow = contact.last, contact.slow
    if last is None or now - last.time <= HISTORICAL_AFTER:
        contact.slow, contact.behind_s = None, 0.0
        return
    if slow is None:
        heard_on = contact.heard_on
        if not heard_on or max(heard_on, key=heard_on.__getitem__) in recordings:
            return
        contact.slow = SlowClock((now - last.time).total_seconds(), now, last.time)
        return
    slow.hear(last.time, now)
    contact.behind_s = slow.behind_s(now)


def take_up(contacts: Mapping[str, Contact], alerts: Iterable[Alert]) -> None:
    """Know again whose clock was behind before a restart, by the alert that tells of it."""
    for alert in alerts:
        contact = contacts.get(alert.unit or "")
        behind_s = alert.facts.get(BEHIND_S)
        if alert.rule != RULE or alert.state not in HOLDING or contact is None:
            continue
        if isinstance(behind_s, int | float):
            contact.behind_s = float(behind_s)
            contact.slow = SlowClock.known(contact.behind_s, alert.raised_at)
