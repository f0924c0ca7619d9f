"""ConsentLeases: the last notices of other nodes that their parties consent, and what follows.

Deny by default: a party that is none of this node's and said nothing lets nothing live be shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from patrol.agreements.agreement import Agreement
from patrol.agreements.consent_lease import (
    ConsentLease,
    LeaseState,
    ReceivedNotice,
    consent_lease,
)


class LeaseHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Until when live data of a party on another node are shown.

    Attributes:
        agreement: Id of the agreement.
        agency: The party.
        state: `fresh`; `stale`: nothing newer is shown, and last places as old; `hidden`.
        last_word_at: When its node last said that it consents, by our clock, aware UTC; None: it
            never did, or said the contrary since.
        fresh_until: From then on it is `stale`; None: it is not fresh at all.
        hidden_from: From then on it is `hidden`; None: it is.
    """

    agreement: str
    agency: str
    state: LeaseState
    last_word_at: datetime | None
    fresh_until: datetime | None
    hidden_from: datetime | None


def lease_health(
    agreement: Agreement, agency: str, lease: ConsentLease, now: datetime
) -> LeaseHealth:
    """Return a lease for people."""
    is_there = lease.last_word_at is not None
    return LeaseHealth(
        agreement=agreement.id,
        agency=agency,
        state=lease.state(now),
        last_word_at=lease.last_word_at,
        fresh_until=lease.fresh_until if is_there else None,
        hidden_from=lease.hidden_from if is_there else None,
    )


class ConsentLeases:
    """The leases of one node.

    Args:
        own: Agencies of this node, whose consent is known.
    """

    def __init__(self, own: Collection[str]) -> None:
        self._own = own
        self._received: dict[tuple[str, str], ReceivedNotice] = {}
        self._worked_out: dict[
            tuple[str, str], tuple[Agreement, ReceivedNotice | None, ConsentLease]
        ] = {}

    def load(self, received: Iterable[ReceivedNotice]) -> None:
        """Take up what was received in an earlier run."""
        for each in received:
            self.take(each)

    def take(self, received: ReceivedNotice) -> None:
        """Take a notice in place of the party's one before."""
        self._received[received.notice.agreement, received.notice.agency] = received

    def of(self, agreement: Agreement, agency: str) -> ConsentLease | None:
        """Return how long a party's live data may be shown; None of a party of this node."""
        if agency in self._own:
            return None
        key = (agreement.id, agency)
        received, known = self._received.get(key), self._worked_out.get(key)
        if known is None or known[0] is not agreement or known[1] is not received:
            known = (agreement, received, consent_lease(agreement, agency, received))
            self._worked_out[key] = known
        return known[2]
