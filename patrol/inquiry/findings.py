"""InquiryFindings: facts about the radio of an inquiry, and their wording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from patrol.reception.position_quality import unusable_why
from patrol.reception.receptions import ReceivedMessage
from patrol.units.units import Assignment, Unit
from patrol.units.wire import UnitState
from radio_gateway.health.health import ChannelHealth, RejectedFrame
from radio_gateway.messages.address_family import families_of

FLAG_WORDS: Final[Mapping[str, str]] = {
    "no_fix": "its receiver has no satellite fix",
    "stale_position": "it repeats an old position",
    "null_island": "it sends 0°, 0°, which is what a receiver without a fix sends",
    "out_of_range": "it sends coordinates that are nowhere on Earth",
    "simulator": "its receiver says that it is in simulation mode",
    "mock_location": "the phone says that the position is made up",
    "position_suspect": "it says itself that its position is not to be trusted",
    "damaged": "its message came damaged, and only its call for help is believed",
    "position_not_available": "it says that its position is not available",
    "unbound_source": "it comes from a channel that the address is not bound to",
}
"""Why a position is not believed, in words."""


class CloseName(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something known by nearly the same name.

    Attributes:
        address: Radio address to ask for instead.
        name: What people call it, where that is something else.
    """

    address: str
    name: str | None = None


class InquiryFindings(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the radio of an inquiry.

    Attributes:
        query: What was asked for.
        now: The present, aware UTC.
        address: Radio address that is meant; None if none is known by that name.
        unit: Unit that was named, or that the address stands or last stood for.
        units: All units by id.
        assignments: For whom the address stood, stands and will stand, oldest first.
        state: What is known now of the unit, or of the radio that nobody has registered.
        channels: How every channel fares.
        messages: Its newest messages, newest first.
        elsewhere: Channels that it is claimed from without being bound to them, and when last.
        rejected: Frames lately rejected that mention it, newest first; None if the user may not
            see them.
        hidden: It is there, and the user may not know of it.
        others: Several that the name may mean.
        close: What is known by nearly the same name.
    """

    query: str
    now: datetime
    address: str | None = None
    unit: Unit | None = None
    units: Mapping[str, Unit] = {}
    assignments: tuple[Assignment, ...] = ()
    state: UnitState | None = None
    channels: tuple[ChannelHealth, ...] = ()
    messages: tuple[ReceivedMessage, ...] = ()
    elsewhere: tuple[tuple[str, datetime], ...] = ()
    rejected: tuple[RejectedFrame, ...] | None = ()
    hidden: bool = False
    others: tuple[CloseName, ...] = ()
    close: tuple[CloseName, ...] = ()

    @property
    def assignment_now(self) -> Assignment | None:
        """The unit for which the address stands now."""
        for each in self.assignments:
            if each.start <= self.now and (each.end is None or self.now < each.end):
                return each
        return None

    @property
    def assignment_later(self) -> Assignment | None:
        """The unit for which it will stand next."""
        return next((each for each in self.assignments if each.start > self.now), None)

    @property
    def speakers(self) -> list[ChannelHealth]:
        """The channels that speak its protocol; every one where no address is known."""
        if self.address is None:
            return [each for each in self.channels if each.protocols]
        family, _, device = self.address.partition(":")
        return [
            each
            for each in self.channels
            if any(family in families_of(protocol) for protocol in each.protocols)
            and device in (device.lstrip("@"), f"@{each.name}")  # a link that stands for it
        ]

    @property
    def unbelieved(self) -> str | None:
        """Why its newest reported position is not believed.

        Returns:
            A flag; `no_position` if it never says where it is; None if it is believed.
        """
        reasons = [
            unusable_why(each.transmission.position, each.transmission.fix, each.transmission.flags)
            for each in self.messages
        ]
        found = [why for why in reasons if why != "no_position"]
        return found[0] if found else "no_position"


def at_words(time: datetime) -> str:
    """Return a moment in words.

    >>> from datetime import UTC
    >>> at_words(datetime(2026, 11, 24, 14, 2, 59, tzinfo=UTC))
    '2026-11-24 14:02 UTC'
    """
    return f"{time:%Y-%m-%d %H:%M} UTC"


class Moment(msgspec.Struct, frozen=True, kw_only=True, rename={"text": "said"}):
    """A moment that stands in a sentence, for those who show it in another zone or calendar.

    Attributes:
        text: As it stands there.
        at: The same as data, aware UTC.
    """

    text: str
    at: datetime


def moments(known: InquiryFindings, texts: Iterable[str]) -> tuple[Moment, ...]:
    """Return the moments of `known` that stand in `texts`, in order of time.

    >>> from datetime import UTC
    >>> time = datetime(2026, 11, 24, 14, 2, 59, tzinfo=UTC)
    >>> known = InquiryFindings(query="a", now=time, elsewhere=(("pier", time),))
    >>> moments(known, ["ReceivedMessage at 2026-11-24 14:02 UTC."])[0].text
    '2026-11-24 14:02 UTC'
    """
    times: list[datetime | None] = [None if known.unit is None else known.unit.retired_at]
    times += [each.transmission.heard_at for each in known.messages]
    times += [each.heard_at for each in known.rejected or ()]
    times += [at for _, at in known.elsewhere]
    for assignment in known.assignments:
        times += [assignment.start, assignment.end]
    times_by_text = {at_words(time): time for time in times if time is not None}
    text = "\n".join(texts)
    found = [Moment(text=words, at=time) for words, time in times_by_text.items() if words in text]
    return tuple(sorted(found, key=lambda each: each.at))


def age_words(seconds: float) -> str:
    """Return an age in words.

    >>> age_words(41.7), age_words(150), age_words(8000), age_words(400_000)
    ('42 s', '2 min', '2 h 13 min', '4 d')
    """
    seconds = max(seconds, 0.0)
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d"


def join_words(words: Iterable[str]) -> str:
    """Return words as a list for people, each once.

    >>> join_words(["pier", "hill", "pier"])
    'pier and hill'
    """
    *some, last = dict.fromkeys(words) or ("",)
    return f"{', '.join(some)} and {last}" if some else last


def verb(words: Iterable[str], one: str, more: str) -> str:
    """Return the form of a verb that goes with `words` as `join_words` lists them.

    >>> verb(["pier", "pier"], "works", "work"), verb(["pier", "hill"], "works", "work")
    ('works', 'work')
    """
    return one if len(set(words)) == 1 else more
