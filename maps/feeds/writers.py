"""Writers: what a feed may say, by its word for it in the settings.

A writer turns what is due of one unit into messages, each of them whole: a line of a stream, or a
datagram. It is pure: the present is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from maps.feeds.cot_writer import CotWriter
from maps.feeds.due_places import PlaceAct
from maps.feeds.nmea_writer import NmeaWriter
from maps.feeds.places import Place
from maps.feeds.roll import Act
from patrol.changes import UnitState


class Writer(Protocol):
    """Writes one feed."""

    @property
    def untold(self) -> int:
        """Units that are not told of because there is no number left for them."""
        ...

    def write(self, act: Act, unit: UnitState, now: datetime) -> list[bytes]:
        """Return the messages that say `act` of `unit`; none where there is no way to say it."""
        ...

    def place(self, act: PlaceAct, place: Place, now: datetime) -> list[bytes]:
        """Return the messages that say `act` of a place; none where there is no way to say it."""
        ...

    def idle(self, now: datetime) -> list[bytes]:
        """Return what keeps a connection alive on which nothing was said for long."""
        ...


def _ais_writer() -> Writer:
    from maps.feeds.ais_writer import AisWriter  # pyais takes five megabytes

    return AisWriter()


WRITERS: Final[dict[str, Callable[[timedelta, bool], Writer]]] = {
    "ais": lambda _max_age, _datagrams: _ais_writer(),
    "nmea": lambda _max_age, _datagrams: NmeaWriter(),
    "cot": lambda max_age, _datagrams: CotWriter(max_age=max_age, form="xml"),
    "tak": lambda max_age, datagrams: CotWriter(
        max_age=max_age, form="datagram" if datagrams else "stream"
    ),
}
"""By what a feed speaks: makes a writer from the oldest age of a position, and from whether its
messages go as datagrams."""
