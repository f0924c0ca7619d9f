"""A counterpart that lies to a whole node: each lie is refused by number and reason, and alone."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace

from patrol.counterparts.card import CardAgency, NodeCard, SignedCard, card_bytes, sign_card
from patrol.counterparts.statement import LogEnd, Statement, hash_of
from patrol.exchange.envelope import NodeEnvelope, seal
from patrol.exchange.file_carrier import FILE_SESSION
from patrol.exchange.sealed_file import FileHead, write_file
from patrol.exchange.statement_batch import StatementBatch, StatementReceipt, encode_body
from tests.maps.node.paired_nodes import desk
from tests.maps.servers.running import Running, running
from tests.patrol.nodes.counterparts import key_of, signed_card

AGENCY = CardAgency(id="la-hx", name="Houay Xai police", country="LA")
NOW = datetime.now(UTC)


def card(number: int = 1, *, key: str = "hx") -> SignedCard:
    """Return a card of Houay Xai, with a key of that name."""
    made: NodeCard = signed_card("hx", key=key, agencies=(AGENCY,), addresses=()).card
    return sign_card(replace(made, number=number), key_of(key))


@dataclass
class Liar:
    """Houay Xai, which has its key and writes what it likes.

    Attributes:
        ck: The other node.
        to_key: Its public key.
        statements: The log, as it is sent.
    """

    ck: httpx.AsyncClient
    to_key: str
    statements: list[bytes] = field(default_factory=list)

    def tell(self, kind: str, body: Any, **changes: Any) -> int:
        """Write the next statement; return its number."""
        before = hash_of(self.statements[-1]) if self.statements else LogEnd().hash
        number = len(self.statements) + 1
        made = Statement(
            from_node="hx",
            to_node="ck",
            epoch=1,
            number=number,
            previous_hash=before,
            made_at=NOW,
            kind=kind,
            id="x",
            version=1,
            body=msgspec.Raw(msgspec.json.encode(body)),
        )
        fields = msgspec.json.decode(msgspec.json.encode(made)) | changes
        self.statements.append(msgspec.json.encode(fields, order="sorted"))
        return number

    async def bring(self, *bodies: tuple[str, bytes]) -> dict[str, Any]:
        """Bring a file with all statements, or with other bodies; return what is said of it."""
        if not bodies:
            batch = StatementBatch(epoch=1, first=1, statements=tuple(self.statements))
            bodies = (("statements", encode_body(batch)),)
        messages = [
            seal(
                NodeEnvelope(
                    from_node="hx",
                    to_node="ck",
                    session=FILE_SESSION,
                    to_session=FILE_SESSION,
                    sequence=place,
                    sent_at=NOW,
                    kind=kind,
                    body=body,
                ),
                key_of("hx"),
            )
            for place, (kind, body) in enumerate(bodies, 1)
        ]
        head = FileHead(
            from_node="hx",
            to_node="ck",
            made_at=NOW,
            from_key=key_of("hx").public,
            to_key=self.to_key,
            bytes=0,
        )
        answer = await self.ck.post(
            "/api/counterparts/files", params={"name": "f"}, content=write_file(head, messages)
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str) -> Any:
        answer = await self.ck.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture
async def liar(tmp_path: Path) -> AsyncIterator[Liar]:
    async with running(
        tmp_path,
        roles=(),
        node={"id": "ck", "name": "BLO ck"},
        agencies=[{"id": "th-ck", "name": "police ck", "country": "TH"}],
    ) as server:
        await server.office.people.add_user("commander", "commander", "th-ck", None)
        await confirm(server)
        async with server.signed_in("commander") as client:
            own = (await client.get("/api/counterparts/card")).json()["signed"]["card"]
            yield Liar(client, own["signing_key"])


async def confirm(server: Running) -> None:
    first, second = (desk(server.office, name).counterparts for name in ("kham", "chai"))
    known = await first.add(card())
    await first.compare(known.id, digits=await first.digits(known.id))
    await second.confirm(known.id)


def hand_off(**changes: Any) -> dict[str, Any]:
    return {
        "id": "x/grant/2", "node": "hx", "to_node": "ck", "agency": "la-hx",
        "to": "th-ck", "what": "grant", "hand_off": "x", "case": "y", "term": 9,
        "at": NOW, "kind": "hand_off",
    } | changes  # fmt: skip


LIES: list[tuple[str, Any, dict[str, Any], str]] = [
    ("hand_off", hand_off(), {}, "never offered"),
    ("hand_off", hand_off(what="offer"), {}, "offer"),
    ("hand_off", hand_off(agency="th-ck"), {}, "'th-ck' is no agency of hx"),
    ("hand_off", hand_off(node="ck"), {}, "is no agency of hx"),
    ("hand_off", hand_off(to="mm-tl"), {}, "is for mm-tl"),
    ("hand_off", hand_off(term="nine"), {}, "`$.term`"),
    ("hand_off_receipt", {"of": "x", "node": "vt", "to_node": "ck"}, {}, "`node`: 'vt' is not hx"),
    ("card", {}, {"to_node": "vt"}, "`from_node` or `to_node` is another than of the link"),
    ("card", {}, {"from_node": "vt"}, "`from_node` or `to_node` is another than of the link"),
    ("card", {}, {"number": 77}, "`epoch` or `number` is another than its place in the log"),
    ("card", {}, {"epoch": 2}, "`epoch` or `number` is another than its place in the log"),
    (
        "card",
        card(2),
        {"purpose": "exercise"},
        "`purpose` is exercise, and this node holds no exercise",
    ),
    ("card", card(2), {"purpose": "joke"}, "it cannot be read: Invalid enum value 'joke'"),
    ("card", card(2), {"made_at": "2026-12-02T12:00:00"}, "`made_at` has no offset"),
    ("card", card(2, key="thief"), {}, "key"),
    ("card", signed_card("vt"), {}, "vt"),
    ("head", {"head": {"node": "vt"}}, {}, "head"),
    ("agreement_word", {"word": {}}, {}, "word"),
]


async def test_each_lie_is_refused_by_number_and_reason_and_costs_no_other(liar: Liar) -> None:
    expected = {liar.tell(kind, body, **changes): why for kind, body, changes, why in LIES}
    honest = liar.tell("card", card(3))
    later = liar.tell("a kind of next year", {})
    report = await liar.bring()
    assert (report["new"], report["held"], report["faults"]) == (later, later, [])
    refused = {each["number"]: each["reason"] for each in report["refused"]}
    assert set(refused) == set(expected)
    for number, why in expected.items():
        assert why in refused[number], (number, LIES[number - 1], refused[number])
        assert refused[number]
    (known,) = await liar.get("/api/counterparts")
    assert (known["card"]["number"], known["card"]["signing_key"]) == (3, key_of("hx").public)
    for path in ("/api/hand-offs", "/api/targets", "/api/agreements"):
        assert await liar.get(path) == []
    health = await liar.get(f"/api/counterparts/{known['id']}/statements")
    assert (health["unread_here"], health["fork"], health["held"]) == (1, "", later)
    assert honest not in refused


@pytest.mark.parametrize("number", [1, 2])
async def test_a_number_that_is_used_twice_is_a_fork_and_takes_nothing_away(
    liar: Liar, number: int
) -> None:
    liar.tell("card", card(2))
    liar.tell("card", card(3))
    await liar.bring()
    held = liar.statements[:]
    del liar.statements[number - 1 :]
    liar.tell("card", card(4))
    report = await liar.bring()
    (fault,) = report["faults"]
    assert fault == {"place": 1, "reason": f"statement {number} was another when it came first"}
    (known,) = await liar.get("/api/counterparts")
    assert known["card"]["number"] == 3
    health = await liar.get(f"/api/counterparts/{known['id']}/statements")
    assert (health["held"], health["fork"]) == (2, fault["reason"])
    liar.statements = held
    assert "contradict" in (await liar.bring())["faults"][0]["reason"]


async def test_a_receipt_for_what_was_never_said_is_a_fork_and_is_not_filed(liar: Liar) -> None:
    lie = StatementReceipt(epoch=1, held=LogEnd(5000, "ab" * 32))
    report = await liar.bring(("receipt", encode_body(lie)))
    (fault,) = report["faults"]
    assert fault["reason"].startswith("they hold statement 5000, and the log here ends at")
    (known,) = await liar.get("/api/counterparts")
    health = await liar.get(f"/api/counterparts/{known['id']}/statements")
    assert (health["receipted"], health["receipted_at"]) == (0, None)


async def test_a_card_signed_for_another_purpose_is_no_envelope(liar: Liar) -> None:
    signed = card(2)
    body = card_bytes(signed)
    mixed = b64decode(signed.signature) + body
    head = FileHead(
        from_node="hx",
        to_node="ck",
        made_at=NOW,
        from_key=key_of("hx").public,
        to_key=liar.to_key,
        bytes=0,
    )
    answer = await liar.ck.post(
        "/api/counterparts/files", params={"name": "f"}, content=write_file(head, [mixed])
    )
    (fault,) = answer.json()["faults"]
    assert fault == {
        "place": 1,
        "reason": "an envelope is not signed by the key on the card of hx",
    }
