"""A call for help stays until a person says that it is over."""

from __future__ import annotations

from patrol.rules.step import Effect, Step


def distress(step: Step) -> Effect | None:
    """Latch a call for help, with or without a position, from a believed source or not.

    Args:
        step: What was heard.

    Returns:
        Distress on; None for anything else, also for a call heard before somebody said that it
        was over. Nothing that is *not* heard ends it.
    """
    said = step.record.transmission
    if not said.distress or step.contact.distress:
        return None
    # Both by this side's clock: the caller's may be slow, and an old call that comes late rings
    # once more rather than a new one not at all.
    cleared_at = step.contact.cleared_at
    if cleared_at is None or said.heard_at > cleared_at:
        return Effect(distress=True)
    return None
