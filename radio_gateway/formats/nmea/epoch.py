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

import msgspec

from radio_gateway.decoding.framing import Frame
from radio_gateway.formats.nmea.fields import SentencePart
from radio_gateway.formats.nmea.sentence import Sentence

SILENCE = timedelta(seconds=0.3)

# Quality flags of a part: the later in this list, the more it says about the epoch as a whole.
DOUBTS = (None, "estimated", "no_fix", "stale_position", "manual_input", "simulator")


class Epoch(msgspec.Struct, gc=False):
    """What the sentences of one epoch said together.

    Attributes:
        sentence: The first sentence, for what it says beside its fields.
        frame: Its frame.
        whole: What all of them said.
        names: Their types, in the order heard.
        raw: Their frames, one a line.
        last_heard_at: When the source was last heard, aware UTC.
    """

    sentence: Sentence
    frame: Frame
    whole: SentencePart
    names: tuple[str, ...]
    raw: bytes
    last_heard_at: datetime

    def takes(self, part: SentencePart, heard_at: datetime) -> bool:
        """Return whether `part` can belong to this epoch."""
        return self.key().takes(part, heard_at)

    def key(self) -> EpochKey:
        """Return what is remembered once it has left."""
        return EpochKey(self.names, self.whole.time_of_day, self.last_heard_at)

    def add(self, part: SentencePart, frame: Frame) -> None:
        """Add a part that this epoch takes."""
        merge(self.whole, part)
        self.names = (*self.names, part.name)
        self.raw += b"\r\n" + frame.payload
        self.last_heard_at = frame.heard_at


class EpochKey(msgspec.Struct, frozen=True, gc=False):
    """What must be known of an epoch to tell whether a sentence belongs to it.

    Attributes:
        names: The types of its sentences, in the order heard.
        time_of_day: What they said.
        last_heard_at: When the source was last heard, aware UTC.
    """

    names: tuple[str, ...]
    time_of_day: timedelta | None
    last_heard_at: datetime

    def takes(self, part: SentencePart, heard_at: datetime) -> bool:
        """Return whether `part` can belong to the epoch."""
        time_of_day = self.time_of_day
        if part.time_of_day is not None and time_of_day is not None:
            if part.time_of_day != time_of_day:
                return False
        elif heard_at - self.last_heard_at > SILENCE:
            return False
        return part.name not in self.names


def merge(whole: SentencePart, part: SentencePart) -> None:
    """Add to `whole` what `part` says.

    The first to say a thing counts, but RMC goes before VTG, whose numbers it repeats, and ZDA,
    whose year has four digits, before RMC. A doubt of one sentence is a doubt about all.
    """
    if whole.time_of_day is None:
        whole.time_of_day = part.time_of_day
    if whole.date is None or (part.name == "ZDA" and part.date is not None):
        whole.date = part.date
    if whole.lat is None:
        whole.lat, whole.lon = part.lat, part.lon
    if whole.fix is not False and part.fix is not None:
        whole.fix = part.fix
    if whole.speed_mps is None or (part.name == "RMC" and part.speed_mps is not None):
        whole.speed_mps = part.speed_mps
    if whole.course_deg is None or (part.name == "RMC" and part.course_deg is not None):
        whole.course_deg = part.course_deg
    if whole.altitude_m is None:
        whole.altitude_m = part.altitude_m
    if DOUBTS.index(part.flag) > DOUBTS.index(whole.flag):
        whole.flag = part.flag
    if whole.flag == "no_fix" and whole.lat is not None:
        whole.flag = "stale_position"
    if part.facts is not None:
        whole.facts = part.facts if whole.facts is None else whole.facts | part.facts
    whole.empty = whole.empty and part.empty
    whole.bad_date = whole.bad_date or part.bad_date


class EpochGatherer:
    """Gathers the epochs of one source and learns which sentence ends them."""

    def __init__(self) -> None:
        self._open: Epoch | None = None
        self._last_key: EpochKey | None = None  # the last one that left before the next began
        self._ends: set[str] = set()
        self._never_ends: set[str] = set()

    def add(self, part: SentencePart, sentence: Sentence, frame: Frame) -> list[Epoch]:
        """Take one sentence and return the epochs that are now complete, oldest first.

        Args:
            part: What its fields say.
            sentence: The sentence.
            frame: Its frame.
        """
        heard_at, epoch, left = frame.heard_at, self._open, self._last_key
        if (
            epoch is None
            and part.name in self._ends
            and (left is None or not left.takes(part, heard_at))
        ):  # a receiver that says one sentence an epoch: the rest of this would do the same
            epoch = Epoch(sentence, frame, part, (part.name,), frame.payload, heard_at)
            self._last_key = epoch.key()
            return [epoch]
        complete: list[Epoch] = []
        if epoch is not None and epoch.takes(part, heard_at):
            epoch.add(part, frame)
        else:
            if epoch is not None:
                complete.append(epoch)
                self._learn(epoch)
            elif left is not None and left.takes(part, heard_at):
                self._unlearn(left)
            epoch = Epoch(sentence, frame, part, (part.name,), frame.payload, heard_at)
            self._open, self._last_key = epoch, None
        if part.name in self._ends:
            complete.append(epoch)
            self._open, self._last_key = None, epoch.key()
        return complete

    def note_alive(self, at: datetime) -> None:
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
        self._open, self._last_key = None, epoch.key()
        return epoch

    def waiting(self) -> bool:
        """Return whether an epoch is open."""
        return self._open is not None

    def _learn(self, epoch: Epoch) -> None:
        last = epoch.names[-1]
        if last not in self._never_ends:
            self._ends.add(last)

    def _unlearn(self, left: EpochKey) -> None:
        """Trust the type no more with which an epoch left before it was complete."""
        last = left.names[-1]
        self._ends.discard(last)
        self._never_ends.add(last)
