"""Rule: a sensor reports that a person lies still."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.scene import Condition, Scene, about


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
