"""Unknown radios: unregistered radios in the stored records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from patrol.store.receptions import receptions
from patrol.units.wire import UnitState


class UnknownRadio(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A radio that is not registered.

    Attributes:
        address: Radio address.
        state: What is known of it now.
        count: Messages stored; 1,000 stands for more.
        first_heard_at: Aware UTC.
        last_heard_at: Aware UTC.
        channels: Channels that heard its last messages.
        claims: Address it claims, where that is bound to another channel.
    """

    address: str
    state: UnitState
    count: int
    first_heard_at: datetime
    last_heard_at: datetime
    channels: tuple[str, ...]
    claims: str | None = None


def describe(
    connection: Connection,
    states: Sequence[UnitState],
    agency: str,
    address_taken: Callable[[str], bool],
) -> list[UnknownRadio]:
    """Return the stored facts of the radios with these states; one not stored yet is left out.

    Args:
        connection: To the store.
        states: What is known of each now.
        agency: Whose they are; what their addresses said as another agency's units is not.
        address_taken: Tells whether an address stands for a unit.
    """
    stored = receptions.summaries(connection, [state.id for state in states], agency)
    found: list[UnknownRadio] = []
    for state in states:
        known = stored.get(state.id)
        if known is None:
            continue
        claimed, at, _ = state.id.rpartition("@")
        found.append(
            UnknownRadio(
                address=state.id,
                state=state,
                count=known.messages,
                first_heard_at=known.first_heard_at,
                last_heard_at=state.heard_at or known.last_heard_at,
                channels=known.channels,
                claims=claimed if at and address_taken(claimed) else None,
            )
        )
    return found
