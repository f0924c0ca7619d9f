"""Live, late, lost or never heard: by each unit's own expected interval.

Unless its links are dead: then nothing is known of it, and the link is what is wrong.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from patrol.picture.contact import Contact
from patrol.picture.step import Effect, Step
from patrol.units.units import Liveness

HISTORICAL_AFTER: Final = timedelta(minutes=5)
"""What is known only by fixes older than this is historical: it does not ring."""

LATE_AFTER: Final = 2.0
"""Expected intervals after which a unit is late: one report may be lost."""

LOST_AFTER: Final = 5.0
"""Expected intervals after which a unit is lost."""


def liveness(contact: Contact, now: datetime) -> Effect | None:
    """Judge by the age of the newest believed position; by when it was heard if it has none.

    Where its clock is known to be slow, by the age that it has by a right one.

    Args:
        contact: Unit or unknown radio.
        now: The present, aware UTC.

    Returns:
        The new state; None when it is what it was.
    """
    newest = newest_at(contact)
    if newest is None:
        state: Liveness = "never"
    else:
        intervals = (now - newest).total_seconds() / contact.expected_interval_s
        state = "live" if intervals <= LATE_AFTER else "late" if intervals <= LOST_AFTER else "lost"
        if state != "live" and _explained(contact, newest, now):
            state = "cut"
    return None if state == contact.liveness else Effect(liveness=state)


def newest_at(contact: Contact) -> datetime | None:
    """Return when its newest believed position was, by our clock; when it was heard without one."""
    if contact.last is None:
        return contact.heard_at
    newest = contact.last.time
    return newest + timedelta(seconds=contact.behind_s) if contact.behind_s else newest


def liveness_on_move(step: Step) -> Effect | None:
    """Judge at once when a position moves the marker, not only at the next tick."""
    if step.fix is None or not step.fix.live:
        return None
    return liveness(step.contact, step.record.transmission.heard_at)


def _explained(contact: Contact, newest: datetime, now: datetime) -> bool:
    """Return whether its dead links explain that nothing came since `newest`.

    They do for one that was not lost before, until it had time to report over a link that is back.
    """
    cut = contact.cut
    if cut is None:
        return False
    interval_s = contact.expected_interval_s
    if (cut.since - newest).total_seconds() > LOST_AFTER * interval_s:
        return False
    return cut.until is None or (now - cut.until).total_seconds() <= LATE_AFTER * interval_s
