"""Targets and hand-offs for tests, brought to any state by the steps that lead there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.documents_registry.document_kinds import decode, encode
from patrol.exchange.messages import HandOffMessage
from patrol.targets.hand_off import HandOff, timetable
from patrol.targets.lifecycle import accept, decline, escalate, offer, return_offer
from patrol.targets.remote_hand_off import accept_remotely, grant, receive_grant
from patrol.targets.sightings import Sighting
from patrol.targets.target import Target, close, new_target, open_target
from tests.patrol.nodes.mailbox import outbox
from tests.patrol.nodes.running import START, at

LAO, THAI = "la-hx", "th-ck"
HX, CK = "hx", "ck"


def sighting(seconds: float = 0, **more: Any) -> Sighting:
    values = {"lon": 100.41, "lat": 20.27, "agency": LAO, "by": "kham", **more}
    return Sighting(at=at(seconds), **values)


def target(**more: Any) -> Target:
    """Return an open target of the Lao side, just begun."""
    made = new_target(
        agency=LAO,
        origin=HX,
        what="vessel",
        name="grey boat",
        at=START,
        by="kham",
        **more,
    )
    seen = sighting()
    [made] = open_target(made, seen, ground=None, by="kham").documents  # type: ignore[assignment]
    return made


class Case:
    """The documents of one case in one book, and what was filed."""

    def __init__(self, to_node: str = "") -> None:
        self.open_documents = OpenDocuments()
        self.journal: list[str] = []
        self.first = target()
        self.open_documents.put([self.first])
        self.to_node = to_node
        self.id = ""

    @property
    def target(self) -> Target:
        return self.open_documents.get(Target, self.first.id)

    @property
    def made(self) -> HandOff:
        return self.open_documents.get(HandOff, self.id)

    def file(self, filing: Filing) -> Filing:
        for document in filing.documents:
            known = self.open_documents.find(type(document), document.id)
            assert document.version == (1 if known is None else known.version + 1)
        self.open_documents.put(filing.documents)
        self.journal += [note.act for note in filing.notes]
        return filing

    def offer(self, now: datetime = START) -> HandOff:
        filing = self.file(
            offer(
                self.target,
                to=THAI,
                node=HX,
                to_node=self.to_node,
                fixes=self.target.sightings,
                times=timetable(),
                now=now,
                by="kham",
            )
        )
        made = filing.documents[1]
        assert isinstance(made, HandOff)
        self.id = made.id
        return made


def in_state(state: str) -> tuple[HandOff, Target]:
    """Return a hand-off in a state, with the offerer's document, each step by its own function."""
    case = Case(to_node="" if state == "taken" else CK)
    made, mine = case.offer(), case.target
    steps: dict[str, Any] = {
        "escalated": lambda: escalate(made, now=START),
        "accepted": lambda: accept_remotely(made, term=made.term, now=START, by="malee"),
        "declined": lambda: decline(made, mine, term=made.term, reason="", now=START, by="malee"),
        "withdrawn": lambda: return_offer(made, mine, "withdraw", reason="", now=START, by="kham"),
        "lapsed": lambda: return_offer(made, mine, "lapse", reason="", now=START, by=""),
        "cut": lambda: return_offer(made, mine, "cut", reason="", now=START, by=""),
        "granted": lambda: grant(made, mine, now=START),
        "taken": lambda: accept(made, mine, None, term=made.term, now=START, by="malee"),
    }
    if state == "offered":
        return made, mine
    documents = steps[state]().documents
    found = [each for each in documents if isinstance(each, HandOff)]
    targets = [each for each in documents if isinstance(each, Target) and each.agency == LAO]
    assert found[0].state == state
    return found[0], targets[0] if targets else mine


def target_in(state: str) -> Target:
    """Return the Lao side's document in a state."""
    if state == "followed":
        return target()
    if state == "closed":
        return only(close(target(), "lost", "", now=START, by="kham"))
    if state == "handed over":
        made, mine = in_state("granted")
        mine_after = receive_grant(made, mine, now=START).documents[1]
        assert isinstance(mine_after, Target)
        return mine_after
    return in_state(state)[1]


def only(filing: Filing) -> Target:
    [document] = filing.documents
    assert isinstance(document, Target)
    return document


def messages(documents: OpenDocuments, node: str) -> list[HandOffMessage]:
    """Return everything a node owes, with an agreement in force."""
    return list(outbox(documents, node=node, may_cross=lambda _: True))


def as_stored(document: Document) -> Document:
    """Return a document as it comes back from the store."""
    return decode(kind_of(document), encode(document))
