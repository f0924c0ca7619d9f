"""Rule: a remote gateway sends what it has no right to send: compromised, or misconfigured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from patrol.alarms.scene import Condition, Scene

RULE: Final = "gateway_overreach"


def gateway_overreach(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each gateway that lately said what no decoder makes, or what another
    gateway heard; the node believed none of it.
    """
    for name, health in scene.channels.items():
        if health.overreach is None or "/" in name:  # what it says of its channels is its own word
            continue
        yield Condition(
            rule=RULE,
            subject=name,
            agency=scene.agency,
            severity="high",
            since=health.overreach.since,
            facts={"gateway": name, "fault": health.overreach.fault},
        )
