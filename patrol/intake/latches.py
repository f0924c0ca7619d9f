"""Latching: what of a batch must be on disk with it: calls for help, claims, voice plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from patrol.intake.batch import Act
from patrol.intake.order_journal import plot_notes
from patrol.picture.address_conflicts import key_of
from patrol.reception.record import Record
from patrol.store.records import registry
from patrol.units.wire import Claim


def latches(records: Sequence[Record], claims: Iterable[Claim], *, origin: str) -> list[Act]:
    """Return what goes into the transaction of a batch beside its messages.

    Args:
        records: Messages that were taken.
        claims: Addresses that a second sender began to use.
        origin: This node's id.
    """
    acts = [_latch(record, origin) for record in records if record.latched]
    acts += plot_notes(records, origin=origin)
    return acts + [_claim(each, origin) for each in claims]


def _latch(record: Record, origin: str) -> Act:
    return lambda connection: registry.raise_latch(
        connection,
        of=record.unit or record.address,
        at=record.time,
        agency=record.agency,
        origin=origin,
    )


def _claim(raised: Claim, origin: str) -> Act:
    return lambda connection: registry.raise_claim(
        connection, raised, key=key_of(raised), origin=origin
    )
