"""Counterparts: two persons, no old card, no key that the old one did not sign."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from patrol.counterparts import lifecycle as acts
from patrol.counterparts.card import CardAgency, SignedCard
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.own_card import CardContent, OwnCard, next_card
from patrol.counterparts.pairing_digits import pairing_digits
from patrol.errors.errors import BadCard, Conflict, IllegalStep
from tests.patrol.nodes.counterparts import certificate, counterpart, key_of, signed_card
from tests.patrol.nodes.running import at

OWN = signed_card("hx")


def proposed(card: SignedCard | None = None, *others: Counterpart) -> Counterpart:
    return acts.propose(
        card or signed_card(),
        others=others,
        node="hx",
        agency="la-hx",
        own_agencies=("la-hx", "la-navy"),
        at=at(0),
        by="kham",
    )


def compared(it: Counterpart, by: str = "kham") -> Counterpart:
    return acts.compare(it, OWN, pairing_digits(OWN, it.signed_card), at=at(1), by=by)


def confirmed() -> Counterpart:
    return acts.confirm(compared(proposed()), OWN, at=at(2), by="somchai")


def renewed(it: Counterpart, *others: Counterpart, **changes: Any) -> Counterpart:
    return acts.renew(it, signed_card(**changes), others=(it, *others), at=at(3), by="")


def test_a_counterpart_is_compared_by_one_and_confirmed_by_another() -> None:
    it = confirmed()
    assert (it.state, it.version) == ("confirmed", 3)
    assert (it.compared_by, it.confirmed_by) == ("kham", "somchai")
    assert it.digits == pairing_digits(OWN, signed_card())
    assert it.parties == {"la-hx", "la-navy"}


@pytest.mark.parametrize("by", ["kham", ""])
def test_who_compared_does_not_confirm_nor_does_nobody(by: str) -> None:
    with pytest.raises(Conflict, match="somebody else confirms"):
        acts.confirm(compared(proposed()), OWN, at=at(2), by=by)


def test_who_compares_again_after_another_does_not_confirm_either() -> None:
    again = compared(compared(proposed(), "kham"), "somchai")
    with pytest.raises(Conflict, match="somebody else"):
        acts.confirm(again, OWN, at=at(2), by="somchai")


def test_nothing_is_confirmed_that_was_not_compared() -> None:
    with pytest.raises(IllegalStep):
        acts.confirm(proposed(), OWN, at=at(2), by="somchai")


@pytest.mark.parametrize("digits", ["", "0000 0000 0000 0000 0000 0000", "١٢٣٤", "1" * 24])
def test_other_digits_are_refused(digits: str) -> None:
    with pytest.raises(Conflict, match="not the digits"):
        acts.compare(proposed(), OWN, digits, at=at(1), by="kham")


def test_digits_of_an_own_card_of_before_do_not_confirm() -> None:
    newer = signed_card("hx", number=2)
    with pytest.raises(Conflict, match="compare the digits again"):
        acts.confirm(compared(proposed()), newer, at=at(2), by="somchai")


def test_the_own_card_and_agencies_that_are_known_are_refused() -> None:
    with pytest.raises(Conflict, match="card of this node"):
        proposed(signed_card("hx"))
    with pytest.raises(Conflict, match="la-navy is an agency of this node"):
        proposed(signed_card(agencies=(CardAgency(id="la-navy", name="x"),)))
    with pytest.raises(Conflict, match="th-ck is an agency of mm"):
        proposed(signed_card(), counterpart("mm", ["th-ck"], of="hx"))
    with pytest.raises(Conflict, match="`tls_certificate` has the subject of that of mm"):
        proposed(signed_card(tls_certificate=certificate("mm")), counterpart("mm", [], of="hx"))
    with pytest.raises(Conflict, match="`signing_key` is that of mm"):
        proposed(signed_card(key="mm"), counterpart("mm", [], of="hx"))
    with pytest.raises(Conflict, match="ck is known and proposed"):
        proposed(signed_card(), proposed())
    with pytest.raises(BadCard, match="not the card's own"):
        proposed(msgspec.structs.replace(signed_card(), signature="AAAA"))


def test_a_newer_card_of_the_same_key_keeps_it_confirmed() -> None:
    it = renewed(confirmed(), number=2, addresses=())
    assert (it.state, it.card.addresses, it.confirmed_by) == ("confirmed", (), "somchai")


def test_a_newer_card_before_the_confirmation_is_compared_anew() -> None:
    it = renewed(compared(proposed()), number=2)
    assert (it.state, it.digits, it.compared_by) == ("proposed", "", "")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_number_that_is_used_or_lower_is_refused(number: int) -> None:
    it = renewed(confirmed(), number=3)
    with pytest.raises(Conflict, match="card 3 of it is known"):
        renewed(it, number=number, addresses=())


def test_another_key_must_be_signed_by_the_one_before() -> None:
    it = confirmed()
    for wrong in ({}, {"previous": "evil"}, {"previous": "new"}):
        with pytest.raises(Conflict, match="meet anew"):
            renewed(it, number=2, key="new", **wrong)
    after = renewed(it, number=2, key="new", previous="ck")
    assert (after.state, after.card.signing_key) == ("confirmed", key_of("new").public)
    with pytest.raises(Conflict, match="meet anew"):  # the old key vouches for nothing any more
        renewed(after, number=3, key="third", previous="ck")


def test_a_card_of_another_node_or_with_an_agency_of_another_renews_nothing() -> None:
    with pytest.raises(Conflict, match="card of mm"):
        renewed(confirmed(), node="mm", number=2)
    with pytest.raises(Conflict, match="th-x is an agency of mm"):
        renewed(
            confirmed(),
            counterpart("mm", ["th-x"], of="hx"),
            number=2,
            agencies=(CardAgency(id="th-x", name="x"),),
        )


def test_what_was_revoked_is_over_and_met_anew() -> None:
    it = acts.revoke(confirmed(), reason="stolen", at=at(4), by="kham")
    assert it.is_closed
    with pytest.raises(IllegalStep):
        compared(it)
    with pytest.raises(IllegalStep):
        renewed(it, number=2)
    with pytest.raises(IllegalStep):
        acts.revoke(it, reason="again", at=at(5), by="kham")
    anew = proposed()
    assert (anew.state, anew.id == it.id) == ("proposed", False)


CONTENT = CardContent(
    node="hx",
    name="BLO Houay Xai",
    agencies=(CardAgency(id="la-hx", name="Police", country="LA"),),
    tls_certificate=certificate(),
)


def own(last: OwnCard | None, content: CardContent = CONTENT, **keys: Any) -> OwnCard | None:
    return next_card(last, content, keys.pop("key", key_of("hx")), at=at(9), **keys)


def test_the_own_card_is_made_once_and_numbered_as_it_changes() -> None:
    first = own(None)
    assert first is not None
    assert (first.version, first.signed.card.number) == (1, 1)
    assert own(first) is None
    second = own(first, msgspec.structs.replace(CONTENT, addresses=("https://hx.example:8490",)))
    assert second is not None
    assert (second.version, second.signed.card.number, second.id) == (2, 2, first.id)


def test_a_new_key_is_vouched_for_only_by_the_key_of_the_last_card() -> None:
    first = own(None)
    for previous, vouched in ((key_of("hx"), True), (key_of("other"), False), (None, False)):
        second = own(first, key=key_of("new"), previous=previous)
        assert second is not None
        assert bool(second.signed.previous_signature) == vouched
