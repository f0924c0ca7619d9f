"""Rule: a radio that one agency received as unknown is now assigned to another agency's unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from patrol.alarms.scene import Condition, Scene, about


def taken_radio(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each such radio, for the agency that will not receive it any more."""
    for each in scene.taken_radios:
        facts: dict[str, Any] = {}
        contact = scene.contacts.get(each.address)
        if contact is not None:
            facts = about(contact)
        yield Condition(
            rule="taken_radio",
            subject=each.address,
            severity="medium",
            since=each.since,
            facts={"address": each.address, "by": each.by},
            **(facts | {"agency": each.heard_by}),
        )
