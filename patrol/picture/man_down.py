"""A sensor says that somebody lies still: a call for help that nobody could make."""

from __future__ import annotations

from typing import Final

from patrol.picture.distress import is_later
from patrol.picture.step import Effect, Step
from radio_gateway.messages.distress_words import MAN_DOWN, is_man_down
from radio_gateway.messages.transmission import Transmission

_FACTS: Final = frozenset({"alarm", "event", "emergency"})


def says_man_down(transmission: Transmission) -> bool:
    """Return whether a message says that somebody lies still, by its status, flags or facts.

    >>> from datetime import UTC, datetime
    >>> from msgspec import structs
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> said = Transmission(protocol="gt06", kind="status", heard_at=at, status="sos")
    >>> says_man_down(said)
    False
    >>> says_man_down(structs.replace(said, facts={"alarm": "fallDown"}))
    True
    """
    if transmission.status is not None and is_man_down(transmission.status):
        return True
    if transmission.flags and not MAN_DOWN.isdisjoint(transmission.flags):
        return True
    facts = transmission.facts
    if not ("alarm" in facts or "event" in facts or "emergency" in facts):
        return False  # nearly all messages: this is asked of each
    return any(isinstance(word := facts.get(name), str) and is_man_down(word) for name in _FACTS)


def latch_man_down(step: Step) -> Effect | None:
    """Latch it as a call for help, whether or not the protocol counts it as one.

    Args:
        step: What was heard.

    Returns:
        Distress on; None for anything else, also for what was heard before somebody said that it
        was over.
    """
    transmission = step.record.transmission
    if transmission.distress or step.contact.distress or not says_man_down(transmission):
        return None  # what is distress by itself is latched as such
    return Effect(distress=True) if is_later(transmission, step.contact.cleared_at) else None
