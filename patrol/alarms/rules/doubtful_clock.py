"""Rule: the clock of a computer or radio is doubtful: it was set, or other clocks disagree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from patrol.alarms.scene import Condition, Scene, about
from patrol.picture.contact import Contact
from patrol.picture.lagging_clocks import BEHIND_S, RULE
from radio_gateway.clock.clock import CLOCK_CHANNEL

TOLD_FROM_S: Final = 900.0
"""A unit whose positions are all less old than this, as they come, is perhaps far away by wire."""


def doubtful_clock(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each computer whose clock is doubtful: this one, and gateways'; and for
    each unit whose radio's clock is behind.

    Not for units that are heard by a computer whose own clock is doubtful: that is what is wrong.
    """
    for name, health in scene.channels.items():
        doubt = health.clock
        if doubt is None:
            continue
        yield Condition(
            rule=RULE,
            subject=name,
            agency=scene.agency,
            severity="high",
            since=doubt.at,
            facts={
                "computer": scene.node if name == CLOCK_CHANNEL else name,
                "by": f"{'+' if doubt.by_s > 0 else '-'}{_hours(doubt.by_s)}",
                "cause": doubt.kind,
            },
        )
    for contact in scene.contacts.values():
        slow = contact.slow
        if slow is None or contact.unit is None or contact.behind_s < TOLD_FROM_S:
            continue
        if _has_doubtful_clock(scene, contact):
            continue
        yield Condition(
            rule=RULE,
            subject=contact.id,
            severity="medium",
            since=slow.since,
            facts={
                "computer": contact.call_sign,
                "by": f"-{_hours(contact.behind_s)}",
                "cause": "radio",
                BEHIND_S: round(contact.behind_s),
            },
            **about(contact),
        )


def _has_doubtful_clock(scene: Scene, contact: Contact) -> bool:
    for name in (CLOCK_CHANNEL, *(channel.partition("/")[0] for channel in contact.heard_on)):
        health = scene.channels.get(name)
        if health is not None and health.clock is not None:
            return True
    return False


def _hours(seconds: float) -> str:
    return str(timedelta(seconds=round(abs(seconds))))
