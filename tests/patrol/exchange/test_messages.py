"""Between two nodes: late, repeated, lost and out of order; suspended; not from who may tell it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.documents.document import Document, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.exchange.messages import (
    HandOffMessage,
    HandOffReceipt,
    decode,
    encode,
    receive,
    take_receipt,
)
from patrol.targets import custody
from patrol.targets.hand_off import HandOff, timetable
from patrol.targets.lifecycle import offer, refresh, return_offer
from patrol.targets.remote_hand_off import accept_remotely, decline_remotely
from patrol.targets.target import Target, of_case, sight
from tests.fixtures.examples import examples
from tests.patrol.nodes.hand_offs import CK, HX, LAO, THAI, sighting, target
from tests.patrol.nodes.mailbox import outbox
from tests.patrol.nodes.running import START, at

HERE = {HX: frozenset({LAO}), CK: frozenset({THAI})}


class Side:
    """One node in memory: its book, what it ever knew, and its lines about custody."""

    def __init__(self, node: str) -> None:
        self.node, self.open_documents = node, OpenDocuments()
        self.known: dict[str, Document] = {}
        self.lines: list[str] = []
        self.refusal: str | None = None

    def file(self, filing: Filing) -> Filing:
        self.open_documents.put(filing.documents)
        self.known |= {document.id: document for document in filing.documents}
        self.lines += [note.act for note in filing.notes]
        return filing

    def take(self, message: HandOffMessage, seconds: float = 0) -> Filing:
        return self.file(
            receive(
                self.open_documents,
                message,
                node=self.node,
                here=HERE[self.node],
                known=message.hand_off in self.known,
                refusal_of=lambda *_: self.refusal,
                now=at(seconds),
            )
        )

    def owes(self) -> list[HandOffMessage]:
        return list(
            outbox(self.open_documents, node=self.node, may_cross=lambda _: self.refusal is None)
        )

    def told(self, what: str) -> HandOffMessage:
        [found] = [each for each in self.owes() if each.what == what]
        return found

    def hear(self, message: HandOffMessage) -> Filing:
        """Take the receipt of a message that this side told."""
        receipt = HandOffReceipt(of=message.id, node=message.to_node, to_node=message.node)
        return self.file(take_receipt(self.open_documents, receipt, node=self.node, now=START))

    @property
    def made(self) -> HandOff:
        """The newest hand-off under way."""
        return list(self.open_documents.all(HandOff))[-1]

    def newest(self, id: str) -> Any:
        return self.known[id]


class Link:
    """Both sides, with an offer made by the Lao one."""

    def __init__(self) -> None:
        self.hx, self.ck = Side(HX), Side(CK)
        self.mine = target()
        self.hx.file(Filing(documents=(self.mine,)))
        self.offer()
        self.id = self.hx.made.id

    def offer(self) -> None:
        mine = self.hx.open_documents.get(Target, self.mine.id)
        self.hx.file(
            offer(
                mine,
                to=THAI,
                node=HX,
                to_node=CK,
                fixes=mine.sightings,
                times=timetable(),
                now=START,
                by="kham",
            )
        )

    def accept(self) -> HandOffMessage:
        made = self.ck.made
        self.ck.file(accept_remotely(made, term=made.term, now=at(5), by="malee"))
        return self.ck.told("accept")

    def withdraw(self, made: HandOff | None = None) -> HandOffMessage:
        made = made or self.hx.made
        mine = self.hx.open_documents.get(Target, made.target)
        self.hx.file(return_offer(made, mine, "withdraw", reason="", now=at(5), by="kham"))
        return next(
            each for each in self.hx.owes() if each.hand_off == made.id and each.what == "withdraw"
        )

    def hand_over(self) -> HandOffMessage:
        self.ck.take(self.hx.told("offer"))
        self.hx.take(self.accept(), 6)
        return self.hx.told("grant")

    def having(self) -> list[str]:
        return [
            each.agency for side in (self.hx, self.ck) for each in side.open_documents.all(Target)
            if each.is_had
        ]  # fmt: skip


@pytest.fixture
def link() -> Link:
    return Link()


def test_an_offer_is_accepted_granted_taken_over_and_acknowledged(link: Link) -> None:
    offer = link.hx.told("offer")
    link.ck.take(offer)
    assert link.ck.made.fixes
    assert link.having() == [LAO]
    accept = link.accept()
    assert (link.ck.made.state, link.having()) == ("accepted", [LAO])
    link.hx.take(accept, 6)
    assert (link.hx.made.state, link.having()) == ("granted", [])
    assert link.hx.lines[-1] == custody.GRANTED
    grant = link.hx.told("grant")
    assert grant.term > offer.term
    link.ck.take(grant, 7)
    assert link.having() == [THAI]
    assert link.ck.lines[-1] == custody.TAKEN
    link.hx.hear(grant)
    assert link.hx.lines[-1] == custody.HEARD
    assert (link.hx.newest(link.id).state, link.hx.owes(), link.ck.owes()) == ("taken", [], [])
    theirs = of_case(link.ck.open_documents, link.mine.case, THAI)
    assert theirs is not None
    assert (theirs.term, theirs.received_from) == (grant.term, LAO)


def test_every_message_again_and_again_has_no_effect(link: Link) -> None:
    offer = link.hx.told("offer")
    link.ck.take(offer)
    accept = link.accept()
    link.hx.take(accept, 6)
    grant = link.hx.told("grant")
    link.ck.take(grant, 7)
    link.hx.hear(grant)
    for _ in range(2):
        for message in (offer, grant):
            assert not link.ck.take(message, 8)
        assert not link.hx.take(accept, 8)
        assert not link.hx.hear(grant)
    assert link.having() == [THAI]


def test_a_step_is_sent_until_its_receipt_comes(link: Link) -> None:
    offer = link.hx.told("offer")
    link.ck.take(offer)
    assert link.hx.owes() == [offer]
    link.hx.hear(offer)
    assert link.hx.owes() == []
    assert not link.hx.hear(offer)


def test_an_acceptance_of_an_offer_that_was_taken_back_moves_nothing(link: Link) -> None:
    link.ck.take(link.hx.told("offer"))
    accept = link.accept()
    withdraw = link.withdraw()
    assert not link.hx.take(accept, 6)
    link.ck.take(withdraw, 7)
    assert (link.ck.newest(link.id).state, link.having()) == ("withdrawn", [LAO])
    assert link.ck.newest(link.id).fixes == ()


def test_an_acceptance_of_an_older_offer_moves_nothing(link: Link) -> None:
    link.ck.take(link.hx.told("offer"))
    accept = link.accept()
    link.hx.hear(link.withdraw())
    link.offer()
    assert not link.hx.take(accept, 6)
    forged = msgspec.structs.replace(accept, hand_off=link.hx.made.id)
    assert not link.hx.take(forged, 6), "its term is the older offer's"
    assert link.having() == [LAO]


def test_the_end_of_an_offer_may_come_before_the_offer(link: Link) -> None:
    offer = link.hx.told("offer")
    link.ck.take(link.withdraw(), 6)
    assert not link.ck.take(offer, 7)
    assert list(link.ck.open_documents.all(HandOff)) == []
    assert link.having() == [LAO]


def test_an_acceptance_too_late_lapses_the_offer(link: Link) -> None:
    link.ck.take(link.hx.told("offer"))
    link.hx.take(link.accept(), 901)
    lapse = link.hx.told("lapse")
    link.ck.take(lapse, 902)
    assert (link.ck.newest(link.id).state, link.having()) == ("lapsed", [LAO])


def test_a_decline_returns_the_target_at_a_new_term(link: Link) -> None:
    link.ck.take(link.hx.told("offer"))
    made = link.ck.made
    link.ck.file(decline_remotely(made, term=made.term, reason="no boat", now=at(5), by="malee"))
    link.hx.take(link.ck.told("decline"), 6)
    assert link.hx.newest(link.id).reason == "no boat"
    assert link.hx.newest(link.mine.id).term == made.term + 1
    assert link.having() == [LAO]


def test_a_grant_that_was_never_accepted_is_refused_and_not_receipted(link: Link) -> None:
    offer = link.hx.told("offer")
    grant = msgspec.structs.replace(offer, what="grant", term=offer.term + 1, offer=None)
    with pytest.raises(Conflict, match="never offered"):
        link.ck.take(grant)
    link.ck.take(offer)
    with pytest.raises(Conflict, match="never accepted"):
        link.ck.take(grant)
    assert link.having() == [LAO]


def test_the_target_may_come_back_before_its_hand_off_was_acknowledged(link: Link) -> None:
    grant = link.hand_over()
    link.ck.take(grant, 7)
    theirs = of_case(link.ck.open_documents, link.mine.case, THAI)
    assert theirs is not None
    link.ck.file(
        offer(
            theirs, to=LAO, node=CK, to_node=HX, fixes=theirs.sightings, times=timetable(),
            now=at(8), by="malee",
        )
    )  # fmt: skip
    link.hx.take(link.ck.told("offer"), 9)
    assert link.hx.lines[-2:] == [custody.HEARD, "step: hear offer"]
    assert link.hx.open_documents.get(Target, link.mine.id).state == "handed over"
    back = next(each for each in link.hx.open_documents.all(HandOff) if each.to_agency == LAO)
    link.hx.file(accept_remotely(back, term=back.term, now=at(10), by="kham"))
    link.ck.take(link.hx.told("accept"), 11)
    again = link.ck.told("grant")
    link.hx.take(again, 12)
    mine = link.hx.open_documents.get(Target, link.mine.id)
    assert (mine.state, mine.term, link.having()) == ("followed", again.term, [LAO])
    link.hx.hear(grant)
    assert link.hx.open_documents.get(Target, link.mine.id) == mine, (
        "the first grant's receipt is late"
    )
    assert link.hx.newest(link.id).state == "taken"


def test_newer_sightings_follow_an_offer_and_older_ones_do_not_undo_them(link: Link) -> None:
    first = link.hx.told("offer")
    link.ck.take(first)
    mine = sight(
        link.hx.open_documents.get(Target, link.mine.id),
        sighting(30),
        ground=None,
        now=at(30),
        by="kham",
    )
    newer = refresh(link.hx.made, mine, mine.sightings, now=at(30), by="kham")
    link.hx.file(Filing(documents=(mine, newer)))
    second = link.hx.told("offer")
    assert second.id != first.id
    link.ck.take(second, 31)
    assert len(link.ck.made.fixes) == 2
    assert not link.ck.take(first, 32)
    assert link.hx.hear(first) == Filing(), "the receipt of the older one settles nothing"
    assert link.hx.told("offer") == second


# -- suspended


def test_no_offer_leaves_while_no_agreement_lets_targets_cross(link: Link) -> None:
    link.hx.refusal = "suspended"
    assert link.hx.owes() == []


def test_nothing_of_an_offer_is_stored_by_a_node_whose_side_suspended(link: Link) -> None:
    link.ck.refusal = "suspended"
    assert not link.ck.take(link.hx.told("offer"))
    assert link.ck.known == {}


def test_an_acceptance_that_meets_a_suspension_cuts_the_offer(link: Link) -> None:
    link.ck.take(link.hx.told("offer"))
    accept = link.accept()
    link.hx.refusal = "th-ck suspended it: a row"
    link.hx.take(accept, 6)
    cut = link.hx.told("cut")
    assert (cut.reason, cut.offer) == ("th-ck suspended it: a row", None)
    link.ck.take(cut, 7)
    answer = link.ck.newest(link.id)
    assert (answer.state, answer.name, answer.fixes, answer.prediction) == ("cut", "", (), None)
    assert link.having() == [LAO]


def test_a_grant_is_still_sent_after_a_suspension_and_carries_nothing(link: Link) -> None:
    link.hand_over()
    link.hx.refusal = link.ck.refusal = "suspended"
    grant = link.hx.told("grant")
    assert grant.offer is None
    link.ck.take(grant, 8)
    assert link.having() == [THAI]


# -- what is on the link


def test_only_an_offer_carries_content_and_nothing_that_may_never_cross(link: Link) -> None:
    offer = link.hx.told("offer")
    body = encode(offer)
    assert decode(body) == offer
    for secret in (b"kham",):
        assert secret not in body
    assert b"grey boat" in body
    link.ck.take(offer)
    assert b"grey boat" not in encode(link.accept())


@pytest.mark.parametrize(
    "change",
    [
        {"agency": "mm-xx"},
        {"node": "tc"},
        {"to_agency": "mm-xx"},
        {"to_node": "tc"},
    ],
)
@pytest.mark.parametrize("what", ["accept", "grant", "withdraw"])
def test_a_message_from_or_for_another_is_refused(
    link: Link, what: str, change: dict[str, str]
) -> None:
    grant = link.hand_over()
    messages = {
        "accept": (link.hx, link.ck.told("accept")),
        "grant": (link.ck, grant),
        "withdraw": (link.ck, msgspec.structs.replace(grant, what="withdraw")),
    }
    side, message = messages[what]
    before = dict(side.known)
    with pytest.raises(Conflict):
        side.take(msgspec.structs.replace(message, **change), 8)
    assert side.known == before


def test_an_offer_in_the_name_of_another_is_refused(link: Link) -> None:
    offer = link.hx.told("offer")
    assert offer.offer is not None
    other = msgspec.structs.replace(offer.offer, agency="mm-xx")
    with pytest.raises(Conflict, match="is no offer"):
        link.ck.take(msgspec.structs.replace(offer, offer=other))
    with pytest.raises(Conflict, match="is no offer"):
        link.ck.take(msgspec.structs.replace(offer, offer=None))


def test_a_receipt_from_another_node_settles_nothing(link: Link) -> None:
    offer = link.hx.told("offer")
    wrong = HandOffReceipt(of=offer.id, node="tc", to_node=HX)
    assert not take_receipt(link.hx.open_documents, wrong, node=HX, now=START)
    for odd in ("", "/", f"{link.id}/offer/99", "none/offer/2"):
        receipt = HandOffReceipt(of=odd, node=CK, to_node=HX)
        assert not take_receipt(link.hx.open_documents, receipt, node=HX, now=START)


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_on_the_link_is_no_message(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(body)


# -- every order of things


@settings(deadline=None, max_examples=examples(50))
@given(data=st.data())
def test_in_whatever_order_messages_come_nobody_has_it_twice(data: st.DataObject) -> None:
    link = Link()
    sides = {HX: link.hx, CK: link.ck}
    seconds = 1.0
    on_the_way: list[HandOffMessage] = []
    grants: list[HandOffMessage] = []
    for _ in range(data.draw(st.integers(5, 40))):
        seconds += data.draw(st.sampled_from([0.0, 1.0, 200.0]))
        act = data.draw(st.sampled_from(["tell", "deliver", "receipt", "accept", "back", "offer"]))
        on_the_way += link.hx.owes() + link.ck.owes() if act == "tell" else []
        if act == "deliver" and on_the_way:
            message = data.draw(st.sampled_from(on_the_way))
            sides[message.to_node].take(message, seconds)
        elif act == "receipt" and on_the_way:
            message = data.draw(st.sampled_from(on_the_way))
            if sides[message.to_node].known.get(message.hand_off) and not _owed(message, sides):
                sides[message.node].hear(message)
        elif act == "accept":
            for made in link.ck.open_documents.all(HandOff):
                if made.is_open and at(seconds) < made.lapses_at:
                    link.ck.file(accept_remotely(made, term=made.term, now=at(seconds), by="malee"))
        elif act == "back":
            for made in link.hx.open_documents.all(HandOff):
                if made.is_open:
                    link.withdraw(made)
        elif (
            act == "offer" and link.hx.open_documents.get(Target, link.mine.id).state == "followed"
        ):
            link.offer()
        grants = [each for each in link.hx.owes() if each.what == "grant"]
        having = link.having()
        assert len(having) <= 1
        assert having or grants, "nobody has it, and no grant is on its way"
        assert link.hx.lines.count(custody.GRANTED) >= link.ck.lines.count(custody.TAKEN)


def _owed(message: HandOffMessage, sides: dict[str, Side]) -> bool:
    """Return whether a message was not dealt with at its other side yet: no receipt can be."""
    there = sides[message.to_node]
    made = there.known[message.hand_off]
    assert isinstance(made, HandOff)
    if message.what == "grant":
        return made.term < message.term
    if message.what in ("withdraw", "lapse", "cut"):
        return not made.is_over
    return False


def test_a_version_of_every_step_follows_the_one_before(link: Link) -> None:
    made = link.hx.made
    later = revise(made, at=at(1), by="")
    assert (later.version, later.lapses_at) == (2, START + timedelta(seconds=900))
