"""Placing: the river kilometre, bank and address of positions, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec
import structlog

from gis.address import Address
from patrol.contacts import Contact
from patrol.records import Record

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


class Placing:
    """Gives records their place.

    Args:
        locate: Finds kilometre and bank; None without a river.
        describe: Finds whole addresses; None without.
    """

    def __init__(self, locate: Locate | None, describe: Describe | None) -> None:
        self._locate, self._describe = locate, describe

    def records(self, records: Sequence[Record]) -> None:
        """Give each believable position its river kilometre and bank, all at once.

        The newest of each sender gets its whole address too: it is the one that people read. A
        failure is logged; positions count for more than what is said of them.
        """
        placed = [record for record in records if record.usable]
        newest = {} if self._describe is None else _newest(placed)
        try:
            if newest and self._describe is not None:
                told = list(newest.values())
                found = self._describe(*_columns(told))
                for record, (place, address) in zip(told, found, strict=True):
                    record.place = address
                    _put(record, place)
            rest = [record for record in placed if newest.get(record.address) is not record]
            if rest and self._locate is not None:
                for record, place in zip(rest, self._locate(*_columns(rest)), strict=True):
                    _put(record, place)
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
            [last.accuracy_m for _, last in known],
        )
        for (contact, last), (_, address) in zip(known, found, strict=True):
            contact.last = msgspec.structs.replace(last, place=address)


def _newest(records: Iterable[Record]) -> dict[str, Record]:
    newest: dict[str, Record] = {}
    for record in records:
        before = newest.get(record.address)
        if before is None or before.time <= record.time:
            newest[record.address] = record
    return newest


def _put(record: Record, place: OnRiver) -> None:
    if place is not None:
        record.river_km, record.bank = place


def _columns(
    records: Sequence[Record],
) -> tuple[list[float], list[float], list[float | None]]:
    at = [record.transmission.position for record in records]
    known = [position for position in at if position is not None]
    return (
        [position.lon for position in known],
        [position.lat for position in known],
        [position.accuracy_m for position in known],
    )
