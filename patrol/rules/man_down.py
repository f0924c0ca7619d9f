"""A sensor says that somebody lies still: a call for help that nobody could make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from patrol.rules.distress import is_later
from patrol.rules.scene import Condition, Scene, about
from patrol.rules.step import Effect, Step
from radio_gateway.calls import MAN_DOWN, is_man_down
from radio_gateway.transmission import Transmission

_FACTS: Final = frozenset({"alarm", "event", "emergency"})


def says_man_down(said: Transmission) -> bool:
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
    if said.status is not None and is_man_down(said.status):
        return True
    if said.flags and not MAN_DOWN.isdisjoint(said.flags):
        return True
    facts = said.facts
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
    said = step.record.transmission
    if said.distress or step.contact.distress or not says_man_down(said):
        return None  # what is distress by itself is latched as such
    return Effect(distress=True) if is_later(said, step.contact.cleared_at) else None


def man_down(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each call for help that a sensor made; until a person ends it."""
    for contact in scene.contacts.values():
        if contact.distress:
            call = scene.calls.get(contact.id)
            if call is not None and call.man_down_at is not None:
                yield Condition(
                    rule="man_down",
                    subject=contact.id,
                    severity="sos",
                    since=call.man_down_at,
                    facts={"call_sign": contact.call_sign},
                    **about(contact),
                )
