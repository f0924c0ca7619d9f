"""RiverPositioner: the river kilometre, bank and address of positions, many at a time.

What a sender says again from within a metre of where it was placed last, as a moored boat does and
one that reports many times a second, keeps that place: kilometres are told to the metre.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

import msgspec
import structlog

from gis.address.address import Address
from gis.position.accuracy import typical_accuracy_m
from patrol.intake.batch import Batch
from patrol.picture.contact import Contact
from patrol.reception.record import Record

SAME_DEG: Final = 6e-6
"""Places nearer than this in both degrees are less than a metre apart, anywhere on Earth."""

MOST_SENDERS: Final = 20_000
"""Senders whose last place is remembered."""

log = structlog.get_logger(__name__)

OnRiver: TypeAlias = tuple[float, str | None] | None
"""Kilometre of the main river and bank (None unsure); None away from it."""

Locate: TypeAlias = Callable[
    [Sequence[float], Sequence[float], Sequence[float | None]], list[OnRiver]
]
"""Longitudes, latitudes and accuracies (metres) in, for each where it is on the river."""

Describe: TypeAlias = Callable[
    [Sequence[float], Sequence[float], Sequence[float | None]], list[tuple[OnRiver, Address]]
]
"""The same in, for each the same and its address."""


class _LocatedPlace(NamedTuple):
    """A place that was asked for, and what was answered."""

    lon: float
    lat: float
    accuracy_m: float | None
    river: OnRiver
    address: Address


class RiverPositioner:
    """Gives records their place.

    Args:
        locate: Finds kilometre and bank; None without a river.
        describe: Finds whole addresses; None without.
    """

    def __init__(self, locate: Locate | None, describe: Describe | None) -> None:
        self._locate, self._describe = locate, describe
        self._last_places: dict[str, _LocatedPlace] = {}

    def locate(self, batch: Batch) -> None:
        """Give each believable position its river kilometre and bank, all at once.

        The newest of each sender gets its whole address too: it is the one that people read. A
        failure is logged; positions count for more than what is said of them.
        """
        if self._locate is None and self._describe is None:
            return
        places, newest, moved = self._last_places, dict[str, Record](), list[Record]()
        for record in chain(batch.new, batch.earlier):  # once over all, since a flood has many
            if not record.usable:
                continue
            of, at = record.address, record.transmission.position
            before, last = newest.get(of), places.get(of)
            first = before is None or before.time <= record.time
            if first:
                newest[of] = record
                if before is not None:
                    before.place = None
            if (
                last is None
                or at is None
                or abs(at.lat - last.lat) > SAME_DEG
                or abs(at.lon - last.lon) > SAME_DEG
                or at.accuracy_m != last.accuracy_m
            ):
                moved.append(record)
                continue
            if first:
                record.place = last.address
            if last.river is not None:
                record.river_km, record.bank = last.river
        to_locate, rest = list[Record](), moved
        if self._describe is not None and moved:
            to_locate = [record for record in moved if newest[record.address] is record]
            rest = [record for record in moved if newest[record.address] is not record]
        try:
            if to_locate and self._describe is not None:
                found = self._describe(*_columns(to_locate))
                if len(places) + len(to_locate) > MOST_SENDERS:
                    places.clear()
                for record, (river, address) in zip(to_locate, found, strict=True):
                    record.place = address
                    _put(record, river)
                    at = record.transmission.position
                    if at is not None:
                        places[record.address] = _LocatedPlace(
                            at.lon, at.lat, at.accuracy_m, river, address
                        )
            if rest and self._locate is not None:
                for record, river in zip(rest, self._locate(*_columns(rest)), strict=True):
                    _put(record, river)
        except Exception:
            log.exception("positions are stored without their river kilometre")

    def contacts(self, contacts: Iterable[Contact]) -> None:
        """Give the last positions of these their addresses, as after a start."""
        if self._describe is None:
            return
        known = [(each, each.last) for each in contacts if each.last is not None]
        found = self._describe(
            [last.lon for _, last in known],
            [last.lat for _, last in known],
            [last.error_m for _, last in known],
        )
        for (contact, last), (_, address) in zip(known, found, strict=True):
            contact.last = msgspec.structs.replace(last, place=address)


def _put(record: Record, river: OnRiver) -> None:
    if river is not None:
        record.river_km, record.bank = river


def _columns(
    records: Sequence[Record],
) -> tuple[list[float], list[float], list[float]]:
    known = [
        (each, position) for each in records if (position := each.transmission.position) is not None
    ]
    return (
        [position.lon for _, position in known],
        [position.lat for _, position in known],
        [
            typical_accuracy_m(each.transmission.protocol, each.flags)
            if position.accuracy_m is None
            else position.accuracy_m
            for each, position in known
        ],
    )
