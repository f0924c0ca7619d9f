"""A radio that one agency heard as unknown stands for another agency's unit from now on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from patrol.alarms.scene import Condition, Scene, about


def taken_radio(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each: who heard it hears no more of it, and must know why."""
    for each in scene.taken:
        told: dict[str, Any] = {}
        contact = scene.contacts.get(each.address)
        if contact is not None:
            told = about(contact)
        yield Condition(
            rule="taken_radio",
            subject=each.address,
            severity="medium",
            since=each.since,
            facts={"address": each.address, "by": each.by},
            **(told | {"agency": each.heard_by}),
        )
