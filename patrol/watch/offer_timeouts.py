"""Offer timeouts: what time does to an unanswered offer, and a suspension to an open one.

The offerer's node decides. The counterpart's escalates its own copy, and lets go of what lapsed or
may not cross any more, unless it has accepted: then it waits for the offerer's word, which may be
a grant on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing
from patrol.targets.hand_off import HandOff
from patrol.targets.lifecycle import escalate, return_offer
from patrol.targets.remote_hand_off import end_remotely
from patrol.targets.target import Target

HandOffRefusal: TypeAlias = Callable[[HandOff, datetime], str | None]
"""Why nothing of a hand-off may cross at a moment; None while it may."""

UNANSWERED = "nobody answered"


def expiry_duty(
    refusal_of: HandOffRefusal, *, node: str
) -> Callable[[OpenDocuments, datetime], Filing]:
    """Return the clock's duty: cut what may not cross, lapse and escalate what is silent.

    One hand-off a turn: each of them is a decision of its own in the journal.

    Args:
        refusal_of: Returns why nothing of a hand-off may cross now.
        node: This node.
    """

    def duty(open_documents: OpenDocuments, now: datetime) -> Filing:
        for made in open_documents.all(HandOff):
            if made.is_open:
                filing = _due_filing(made, open_documents, now)
                if filing:
                    return filing
        return NOTHING

    def _due_filing(made: HandOff, open_documents: OpenDocuments, now: datetime) -> Filing:
        refusal = refusal_of(made, now)
        if made.node != node:
            if refusal is not None:
                return end_remotely(made, "cut", term=made.term, reason=refusal, now=now)
            if now >= made.lapses_at:
                return end_remotely(made, "lapse", term=made.term, reason=UNANSWERED, now=now)
        elif (target := open_documents.find(Target, made.target)) is not None:
            if refusal is not None:
                return return_offer(made, target, "cut", reason=refusal, now=now, by="")
            if now >= made.lapses_at:
                return return_offer(made, target, "lapse", reason=UNANSWERED, now=now, by="")
        if made.level < len(made.escalates_at) and now >= made.escalates_at[made.level]:
            return escalate(made, now=now)
        return NOTHING

    return duty
