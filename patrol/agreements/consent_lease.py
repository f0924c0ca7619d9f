"""Consent lease: until when live data of a party on another node may be shown. Pure.

A node tells its counterparts again and again that its parties still consent. While such a notice is
fresher than the terms demand (`freshness_s`), live data of the party are shown. Then nothing newer
is, and what is known stays, marked as old, until `hidden_after_s`. So a suspension whose word
cannot come through ends the view all the same.

Times are by the clock of the node that holds the lease. When a notice was made is told by the other
node's clock: of what that can mean, by the measured difference of the clocks and its error, the
earliest counts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from patrol.agreements.agreement import Agreement, Terms
from patrol.agreements.agreement_text import text_of

LeaseState: TypeAlias = Literal["fresh", "stale", "hidden"]

MOST_PER_FRESHNESS: Final = 4
"""Notices that are told in the time that one is good for: three may be lost."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class ConsentNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a node says of one of its parties to an agreement: whether it consents now.

    Attributes:
        agreement: Id of the agreement.
        agency: The party.
        text_sha256: Of the present text, as the node knows it.
        counter: Number of the party's last word about that text; 0 of none.
        is_given: Whether it consents.
    """

    agreement: str
    agency: str
    text_sha256: str
    counter: int
    is_given: bool


class ReceivedNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice of another node.

    Attributes:
        notice: What it says.
        made_at: The earliest that it can have been made, by our clock, aware UTC.
        received_at: When it came, by our clock.
    """

    notice: ConsentNotice
    made_at: datetime
    received_at: datetime


class ConsentLease(NamedTuple):
    """How long a party's live data may be shown.

    Attributes:
        last_word_at: When its node last said that it consents, by our clock; None: it never did.
        fresh_until: From then on nothing newer is shown.
        hidden_from: From then on nothing live is shown at all.
    """

    last_word_at: datetime | None = None
    fresh_until: datetime = _NEVER
    hidden_from: datetime = _NEVER

    def state(self, now: datetime) -> LeaseState:
        """Return how live data are shown."""
        if now >= self.hidden_from:
            return "hidden"
        return "fresh" if now < self.fresh_until else "stale"

    def lets(self, at: datetime, now: datetime) -> bool:
        """Return whether what was made at a time may be shown."""
        return now < self.fresh_until or (at < self.fresh_until and now < self.hidden_from)


def hidden_after_s(terms: Terms) -> int:
    """Return how old a notice may be for the last places to be shown, seconds."""
    return 10 * terms.freshness_s if terms.hidden_after_s is None else terms.hidden_after_s


def notice_of(agreement: Agreement, agency: str) -> ConsentNotice:
    """Return what a node says of one of its own parties."""
    return ConsentNotice(
        agreement=agreement.id,
        agency=agency,
        text_sha256=text_of(agreement).sha256,
        counter=last_counter(agreement, agency),
        is_given=not agreement.is_closed
        and any(each.agency == agency and each.is_given for each in agreement.consents),
    )


def last_counter(agreement: Agreement, agency: str) -> int:
    """Return the number of a party's last word about the present text; 0 of none."""
    return max(
        (each.content.counter for each in agreement.words if each.party == agency), default=0
    )


def earliest(
    said_at: datetime,
    received_at: datetime,
    *,
    difference_s: float | None,
    error_s: float = 0.0,
) -> datetime:
    """Return the earliest that something can have been said, by our clock.

    Args:
        said_at: When, by the other node's clock.
        received_at: When it came, by ours.
        difference_s: What the other clock shows more than ours, seconds; None: not measured yet,
            then its time counts as it stands.
        error_s: How far that may be off at most.

    >>> def at(s): return datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(seconds=s)
    >>> earliest(at(600), at(2), difference_s=599.0, error_s=0.5) == at(0.5)
    True
    >>> earliest(at(600), at(2), difference_s=None) == at(2)  # not before it came
    True
    """
    ahead = timedelta(seconds=0.0 if difference_s is None else difference_s + error_s)
    return min(said_at - ahead, received_at)


def consent_lease(
    agreement: Agreement, agency: str, received: ReceivedNotice | None
) -> ConsentLease:
    """Return how long a party's live data may be shown at another node.

    A notice counts only together with the words that it goes on from: one that tells of a later
    word than is known waits for that, which may be a suspension; one about another text is none.

    Args:
        agreement: As it is known here.
        agency: The party.
        received: The last notice of its node; None: there is none.
    """
    if received is None or not received.notice.is_given:
        return ConsentLease()
    notice, terms = received.notice, agreement.terms
    if notice.counter > last_counter(agreement, agency):
        return ConsentLease()
    if notice.text_sha256 != text_of(agreement).sha256:
        return ConsentLease()
    return ConsentLease(
        received.made_at,
        received.made_at + timedelta(seconds=terms.freshness_s),
        received.made_at + timedelta(seconds=hidden_after_s(terms)),
    )
