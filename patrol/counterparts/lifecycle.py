"""Acts on a counterpart: each returns its next version, or says why not.

Between adding and confirming stand two persons: who compared the digits does not confirm.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from patrol.counterparts.card import NodeCard, SignedCard, check_card, is_vouched_for
from patrol.counterparts.certificate import subject_of
from patrol.counterparts.counterpart import LIFECYCLE, Counterpart
from patrol.counterparts.pairing_digits import pairing_digits, plain_digits
from patrol.documents.document import new_id, revise
from patrol.errors.errors import Conflict


def propose(
    signed: SignedCard,
    *,
    others: Iterable[Counterpart],
    node: str,
    agency: str,
    own_agencies: Sequence[str],
    at: datetime,
    by: str,
) -> Counterpart:
    """Return a counterpart whose card was read in: a first meeting.

    Args:
        signed: The card.
        others: All counterparts that are not revoked.
        node: This node.
        agency: On whose behalf.
        own_agencies: All agencies of this node.
        at: The present, aware UTC.
        by: Who brought it.

    Raises:
        BadCard: If no node may show it.
        Conflict: If it is the own card, the node is known already, or one of its agencies is of
            another node.
    """
    check_card(signed)
    if signed.card.node == node:
        raise Conflict("this is the card of this node: take the other office's")
    others = tuple(others)
    for each in others:
        if each.card.node == signed.card.node:
            raise Conflict(
                f"{signed.card.node} is known and {each.state}: renew its card, or revoke it and"
                " meet anew"
            )
    _check_others(signed, others, own_agencies)
    return Counterpart(
        id=new_id(),
        agency=agency,
        origin=node,
        at=at,
        by=by,
        card=signed.card,
        signature=signed.signature,
        previous_signature=signed.previous_signature,
        own_agencies=tuple(own_agencies),
    )


def compare(
    counterpart: Counterpart, own: SignedCard, digits: str, *, at: datetime, by: str
) -> Counterpart:
    """Return it with the digits found the same on both sides.

    Args:
        counterpart: The counterpart.
        own: This node's card.
        digits: As they stood on the screen, or were typed.
        at: The present, aware UTC.
        by: Who compared.

    Raises:
        IllegalStep: If there is nothing to compare.
        Conflict: If they are not those of the two cards.
    """
    state = LIFECYCLE.next_state(counterpart.state, "compare")
    found = pairing_digits(own, counterpart.signed_card)
    typed = plain_digits(digits).encode()
    if not secrets.compare_digest(typed, plain_digits(found).encode()):
        raise Conflict(
            "these are not the digits of the two cards: one office has read another card;"
            " do not go on by this way"
        )
    changes = {"state": state, "digits": found, "compared_by": by, "compared_at": at}
    return revise(counterpart, at=at, by=by, **changes)


def confirm(counterpart: Counterpart, own: SignedCard, *, at: datetime, by: str) -> Counterpart:
    """Return it confirmed by a second person.

    Raises:
        IllegalStep: If its digits were not compared.
        Conflict: If who compared them confirms, or a card has changed since.
    """
    state = LIFECYCLE.next_state(counterpart.state, "confirm")
    if not by or by == counterpart.compared_by:
        raise Conflict("you compared the digits: somebody else confirms")
    if pairing_digits(own, counterpart.signed_card) != counterpart.digits:
        raise Conflict("this node's card has changed since: compare the digits again")
    changes = {"state": state, "confirmed_by": by, "confirmed_at": at}
    return revise(counterpart, at=at, by=by, **changes)


def renew(
    counterpart: Counterpart,
    signed: SignedCard,
    *,
    others: Iterable[Counterpart],
    at: datetime,
    by: str,
) -> Counterpart:
    """Return it with a newer card, which its old key vouches for; confirmed if it was.

    Args:
        counterpart: The counterpart.
        signed: The newer card.
        others: All counterparts that are not revoked.
        at: The present, aware UTC.
        by: Who brought it; empty for the node itself, which sent it.

    Raises:
        IllegalStep: If it was revoked.
        BadCard: If no node may show the card.
        Conflict: If it is another node's, not newer, brings a key that the old one did not sign, or
            an agency, certificate or key that is of another node.
    """
    state = LIFECYCLE.next_state(counterpart.state, "renew")
    check_card(signed)
    known, card = counterpart.card, signed.card
    if card.node != known.node:
        raise Conflict(f"this is the card of {card.node}, not of {known.node}")
    if card.number <= known.number:
        raise Conflict(
            f"this is card {card.number} of {card.node}; card {known.number} of it is known:"
            " ask for the newest"
        )
    if card.signing_key != known.signing_key and not is_vouched_for(
        signed, previous_key=known.signing_key
    ):
        raise Conflict(
            f"{card.node} has another key, which the old one did not sign: revoke it and meet anew"
        )
    _check_others(
        signed, [each for each in others if each.id != counterpart.id], counterpart.own_agencies
    )
    changes: dict[str, Any] = {
        "state": state,
        "card": card,
        "signature": signed.signature,
        "previous_signature": signed.previous_signature,
    }
    if state != "confirmed":
        changes |= {"digits": "", "compared_by": "", "compared_at": None}
    return revise(counterpart, at=at, by=by, **changes)


def revoke(counterpart: Counterpart, *, reason: str, at: datetime, by: str) -> Counterpart:
    """Return it revoked for good: nothing is said to it any more, and nothing taken from it.

    Raises:
        IllegalStep: If it was revoked before.
    """
    state = LIFECYCLE.next_state(counterpart.state, "revoke")
    changes = {"state": state, "revoked_by": by, "revoked_at": at, "reason": reason}
    return revise(counterpart, at=at, by=by, **changes)


def _check_others(
    signed: SignedCard, others: Iterable[Counterpart], own_agencies: Sequence[str]
) -> None:
    others, subject = tuple(others), _subject(signed.card)
    for each in others:
        # By its certificate a counterpart is told from others, and TLS finds it by the subject:
        # with another's it would keep that one out.
        if _subject(each.card) == subject:
            raise Conflict(f"`tls_certificate` has the subject of that of {each.card.node}")
        if each.card.signing_key == signed.card.signing_key:
            raise Conflict(f"`signing_key` is that of {each.card.node}")
    of = {agency.id: each.card.node for each in others for agency in each.card.agencies}
    for agency in signed.card.agencies:
        if agency.id in own_agencies:
            raise Conflict(f"{agency.id} is an agency of this node: ids must differ")
        if agency.id in of:
            raise Conflict(f"{agency.id} is an agency of {of[agency.id]}: ids must differ")


def _subject(card: NodeCard) -> bytes:
    return subject_of(b64decode(card.tls_certificate))
