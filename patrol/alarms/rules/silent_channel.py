"""Rule: a link is down or silent: one alert for it, not one for each unit behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from patrol.alarms.scene import Condition, Scene
from patrol.alerts.alert import Alert
from radio_gateway.clock.clock import CLOCK_CHANNEL

BAD_FOR: Final = timedelta(seconds=30)
"""A link that is back sooner was opened anew, which happens."""

KNOWN_WITHIN: Final = timedelta(minutes=2)
"""After a start, how long channels may take to tell how they fare."""

NO_LINK: Final = frozenset({"store", CLOCK_CHANNEL})
"""Told as channels, and none."""


def silent_channel(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each link that does not work, or is silent longer than expected.

    Behind a gateway whose own way to us is dead the gateway alone is told.
    """
    for name, since in scene.bad_since.items():
        health = scene.channels.get(name)
        if health is None or name in NO_LINK or scene.now - since < BAD_FOR:
            continue
        gateway, _, channel = name.partition("/")
        if channel and gateway in scene.bad_since:
            continue
        yield Condition(
            rule="silent_channel",
            subject=name,
            agency=scene.agency,
            severity="high",
            since=since,
            facts={"channel": name, "state": health.state, "fault": health.fault or ""},
        )


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether the link is not known to work yet."""
    if alert.subject not in scene.channels:
        return scene.now - scene.started_at < KNOWN_WITHIN
    since = scene.bad_since.get(alert.subject)
    return since is not None and scene.now - since < BAD_FOR
