"""Reasons, in words for people, why an agreement lets nothing of a data class cross."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from patrol.agreements.agreement import Agreement
from patrol.agreements.time_intervals import within
from patrol.sharing.terms import LIVE, PAST, STANDING, Grant, Outings
from patrol.units.data_classes import LIFELINES, DataClass

_DATE: Final = "%Y-%m-%d %H:%M UTC"


def refusal(
    grant: Grant, data_class: DataClass, now: datetime, outings: Outings, *, owner: str
) -> str | None:
    """Return why nothing of a class crosses at present under one agreement; None when it may.

    Args:
        grant: The agreement, which names the class.
        data_class: Of which class.
        now: The present, aware UTC.
        outings: When which unit took part in a joint patrol.
        owner: Whose records.
    """
    agreement, terms = grant.agreement, grant.agreement.terms
    if grant.withheld and not grant.lets(data_class, now):
        return suspension(grant)
    if agreement.state not in ("active", "suspended"):
        missing = ", ".join(agreement.unsigned)
        wait = f"waits for the signature of {missing}" if agreement.proposed_at else "is a draft"
        return f"“{terms.name}” {wait}"
    if now < terms.valid_from:
        return f"“{terms.name}” begins at {terms.valid_from.astimezone(UTC):{_DATE}}"
    if now >= terms.valid_until:
        return f"“{terms.name}” is over since {terms.valid_until.astimezone(UTC):{_DATE}}"
    if not grant.lets(data_class, now):
        return f"“{terms.name}” is not in force"
    lease = grant.lease(owner) if data_class in LIVE else None
    if lease is not None and now >= lease.hidden_from:
        since = lease.last_word_at
        if since is None:
            return f"no word yet from {owner} that it consents to “{terms.name}” now"
        return f"no word from {owner} since {since.astimezone(UTC):{_DATE}}"
    if data_class in STANDING or data_class in PAST or data_class in LIFELINES:
        return None
    if not within(terms.hours, now):
        return f"“{terms.name}” is for other hours"
    if terms.only_joint_patrols and not any(start <= now < end for start, end in outings(None)):
        return f"“{terms.name}” is for joint patrols, and none is under way"
    return None


def suspension(grant: Grant) -> str:
    """Return who suspended an agreement, when and why."""
    name = grant.agreement.terms.name
    words = [
        f"{each.agency} suspended “{name}” at {each.at.astimezone(UTC):{_DATE}}"
        + (f": {each.reason}" if each.reason else "")
        for each in grant.withheld
    ]
    return "; ".join(words)


def ending(agreement: Agreement) -> str:
    """Return who ended an agreement, when and why."""
    at = f"{agreement.at.astimezone(UTC):{_DATE}}"
    if agreement.state == "expired":
        return f"“{agreement.terms.name}” is over since {at}"
    why = f": {agreement.reason}" if agreement.reason else ""
    return f"{agreement.ended_by} ended “{agreement.terms.name}” at {at}{why}"
