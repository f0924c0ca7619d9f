"""Messages between counterpart nodes: outbox, inbox and receipts, as pure functions.

The link between two nodes drops, repeats and reorders. So every message is told again until its
receipt comes, has an id that stays the same, and names a *term* (`patrol.targets.custody`); what
is late, repeated or out of order has no effect but a receipt. What is owed stands in the hand-off
itself (`HandOff.owed_messages`), in the same transaction as the step it tells of: no crash loses
one or the other.

| message | from | when | effect at the other |
|---|---|---|---|
| offer | offerer | offered; seen again | the offer is shown; it proves an earlier grant taken |
| accept | counterpart | accepted | if the term is the offer's and in time: grant; else none |
| decline | counterpart | declined | the offerer keeps the target, at a new term |
| withdraw, lapse, cut | offerer | it ended the offer | the offer is over there, accepted or not |
| grant | offerer | upon acceptance | the counterpart takes the target |

**Invariant.** Custody moves at one commit: the grant's, in the journal of the one who has it. At
every instant (1) the line of the highest term over both journals names exactly one custodian; (2)
at most one node's own journal names an agency of its own, because the taker's line is written only
upon a grant that the giver wrote before; (3) if none does, exactly one node has a grant that it has
not heard of: its line proves who the custodian is, it tells the grant until it is receipted, and
answers for the target until then. An acceptance binds: whoever accepted waits for the grant or for
the offerer's word that there will be none, and cannot step back.

**Suspended.** Only an offer carries what is known of the target, and none leaves while no
agreement lets targets cross. The other messages carry ids, terms and a reason: they are the notice.
A grant that was filed before the suspension is still told, or nobody would act.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from patrol.documents.document import revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing
from patrol.errors.errors import Conflict
from patrol.targets.hand_off import HandOff, OwedMessage
from patrol.targets.lifecycle import decline, own_of, return_offer
from patrol.targets.remote_hand_off import (
    ENDINGS,
    end_remotely,
    end_unreceived,
    grant,
    receive_grant,
    receive_offer,
    renew,
    take_over,
)
from patrol.targets.target import Target
from patrol.units.data_classes import crossed
from patrol.watch.offer_timeouts import UNANSWERED, HandOffRefusal
from radio_gateway.parsing.msgspec_decoders import json_decoder

What: TypeAlias = Literal["offer", "accept", "decline", "withdraw", "lapse", "cut", "grant"]
WHATS: Final[tuple[What, ...]] = get_args(What)

MOST_OPEN_OFFERS: Final = 200
"""Of one node, in another."""

_ANSWERS: Final = ("accept", "decline")


class HandOffMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag="message",
    rename={"to_agency": "to"},
):
    """A message between two nodes about a hand-off.

    Attributes:
        id: The same each time it is told.
        node: Node that tells it.
        to_node: Node it is for.
        agency: Agency that tells it.
        to_agency: Agency it is for.
        what: What it tells.
        hand_off: The hand-off's id.
        case: The target's case.
        term: Of an answer: the term of the offer; else the newest that the offerer wrote.
        at: When what it tells of was filed, aware UTC.
        reason: Why, for what ends an offer.
        offer: With an offer: what an agreement lets cross of it.
    """

    id: str
    node: str
    to_node: str
    agency: str
    to_agency: str
    what: What
    hand_off: str
    case: str
    term: int
    at: datetime
    reason: str = ""
    offer: HandOff | None = None


class HandOffReceipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """Says that a message was dealt with and is on disk.

    Attributes:
        of: The message's id.
        node: Node that had it.
        to_node: Node that told it.
    """

    of: str
    node: str
    to_node: str


def encode(message: HandOffMessage | HandOffReceipt) -> bytes:
    """Return a message or receipt as it goes over the link: JSON."""
    return _encode(message)


def decode(body: bytes) -> HandOffMessage | HandOffReceipt:
    """Return what `encode` made this from.

    Raises:
        msgspec.ValidationError: If it is neither.
    """
    message: HandOffMessage | HandOffReceipt = _decode(body)
    return message


def owed_by(made: HandOff, *, node: str, may_cross: bool) -> Iterator[HandOffMessage]:
    """Yield every message that a node owes another about a hand-off.

    Args:
        made: The hand-off as it stands in that node.
        node: The node.
        may_cross: Whether an agreement lets it cross now; an offer waits if not.
    """
    for owed in made.owed_messages:
        answers = owed.what in _ANSWERS
        if (made.to_node if answers else made.node) != node:
            continue
        offer: HandOff | None = None
        if owed.what == "offer":
            offer = crossed(made, {"targets"}) if may_cross else None
            if offer is None:
                continue
        yield HandOffMessage(
            id=_id_of(made, owed),
            node=node,
            to_node=made.node if answers else made.to_node,
            agency=made.to_agency if answers else made.agency,
            to_agency=made.agency if answers else made.to_agency,
            what=owed.what,  # type: ignore[arg-type]
            hand_off=made.id,
            case=made.case,
            term=owed.term,
            at=made.at,
            reason=made.reason if owed.what in (*ENDINGS, "decline") else "",
            offer=offer,
        )


def receive(
    open_documents: OpenDocuments,
    message: HandOffMessage,
    *,
    node: str,
    here: AbstractSet[str],
    known: bool,
    refusal_of: HandOffRefusal,
    now: datetime,
) -> Filing:
    """Return the filing for a message; empty if it is late, repeated or known.

    What this returns is receipted once it is on disk; what it raises is not.

    Args:
        open_documents: The open documents.
        message: As it came; the link vouches for `message.node`.
        node: This node.
        here: Agencies of this node.
        known: Whether the store has that hand-off, open or closed.
        refusal_of: Returns why nothing of a hand-off may cross.
        now: Aware UTC.

    Raises:
        Conflict: If it is not for this node, not from who may tell it, or grants what was never
            accepted.
    """
    if message.to_node != node or message.to_agency not in here:
        raise Conflict(f"message {message.id} is for {message.to_agency} at {message.to_node}")
    made = open_documents.find(HandOff, message.hand_off)
    if made is not None:
        _check(made, message)
    if message.what in _ANSWERS:
        return (
            NOTHING if made is None else _answered(open_documents, made, message, refusal_of, now)
        )
    if message.what == "offer":
        return _offered(open_documents, made, message, known, refusal_of, now)
    if message.what == "grant":
        if made is None and not known:
            raise Conflict(f"message {message.id} grants what was never offered here")
        return NOTHING if made is None else _granted(open_documents, made, message, now)
    if made is None and not known:
        return end_unreceived(
            id=message.hand_off,
            case=message.case,
            agency=message.agency,
            to=message.to_agency,
            node=message.node,
            to_node=node,
            act=message.what,
            term=message.term,
            reason=message.reason,
            now=now,
        )
    if made is None or made.is_over or message.term <= made.term:
        return NOTHING
    return end_remotely(made, message.what, term=message.term, reason=message.reason, now=now)


def take_receipt(
    open_documents: OpenDocuments, receipt: HandOffReceipt, *, node: str, now: datetime
) -> Filing:
    """Return the filing for a receipt; empty if its message is not outstanding any more."""
    made = open_documents.find(HandOff, receipt.of.partition("/")[0])
    if made is None or receipt.to_node != node:
        return NOTHING
    for owed in made.owed_messages:
        other = made.node if owed.what in _ANSWERS else made.to_node
        if _id_of(made, owed) != receipt.of or other != receipt.node:
            continue
        if owed.what == "grant":
            return receive_grant(made, open_documents.find(Target, made.target), now=now)
        rest = tuple(each for each in made.owed_messages if each is not owed)
        agency = made.to_agency if owed.what in _ANSWERS else made.agency
        return Filing(
            documents=(revise(made, at=now, by="", owed_messages=rest),),
            act="hear receipt",
            agency=agency,
        )
    return NOTHING


def _offered(
    open_documents: OpenDocuments,
    made: HandOff | None,
    message: HandOffMessage,
    known: bool,
    refusal_of: HandOffRefusal,
    now: datetime,
) -> Filing:
    offer = message.offer
    if offer is None or (offer.id, offer.agency, offer.to_agency, offer.node, offer.to_node) != (
        message.hand_off,
        message.agency,
        message.to_agency,
        message.node,
        message.to_node,
    ):
        raise Conflict(f"message {message.id} is no offer")
    if made is not None:
        return renew(made, offer, now=now) if made.is_open else NOTHING
    if known or refusal_of(offer, now) is not None or now >= offer.lapses_at:
        return NOTHING  # over, or of no use: its node will say so, and nothing of it is kept
    open_ = sum(each.node == message.node for each in open_documents.all(HandOff))
    if open_ >= MOST_OPEN_OFFERS:
        raise Conflict(f"{MOST_OPEN_OFFERS} offers of {message.node} are open: end some first")
    filing: Filing = receive_offer(offer, now=now)
    for mine in open_documents.all(HandOff):
        # Who offers it back has it: so it took what was granted, though its receipt is not here.
        if mine.state == "granted" and (mine.case, mine.to_agency) == (offer.case, offer.agency):
            news = receive_grant(mine, open_documents.find(Target, mine.target), now=now)
            filing = msgspec.structs.replace(
                filing,
                documents=(*filing.documents, *news.documents),
                notes=(*news.notes, *filing.notes),
            )
    return filing


def _answered(
    open_documents: OpenDocuments,
    made: HandOff,
    message: HandOffMessage,
    refusal_of: HandOffRefusal,
    now: datetime,
) -> Filing:
    target = open_documents.find(Target, made.target)
    if not made.is_open or message.term != made.term or target is None:
        return NOTHING
    if message.what == "decline":
        return decline(made, target, term=message.term, reason=message.reason, now=now, by="")
    refusal = refusal_of(made, now)
    if refusal is not None:
        return return_offer(made, target, "cut", reason=refusal, now=now, by="")
    if now >= made.lapses_at:
        return return_offer(made, target, "lapse", reason=UNANSWERED, now=now, by="")
    return grant(made, target, now=now)


def _granted(
    open_documents: OpenDocuments, made: HandOff, message: HandOffMessage, now: datetime
) -> Filing:
    if made.is_over or message.term <= made.term:
        return NOTHING
    if made.state != "accepted":
        raise Conflict(f"message {message.id} grants what was never accepted here")
    return take_over(made, own_of(open_documents, made), term=message.term, now=now)


def _check(made: HandOff, message: HandOffMessage) -> None:
    """Raise unless the message is from who is on the other side of a hand-off."""
    if message.what in _ANSWERS:
        sides = (made.to_agency, made.to_node, made.agency, made.node)
    else:
        sides = (made.agency, made.node, made.to_agency, made.to_node)
    if sides != (message.agency, message.node, message.to_agency, message.to_node):
        raise Conflict(f"message {message.id} is not from who may tell it")


def _id_of(made: HandOff, owed: OwedMessage) -> str:
    sightings = f"/{len(made.fixes)}-{made.fixes[-1].at.timestamp():.3f}" if made.fixes else ""
    return f"{made.id}/{owed.what}/{owed.term}{sightings if owed.what == 'offer' else ''}"


_encode = msgspec.json.Encoder().encode
_decode = json_decoder(HandOffMessage | HandOffReceipt).decode
