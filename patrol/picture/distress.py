"""A call for help stays until a person says that it is over."""

from __future__ import annotations

from datetime import datetime

from patrol.picture.step import Effect, Step
from radio_gateway.clock.clock import DOUBTFUL
from radio_gateway.messages.transmission import Transmission


def distress(step: Step) -> Effect | None:
    """Latch a call for help, with or without a position, from a believed source or not.

    Args:
        step: What was heard.

    Returns:
        Distress on; None for anything else, also for a call heard before somebody said that it
        was over. Nothing that is *not* heard ends it.
    """
    transmission = step.record.transmission
    if not transmission.distress or step.contact.distress:
        return None
    return Effect(distress=True) if is_later(transmission, step.contact.cleared_at) else None


def is_later(transmission: Transmission, cleared_at: datetime | None) -> bool:
    """Return whether a call was heard after somebody said that the one before was over.

    Both by this side's clocks: the caller's may be slow. While one is doubtful, or a gateway's
    differs from ours, the two say nothing: an old call that comes late rings once more rather than
    a new one not at all.

    Args:
        transmission: The call.
        cleared_at: When the one before was cleared, aware UTC; None when there was none.
    """
    return (
        cleared_at is None or transmission.heard_at > cleared_at or DOUBTFUL in transmission.flags
    )
