"""Link outages: channels that are down, so that units heard by no other do not count as silent.

A dead link is told once, by its channel. That nothing is heard any more of the units behind it is
explained by it and says nothing about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from radio_gateway.health.health import ChannelHealth

HEARD_ON_FOR: Final = timedelta(hours=1)
"""A channel counts among those that hear a sender when it did so this long before the last word."""

BACK_FOR: Final = timedelta(hours=6)
"""How long an outage that is over is remembered, for those who report seldom."""

_WATCHDOG_TIMES: Final = 3.0
"""Expected intervals of a channel within which its silence is noticed
(`radio_gateway.channels.channel`)."""

_ALIVE: Final = ("open", "silent")


class LinkOutage(NamedTuple):
    """Every link that hears a sender is, or was, dead.

    Attributes:
        since: When the last of them stopped hearing, aware UTC.
        by: Their names, while none of them is back.
        until: When the first of them was back, aware UTC; None while all are dead.
    """

    since: datetime
    by: tuple[str, ...]
    until: datetime | None = None


class Links:
    """Which channels are dead now, or were until a short while ago."""

    def __init__(self) -> None:
        self._dead: dict[str, datetime] = {}
        self._back: dict[str, LinkOutage] = {}

    def __bool__(self) -> bool:
        """Whether there is any reason to ask."""
        return bool(self._dead or self._back)

    def put(self, health: ChannelHealth) -> None:
        """Note how a channel fares.

        A silent channel is not a dead one: it may be that nobody speaks. A link that is opened
        again and again is dead since it first broke; one that was only found to be dead, since
        it was last heard, as far back as the finding takes.
        """
        name = health.name
        if health.state in _ALIVE:
            since = self._dead.pop(name, None)
            if since is not None:
                self._back[name] = LinkOutage(since=since, by=(), until=health.since)
        elif name not in self._dead:
            self._back.pop(name, None)
            since = health.since
            if health.last_heard_at is not None and health.expected_interval_s is not None:
                noticed = timedelta(seconds=_WATCHDOG_TIMES * health.expected_interval_s)
                since = max(min(since, health.last_heard_at), since - noticed)
            self._dead[name] = since

    def tick(self, now: datetime) -> None:
        """Forget outages that are long over."""
        for name, cut in list(self._back.items()):
            if cut.until is not None and now - cut.until > BACK_FOR:
                del self._back[name]

    def cut(self, heard_on: Mapping[str, datetime]) -> LinkOutage | None:
        """Return how a sender is cut off; None if some link that hears it works all the time.

        Args:
            heard_on: When each channel heard it last, aware UTC.
        """
        if not heard_on:
            return None
        floor = max(heard_on.values()) - HEARD_ON_FOR
        names = [name for name, at in heard_on.items() if at >= floor]
        dead = [self._dead[name] for name in names if name in self._dead]
        if len(dead) == len(names):
            return LinkOutage(since=max(dead), by=tuple(sorted(names)))
        back = [self._back[name] for name in names if name in self._back]
        if len(dead) + len(back) < len(names):
            return None
        since = max([*dead, *(cut.since for cut in back)])
        return LinkOutage(since=since, by=(), until=min(cut.until for cut in back if cut.until))
