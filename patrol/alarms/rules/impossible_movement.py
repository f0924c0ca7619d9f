"""A radio is where it cannot have gone, or is in two places: spoofed, copied or wrongly bound."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.scene import Condition, Scene, about


def impossible_movement(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each address with two senders, and each unit that jumped.

    One wild fix is a receiver's noise; a jump counts once a second position bears it out.
    """
    claimed: set[str] = set()
    for claim in scene.claims:
        subject = claim.unit or claim.address
        contact = scene.contacts.get(subject)
        if contact is None or subject in claimed:
            continue
        claimed.add(subject)
        facts: dict[str, str | int | float | bool] = {
            "call_sign": contact.call_sign,
            "address": claim.address,
            "channel": claim.channel,
        }
        if claim.distance_m is not None:
            facts["distance_m"] = round(claim.distance_m)
        yield Condition(
            rule="impossible_movement",
            subject=subject,
            severity="high",
            since=claim.since,
            facts=facts,
            **(about(contact) | {"agency": claim.agency}),
        )
    for contact in scene.contacts.values():
        if contact.clean or contact.unit is None or contact.id in claimed:
            continue
        jumped_at = contact.jumped_at
        if jumped_at is not None:
            yield Condition(
                rule="impossible_movement",
                subject=contact.id,
                severity="high",
                since=jumped_at,
                facts={"call_sign": contact.call_sign},
                **about(contact),
            )
