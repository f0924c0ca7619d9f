"""Link health: how the link to one counterpart fares, for its officers and technicians."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from patrol.exchange.hello import ClockDifference

LinkDirection: TypeAlias = Literal["none", "dialed", "listening"]
"""Which side opened the connection that the newest word came by: this one, or the other."""


class CounterpartLinkHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the link to one counterpart fares.

    Attributes:
        node: The counterpart.
        is_open: Whether its word came lately, and nothing broke since.
        since: Since when it is open, or not.
        direction: Which side opened the connection.
        address: Where this node dials it; empty if it has no address.
        last_word_at: When its newest signed envelope came, by our clock; None: none since the
            start.
        clock: How far its clock is from ours; None while not known.
        software: Version of its software; empty while not known.
        kinds: Kinds of bodies that it understands.
        fault: Why there is no link; None while it is open, or if nothing is known to be wrong.
        fault_since: Since when that is so.
        refused: How many of its envelopes were not taken since the start.
        refused_last: Why the last of them was not.
        refused_at: When that was.
        refused_by_them: Why they did not take an envelope of ours, the last time.
        refused_by_them_at: When that was.
    """

    node: str
    is_open: bool
    since: datetime
    direction: LinkDirection
    address: str
    last_word_at: datetime | None
    clock: ClockDifference | None
    software: str
    kinds: tuple[str, ...]
    fault: str | None
    fault_since: datetime | None
    refused: int
    refused_last: str | None
    refused_at: datetime | None
    refused_by_them: str | None
    refused_by_them_at: datetime | None
