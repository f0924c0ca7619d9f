"""A call for help stays until a person says that it is over."""

from __future__ import annotations

from patrol.rules.step import Effect, Step


def distress(step: Step) -> Effect | None:
    """Latch a call for help, with or without a position, from a believed source or not.

    Args:
        step: What was heard.

    Returns:
        Distress on; None for anything else. Nothing that is *not* heard ends it.
    """
    if step.record.transmission.distress and not step.contact.distress:
        return Effect(distress=True)
    return None
