"""A patrol has not begun in time; a unit under way has not checked in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from patrol.alarms.scene import Condition, Scene, about
from patrol.alerts.alert import Value


def start_overdue(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each patrol that should have begun, for each agency that takes part."""
    for patrol in scene.patrols:
        if not patrol.start_overdue:
            continue
        for agency in sorted({patrol.agency, *patrol.agencies}):
            yield Condition(
                rule="start_overdue",
                subject=patrol.id,
                agency=agency,
                severity="medium",
                since=patrol.starts_at + timedelta(seconds=patrol.start_grace_s),
                facts={"patrol": patrol.id, "patrol_name": patrol.name},
            )


def check_in_overdue(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each unit that should have checked in, for its own agency."""
    for patrol in scene.patrols:
        for unit in patrol.check_in_overdue:
            contact = scene.contacts.get(unit)
            owner = next((each.agency for each in patrol.members if each.unit == unit), None)
            if owner is None:
                continue
            facts: dict[str, Value] = {"patrol": patrol.id, "patrol_name": patrol.name}
            where: dict[str, Any] = {"unit": unit}
            if contact is not None:
                facts["call_sign"] = contact.call_sign
                where = about(contact)
            yield Condition(
                rule="check_in_overdue",
                subject=f"{unit}|{patrol.id}",
                severity="high",
                since=scene.now,
                facts=facts,
                **(where | {"agency": owner}),
            )
