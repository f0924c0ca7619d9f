"""One GNSS epoch: the sentences a receiver sends about one moment, gathered into one.

No sentence says that it is the last one of its epoch. What tells is the next epoch: another time
of day, a sentence type that was there already, or silence. Waiting for that would make every fix
late; so it is learnt, for each source, which sentence comes last (as gpsd does), and from then on
the epoch leaves with it. A type that was once followed by more of its own epoch is not trusted
again: receivers that send some sentences at every fix and others more seldom then end their
epochs by the next one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from radio_gateway.protocols.nmea_fields import Part

SILENCE = timedelta(seconds=0.3)


class Epoch:
    """The parts of one epoch, in the order heard.

    Attributes:
        parts: What the sentences said.
        payloads: Their frames.
        heard_at: When the first was heard, aware UTC.
        last_heard_at: When the source was last heard, aware UTC.
        time_of_day_us: The epoch's time of day; None while no part has said it.
    """

    __slots__ = ("heard_at", "last_heard_at", "parts", "payloads", "time_of_day_us")

    def __init__(self, part: Part, payload: bytes, heard_at: datetime) -> None:
        self.parts = [part]
        self.payloads = [payload]
        self.heard_at = self.last_heard_at = heard_at
        self.time_of_day_us = part.time_of_day_us

    def takes(self, part: Part, heard_at: datetime) -> bool:
        """Return whether `part` can belong to this epoch."""
        if part.time_of_day_us is not None and self.time_of_day_us is not None:
            if part.time_of_day_us != self.time_of_day_us:
                return False
        elif heard_at - self.last_heard_at > SILENCE:
            return False
        return all(other.name != part.name for other in self.parts)

    def add(self, part: Part, payload: bytes, heard_at: datetime) -> None:
        """Add a part that this epoch takes."""
        self.parts.append(part)
        self.payloads.append(payload)
        self.last_heard_at = heard_at
        if self.time_of_day_us is None:
            self.time_of_day_us = part.time_of_day_us


class EpochGatherer:
    """Gathers the epochs of one source and learns which sentence ends them."""

    def __init__(self) -> None:
        self._open: Epoch | None = None
        self._left: Epoch | None = None  # the last one that left before the next began
        self._ends: set[str] = set()
        self._never_ends: set[str] = set()

    def add(self, part: Part, payload: bytes, heard_at: datetime) -> list[Epoch]:
        """Take one sentence and return the epochs that are now complete, oldest first."""
        complete: list[Epoch] = []
        epoch = self._open
        if epoch is not None and epoch.takes(part, heard_at):
            epoch.add(part, payload, heard_at)
        else:
            if epoch is not None:
                complete.append(epoch)
                self._learn(epoch)
            else:
                self._unlearn(part, heard_at)
            epoch = self._open = Epoch(part, payload, heard_at)
        if part.name in self._ends:
            complete.append(epoch)
            self._open, self._left = None, epoch
        return complete

    def heard(self, at: datetime) -> None:
        """Note that the source is still sending: satellites in view, say, take a slow line long."""
        if self._open is not None:
            self._open.last_heard_at = at

    def flush(self, now: datetime | None) -> Epoch | None:
        """Return the open epoch when there was silence since, or `now` is None."""
        epoch = self._open
        if epoch is None:
            return None
        if now is not None:
            if now - epoch.last_heard_at < SILENCE:
                return None
            self._learn(epoch)
        self._open, self._left = None, epoch
        return epoch

    def waiting(self) -> bool:
        """Return whether an epoch is open."""
        return self._open is not None

    def _learn(self, epoch: Epoch) -> None:
        last = epoch.parts[-1].name
        if last not in self._never_ends:
            self._ends.add(last)

    def _unlearn(self, part: Part, heard_at: datetime) -> None:
        """See whether `part` belongs to the epoch that left already."""
        left, self._left = self._left, None
        if left is not None and left.takes(part, heard_at):
            last = left.parts[-1].name
            self._ends.discard(last)
            self._never_ends.add(last)
