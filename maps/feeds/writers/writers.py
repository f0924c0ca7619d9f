"""Writers: what a feed may say, by its word for it in the settings.

A writer turns what is due of one unit into messages, each of them whole: a line of a stream, or a
datagram. It is pure: the present is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from maps.feeds.due_places import PlaceAct
from maps.feeds.due_units import Act
from maps.feeds.places import FeedPlace
from maps.feeds.writers.cot_writer import CotWriter, Form
from maps.feeds.writers.nmea_writer import NmeaWriter
from patrol.intake.own_messages import OwnNotes
from patrol.units.wire import UnitState


class FeedWriter(Protocol):
    """Writes one feed."""

    @property
    def untold(self) -> int:
        """Units that are not told of because there is no number left for them."""
        ...

    def write(self, act: Act, unit: UnitState, now: datetime) -> list[bytes]:
        """Return the messages that say `act` of `unit`; none where there is no way to say it."""
        ...

    def place(self, act: PlaceAct, place: FeedPlace, now: datetime) -> list[bytes]:
        """Return the messages that say `act` of a place; none where there is no way to say it."""
        ...

    def hello(self, now: datetime) -> tuple[list[bytes], timedelta | None]:
        """Return what is said at first, and after how long all is told anew, if it is."""
        ...

    def idle(self, now: datetime) -> list[bytes]:
        """Return what keeps a connection alive on which nothing was said for long."""
        ...


class WriterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a writer is made for.

    Attributes:
        own: Where it notes what it tells, so that it is known again when it is heard.
        mark: Node and feed, `node/feed`.
        max_age: Oldest age of a position.
        datagrams: Its messages go as datagrams.
        may_come_back: A channel of this node may hear them by a server.
    """

    own: OwnNotes
    mark: str
    max_age: timedelta
    datagrams: bool
    may_come_back: bool = False


def _ais(settings: WriterSettings) -> FeedWriter:
    from maps.feeds.writers.ais_writer import AisWriter  # pyais takes five megabytes

    return AisWriter(settings.own)


def _cot(settings: WriterSettings) -> FeedWriter:
    return _cot_in("xml", settings)


def _tak(settings: WriterSettings) -> FeedWriter:
    return _cot_in("datagram" if settings.datagrams else "stream", settings)


def _cot_in(form: Form, settings: WriterSettings) -> FeedWriter:
    return CotWriter(
        settings.own,
        max_age=settings.max_age,
        form=form,
        mark=settings.mark,
        may_come_back=settings.may_come_back,
    )


WRITERS: Final[dict[str, Callable[[WriterSettings], FeedWriter]]] = {
    "ais": _ais,
    "nmea": lambda settings: NmeaWriter(settings.own),
    "cot": _cot,
    "tak": _tak,
}
"""By what a feed speaks."""
