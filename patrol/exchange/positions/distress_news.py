"""Distress news: which units call for help, and which calls are over, as told to a counterpart.

All of it each time something of it changes, so that the last news alone says how it stands. Who
may learn no more than that somebody calls, is told an id that says nothing (`anonymous_id`).
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from patrol.exchange.positions.position_batch import CrossingPosition, UnitName
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

MOST_CALLS: Final = 200
MOST_ENDED: Final = 200


class CallForHelp(msgspec.Struct, frozen=True, array_like=True):
    """A call for help that lasts.

    Attributes:
        unit: Who calls; its `number` says nothing.
        by_hand_us: Since when somebody calls, microseconds since 1970-01-01 UTC; None: nobody did
            by hand.
        man_down_us: Since when a sensor says that somebody lies still; None: none did.
        people: How many people there are, as the call said; None: it did not.
        position: Where it is; None where nobody knows, or that may not cross.
    """

    unit: UnitName
    by_hand_us: int | None = None
    man_down_us: int | None = None
    people: int | None = None
    position: CrossingPosition | None = None


class EndedCall(msgspec.Struct, frozen=True, array_like=True):
    """A call for help that is over.

    Attributes:
        unit: `anonymous_id` of who called.
        ended_us: When somebody said so, microseconds since 1970-01-01 UTC, by the clock of its own
            office.
    """

    unit: str
    ended_us: int


class DistressNews(msgspec.Struct, frozen=True, array_like=True):
    """The body of kind `distress`.

    Attributes:
        number: Of the news in its sender's run.
        calls: Those that last.
        ended: Those that are over.
    """

    number: int
    calls: tuple[CallForHelp, ...] = ()
    ended: tuple[EndedCall, ...] = ()


class DistressReceipt(msgspec.Struct, frozen=True, array_like=True):
    """The body of kind `distress_receipt`.

    Attributes:
        number: The news that are stored.
        refused: How many of its calls were not taken.
        reason: Why the last of them was not.
    """

    number: int
    refused: int = 0
    reason: str = ""


def anonymous_id(unit: str) -> str:
    """Return the id under which a call crosses where the unit's name does not.

    >>> anonymous_id("hx-naga-1")
    'b79a9afcc58359bfc9acb4ddbd4b11b4'
    """
    return hashlib.sha256(f"distress {unit}".encode()).hexdigest()[:32]


decode_news: Final = msgpack_decoder(DistressNews).decode
decode_distress_receipt: Final = msgpack_decoder(DistressReceipt).decode
