"""Clock health: whether the times of this node can be believed, told as the channel `clock`.

What is heard while they cannot is kept and shown as ever, with the flag `doubtful_clock`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from patrol.intake.batch import Batch
from radio_gateway.clock.clock import SAMPLE, Clock
from radio_gateway.health.health import ChannelHealth, ClockDoubt


class ClockHealth:
    """How the clock of a node's computer fares.

    Args:
        clock: The time of this process.
        publish: Called with it whenever it changes.
    """

    def __init__(self, clock: Clock, publish: Callable[[Sequence[ChannelHealth]], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._published: ClockDoubt | None = None

    def observe(self, batch: Batch) -> None:
        """Learn what clocks of radios say; flag what was heard if times are doubtful."""
        clock, deliveries = self._clock, batch.deliveries
        clock.observe([each.transmission for each in deliveries[:SAMPLE]])
        if clock.doubt is not None:
            batch.deliveries = [
                replace(each, transmission=clock.mark(each.transmission)) for each in deliveries
            ]

    def look(self) -> None:
        """See whether the clock was set, or is right again; about once a second."""
        self._clock.look()
        if self._clock.doubt != self._published:
            self._published = self._clock.doubt
            self._publish([self._clock.health()])
