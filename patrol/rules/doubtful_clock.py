"""The times of a computer are doubtful: its clock was set, or radios or the node tell another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from patrol.rules.scene import Condition, Scene
from radio_gateway.clock import CLOCK_CHANNEL


def doubtful_clock(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each computer whose clock is doubtful: this one, and gateways'."""
    for name, health in scene.channels.items():
        doubt = health.clock
        if doubt is None:
            continue
        yield Condition(
            rule="doubtful_clock",
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


def _hours(seconds: float) -> str:
    return str(timedelta(seconds=round(abs(seconds))))
