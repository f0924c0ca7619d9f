"""Kenwood: the up to six sentences that a radio prints for one position, gathered into one report.

A set may be told to print any of PKxID, PKxDS, PKxSH, RMC, GGA and GLL; they come one right after
the other and say the same. The plain ones name nobody: they belong to the identity before them, or
to the sentence that gives the same time and place.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from radio_gateway.decoding.framing import Frame
from radio_gateway.formats.nmea.epoch import merge
from radio_gateway.formats.nmea.fields import Facts, SentencePart
from radio_gateway.protocols.kenwood.sentence import KenwoodReport

SILENCE = timedelta(seconds=0.5)  # at 9600 baud all six take half of it
MOST = 6
_NEAR_DEG = 2e-4  # the same place, written with fewer decimals


class Burst(msgspec.Struct, kw_only=True):
    """The sentences of one position so far.

    Attributes:
        device: Who they are about; None as long as none of them says.
        frames: As heard.
        names: Their types.
        whole: What all of them say of time, place and motion; None as long as none does.
        status: Digits of the status code.
        facts: Further fields.
        faults: Why time or place could not be read.
        checked: Each had a checksum.
    """

    device: str | None
    frames: list[Frame]
    names: set[str]
    whole: SentencePart | None
    status: str | None
    facts: Facts
    faults: set[str]
    checked: bool

    def takes(self, report: KenwoodReport, frame: Frame) -> bool:
        """Return whether a sentence is about the same position of the same radio."""
        if report.name in self.names or frame.source != self.frames[0].source:
            return False
        if frame.heard_at - self.frames[-1].heard_at > SILENCE:
            return False
        if report.part is None:  # an identity is about what follows it, or about its own radio
            return report.device == self.device
        if None not in (report.device, self.device) and report.device != self.device:
            return False
        whole, part = self.whole, report.part
        if whole is None or (whole.time_of_day is None and whole.lat is None):
            return self.device is not None
        if whole.time_of_day is None or part.time_of_day is None:
            return False
        if whole.time_of_day.seconds != part.time_of_day.seconds:
            return False
        if whole.lat is None or part.lat is None or whole.lon is None or part.lon is None:
            return self.device == report.device or report.device is None
        return abs(whole.lat - part.lat) <= _NEAR_DEG and abs(whole.lon - part.lon) <= _NEAR_DEG

    def add(self, report: KenwoodReport, frame: Frame, *, checked: bool) -> None:
        """Add a sentence that this burst takes."""
        self.frames.append(frame)
        self.names.add(report.name)
        self.device = self.device or report.device
        self.status = self.status or report.status
        self.facts = report.facts | self.facts
        self.checked = self.checked and checked
        if report.fault is not None:
            self.faults.add(report.fault)
        if report.part is None:
            return
        if self.whole is None:
            self.whole = report.part
        else:
            merge(self.whole, report.part)

    def is_complete(self) -> bool:
        """Return whether nothing more can come."""
        return len(self.names) >= MOST

    @property
    def raw(self) -> bytes:
        """Its frames, one a line."""
        return b"\r\n".join(frame.payload for frame in self.frames)


def first_burst(report: KenwoodReport, frame: Frame, *, checked: bool) -> Burst:
    """Return the burst that a sentence begins."""
    burst = Burst(
        device=report.device,
        frames=[],
        names=set(),
        whole=None,
        status=None,
        facts={},
        faults=set(),
        checked=True,
    )
    burst.add(report, frame, checked=checked)
    return burst
