"""Rule: an offered target that the counterpart does not answer."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.scene import Condition, Scene


def unanswered_offer(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each offer that silence has escalated, for both sides.

    Who offered has the target still and must act; who was offered it must answer. What is told
    names the offer and the other agency and nothing of the target. It is gone with an answer, or
    when the offer lapses, is taken back or cut.
    """
    for offer in scene.hand_offs:
        if offer.state != "escalated":
            continue
        since = offer.escalates_at[min(offer.level, len(offer.escalates_at)) - 1]
        sides = (
            (offer.agency, offer.node, offer.to_agency),
            (offer.to_agency, offer.to_node, offer.agency),
        )
        for agency, node, other in sides:
            if node != scene.node:
                continue  # it is told in its own node
            yield Condition(
                rule="unanswered_offer",
                subject=offer.id,
                agency=agency,
                severity="high",
                since=since,
                facts={"hand_off": offer.id, "other": other, "level": offer.level},
            )
