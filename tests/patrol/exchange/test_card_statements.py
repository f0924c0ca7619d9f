"""Cards as statements: told when confirmed and when they change; taken only as the old key says."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maps.carriers.node_certificate import read_or_make_certificate
from patrol.counterparts.card import CardAgency, SignedCard
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.own_card import CardContent, OwnCard, next_card
from patrol.documents.document import Document, revise
from patrol.documents.transaction import Filing
from patrol.exchange.card_statements import CardStatements
from patrol.signatures.signing_key import SigningKey
from tests.patrol.nodes.two_logs import AGENCIES, CK, HX, Link, OfficeLog

KEYS = {HX: SigningKey(b"h" * 32), CK: SigningKey(b"c" * 32)}


async def file(office: OfficeLog, document: Document, act: str = "write") -> None:
    await office.document_service.file(lambda _o, _n: Filing(documents=(document,), act=act))


async def new_card(
    office: OfficeLog,
    *,
    addresses: tuple[str, ...] = (),
    key: SigningKey | None = None,
    previous: SigningKey | None = None,
) -> SignedCard:
    """File the next version of an office's own card."""
    agency = AGENCIES[office.node]
    der = read_or_make_certificate(office.file.with_suffix(".tls"), node=office.node)
    last = next(office.document_service.open_documents.all(OwnCard), None)
    card = next_card(
        last,
        CardContent(
            node=office.node,
            name=office.node,
            agencies=(CardAgency(id=agency, name=agency),),
            tls_certificate=b64encode(der).decode(),
            addresses=addresses,
        ),
        key or KEYS[office.node],
        at=office.link.now,
        previous=previous,
    )
    assert card is not None
    await file(office, card)
    return card.signed


def known(office: OfficeLog) -> Counterpart:
    (found,) = office.document_service.open_documents.all(Counterpart)
    return found


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    """Two offices that have met, and not said anything yet."""
    made = Link(tmp_path)
    for office in made:
        CardStatements(
            office.log, office.document_service, office.store, agency=AGENCIES[office.node]
        )
    cards = {office.node: await new_card(office) for office in made}
    for office in made:
        compared = Counterpart(
            id=f"of-{office.node}",
            agency=AGENCIES[office.node],
            at=made.now,
            card=cards[office.other].card,
            signature=cards[office.other].signature,
            own_agencies=(AGENCIES[office.node],),
            state="compared",
        )
        await file(office, compared)
        assert office.ids("statements_out") == []
        await file(office, revise(compared, at=made.now, by="malee", state="confirmed"))
    made.begin()
    yield made
    await made.close()


async def test_who_is_confirmed_is_told_the_card_in_that_transaction(link: Link) -> None:
    for office in link:
        assert office.ids("statements_out") == [office.node]
    await link.settle()
    for office in link:
        assert (await office.health()).refused_there == ()
        assert known(office).version == 2, "a card that is known changes nothing"


async def test_a_card_that_changed_renews_the_counterpart_there(link: Link) -> None:
    hx, ck = link
    await new_card(hx, addresses=("https://hx.example:8490",))
    await link.settle()
    assert (known(ck).card.addresses, known(ck).card.number) == (("https://hx.example:8490",), 2)
    assert (known(ck).state, known(ck).by) == ("confirmed", "")


async def test_a_new_key_counts_if_the_old_one_vouches_for_it(link: Link) -> None:
    hx, ck = link
    new = SigningKey(b"n" * 32)
    await new_card(hx, key=new, previous=KEYS[HX])
    await link.settle()
    assert known(ck).card.signing_key == new.public


async def test_a_key_that_the_old_one_did_not_sign_is_refused_and_told(link: Link) -> None:
    hx, ck = link
    await new_card(hx, key=SigningKey(b"x" * 32))
    await link.settle()
    assert known(ck).card.signing_key == KEYS[HX].public
    (refused,) = (await hx.health()).refused_there
    assert "has another key, which the old one did not sign" in refused.reason


async def test_who_was_not_told_is_told_once(link: Link) -> None:
    hx, _ = link
    cards = CardStatements(hx.log, hx.document_service, hx.store, agency=AGENCIES[HX])
    hx.document_service.statement_sources.clear()
    await new_card(hx, addresses=("https://hx.example:8490",))
    assert hx.ids("statements_out") == [HX]
    for _ in range(2):
        await cards.state_missing([CK])
        assert hx.ids("statements_out") == [HX, HX]


async def test_a_card_that_is_refused_is_not_told_again_and_again(link: Link) -> None:
    hx, _ = link
    cards = CardStatements(hx.log, hx.document_service, hx.store, agency=AGENCIES[HX])
    hx.document_service.statement_sources.pop()
    await link.settle()
    await new_card(hx, key=SigningKey(b"x" * 32))
    for _ in range(3):
        await link.settle()
        await cards.state_missing([CK])
    assert len(hx.ids("statements_out")) == 2
    await new_card(hx, addresses=("https://hx.example:8490",))
    await cards.state_missing([CK])
    assert len(hx.ids("statements_out")) == 3, "the next one is told"
