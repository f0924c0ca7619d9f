"""Hand-off statements: what a counterpart's node may make of a lie, on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from patrol.documents.transaction import Filing, StatementDraft
from patrol.exchange.hand_off_statements import HAND_OFF, HandOffStatements
from patrol.targets.hand_off import HandOff
from tests.patrol.nodes.two_logs import AGENCIES, CK, HX, Link, OfficeLog

AT = "2026-11-24T11:59:00Z"
LATER = "2026-11-24T13:00:00Z"
NO_OFFSET = "2026-11-24T13:00:00"
FIX = {"at": AT, "lon": 100.4, "lat": 20.3}
OFFER: dict[str, Any] = {
    "kind": "hand_off",
    "id": "offer-1",
    "agency": "la-hx",
    "to": "th-ck",
    "at": AT,
    "origin": HX,
    "case": "case-1",
    "target": "target-1",
    "node": HX,
    "to_node": CK,
    "term": 1,
    "offered_at": AT,
    "lapses_at": LATER,
    "what": "vessel",
    "fixes": [FIX],
}


def message(offer: dict[str, Any] | None, what: str = "offer", **more: Any) -> dict[str, Any]:
    """Return a message as the other node's log has it."""
    body = {
        "type": "message",
        "id": "offer-1/offer/1",
        "node": HX,
        "to_node": CK,
        "agency": "la-hx",
        "to": "th-ck",
        "what": what,
        "hand_off": "offer-1",
        "case": "case-1",
        "term": 1,
        "at": AT,
    }
    return {**body, **({} if offer is None else {"offer": offer}), **more}


async def tell(office: OfficeLog, body: Any, *, kind: str = HAND_OFF) -> None:
    """State something, whatever it is."""
    draft = StatementDraft(
        to_node=office.other, kind=kind, id="x", version=1, body=body, agency=AGENCIES[office.node]
    )
    await office.document_service.file(lambda _o, _n: Filing(statements=(draft,)))


def offers(office: OfficeLog) -> list[HandOff]:
    return list(office.document_service.open_documents.all(HandOff))


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    """Two offices, of which Chiang Khong's takes hand-offs."""
    made = Link(tmp_path)
    ck = made.offices[CK]
    HandOffStatements(
        ck.log,
        ck.document_service,
        ck.store,
        node=CK,
        agencies={"th-ck"},
        agencies_of=lambda: {HX: {"la-hx"}},
        refusal_of=lambda _made, _now: None,
        now=lambda: made.now,
    )
    made.begin()
    yield made
    await made.close()


async def test_an_offer_as_it_should_be_is_taken(link: Link) -> None:
    hx, ck = link
    await tell(hx, message(OFFER))
    await link.settle()
    assert (await hx.health()).refused_there == ()
    assert [each.id for each in offers(ck)] == ["offer-1"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lapses_at", NO_OFFSET),
        ("lapses_at", "2099-11-24T12:00:00Z"),
        ("escalates_at", [NO_OFFSET]),
        ("offered_at", NO_OFFSET),
        ("fixes", [{**FIX, "at": NO_OFFSET}]),
        ("fixes", [{**FIX, "lat": 2e200}]),
        ("fixes", [FIX] * 200),
        ("term", 2**70),
        ("term", -1),
        ("case", "c\u202e"),
        ("target", "c\u0000"),
        ("photos", ["../../etc/passwd"]),
        ("name", "x" * 5000),
        ("escalates_at", [AT] * 500),
    ],
)
async def test_an_offer_that_no_node_makes_is_refused_and_nothing_after_it(
    link: Link, field: str, value: Any
) -> None:
    hx, ck = link
    await tell(hx, message({**OFFER, field: value}))
    await hx.state("after")
    await link.settle()
    refused = (await hx.health()).refused_there
    assert [each.number for each in refused] == [1]
    assert offers(ck) == []
    assert ck.effects() == ["after"]


async def test_one_node_has_so_many_offers_open_at_most(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.exchange.messages.MOST_OPEN_OFFERS", 3)
    hx, ck = link
    for n in range(5):
        await tell(hx, message({**OFFER, "id": f"o{n}", "case": f"c{n}"}, hand_off=f"o{n}"))
    await link.settle()
    assert [each.id for each in offers(ck)] == ["o0", "o1", "o2"]
    assert [each.number for each in (await hx.health()).refused_there] == [5, 4]


async def test_an_offer_names_no_officer_of_ours_and_no_reason(link: Link) -> None:
    hx, ck = link
    await tell(hx, message({**OFFER, "answered_by": "malee", "reason": "so", "by": "malee"}))
    await link.settle()
    (made,) = offers(ck)
    assert (made.answered_by, made.reason, made.by) == ("", "", "")
