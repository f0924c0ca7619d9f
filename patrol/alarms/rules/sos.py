"""Rule: a unit called for help and no person has ended the call."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.scene import Condition, Scene, about


def sos(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each call for help that a person made.

    The latch of the picture is the truth: it is on disk with the message, so that a call rings
    also after a crash right behind it. An old call that comes late rings too.
    """
    for contact in scene.contacts.values():
        if contact.distress:
            call = scene.calls.get(contact.id)
            since = contact.heard_at or scene.now if call is None else call.by_hand_at
            if since is not None:
                yield Condition(
                    rule="sos",
                    subject=contact.id,
                    severity="sos",
                    since=since,
                    facts={"call_sign": contact.call_sign},
                    **about(contact),
                )
