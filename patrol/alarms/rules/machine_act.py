"""A command on this node's machine changed a user, device or token of another agency."""

from __future__ import annotations

from collections.abc import Iterator

from patrol.alarms.machine_acts import RULE
from patrol.alarms.scene import Condition, Scene


def machine_act(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each that is new: whose people they are must know."""
    for each in scene.machine_acts:
        yield Condition(
            rule=RULE,
            subject=str(each.number),
            agency=each.agency,
            severity="high",
            since=each.at,
            facts={"act": each.act, "name": each.name},
        )
