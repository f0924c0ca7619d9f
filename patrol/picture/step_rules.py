"""Rules that are asked of each message and each second, in the order they run.

The rules of alerts: `patrol.alarms.rules`. A new rule is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from patrol.picture.contact import Contact
from patrol.picture.distress import distress
from patrol.picture.liveness import LATE_AFTER, liveness, liveness_on_move
from patrol.picture.man_down import latch_man_down, says_man_down
from patrol.picture.step import Effect, Step
from patrol.reception.record import Record
from patrol.units.wire import Fix

STEP_RULES: Final[tuple[Callable[[Step], Effect | None], ...]] = (
    liveness_on_move,
    distress,
    latch_man_down,
)
"""Asked after each transmission that is not `usual`."""


def usual(contact: Contact, record: Record, fix: Fix | None) -> bool:
    """Return whether no step rule has anything to say of a message, as of nearly all in a flood.

    Args:
        contact: Who sent it, after it was taken.
        record: The message.
        fix: The position that joined, if one did.
    """
    transmission = record.transmission
    if transmission.distress or says_man_down(transmission):
        return False
    if fix is None or not fix.live:
        return True
    # It is live and, its newest believed position being this one, still is.
    age_s = (transmission.heard_at - fix.time).total_seconds()
    return contact.liveness == "live" and age_s <= LATE_AFTER * contact.expected_interval_s


CLOCK_RULES: Final[tuple[Callable[[Contact, datetime], Effect | None], ...]] = (liveness,)
"""Asked once a second, for what did not arrive."""
