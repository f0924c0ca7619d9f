"""Two offices meet over their pages: cards, digits, a second person, renewal, revocation."""

from __future__ import annotations

import stat
from typing import Any

import httpx

from patrol.counterparts.card import SignedCard, card_text, read_card
from patrol.counterparts.pairing_digits import pairing_digits
from tests.maps.servers.running import AGENCY, Running
from tests.patrol.nodes.counterparts import signed_card

API = "/api/counterparts"


async def add(client: httpx.AsyncClient, card: SignedCard | None = None) -> dict[str, Any]:
    answer = await client.post(API, json={"card": card_text(card or signed_card())})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def post(client: httpx.AsyncClient, it: dict[str, Any], act: str, **body: str) -> Any:
    answer = await client.post(f"{API}/{it['id']}/{act}", json=body)
    return answer.status_code, answer.json()


async def meet(server: Running, card: SignedCard | None = None) -> dict[str, Any]:
    """Have two officers add, compare and confirm the counterpart of a card."""
    async with server.signed_in("liaison") as liaison, server.signed_in("commander") as commander:
        it = await add(liaison, card)
        digits = (await liaison.get(f"{API}/{it['id']}/digits")).json()["digits"]
        assert (await post(liaison, it, "compare", digits=digits))[0] == 200
        status, confirmed = await post(commander, it, "confirm")
        assert status == 200, confirmed
        found: dict[str, Any] = confirmed
        return found


async def test_the_own_card_is_made_once_and_its_text_is_a_card(server: Running) -> None:
    async with server.signed_in("liaison") as client:
        first, again = [(await client.get(f"{API}/card")).json() for _ in range(2)]
    assert first == again
    signed = read_card(first["text"])
    assert (signed.card.node, signed.card.number) == ("test", 1)
    assert [each.id for each in signed.card.agencies] == [AGENCY]
    assert "<svg" in first["qr_svg"]
    store = server.office.settings.store.file
    assert store is not None
    for end in ("node-key", "node-tls"):
        assert stat.S_IMODE(store.with_name(f"{store.name}.{end}").stat().st_mode) == 0o600


async def test_two_persons_meet_another_office(server: Running) -> None:
    async with (
        server.signed_in("liaison") as liaison,
        server.signed_in("commander") as commander,
        server.live(commander) as live,
    ):
        await live.until("snapshot")
        it = await add(liaison)
        assert (it.get("state", "proposed"), it["card"]["node"]) == ("proposed", "ck")
        own = read_card((await liaison.get(f"{API}/card")).json()["text"])
        shown = (await liaison.get(f"{API}/{it['id']}/digits")).json()
        # What the other office works out by itself, from both cards:
        assert shown["digits"] == pairing_digits(signed_card(), own)
        assert (await post(commander, it, "confirm"))[0] == 409
        status, wrong = await post(liaison, it, "compare", digits="0000 0000 0000 0000 0000 0000")
        assert (status, "not the digits" in wrong["message"]) == (409, True)
        assert (await post(liaison, it, "compare", digits=shown["digits"]))[0] == 200
        status, refused = await post(liaison, it, "confirm")
        assert (status, "somebody else confirms" in refused["message"]) == (409, True)
        status, confirmed = await post(commander, it, "confirm")
        assert (status, confirmed["state"], confirmed["confirmed_by"]) == (
            200,
            "confirmed",
            "commander",
        )
        states: list[str] = []
        while "confirmed" not in states:
            frame = await live.frame()
            states += [
                each.get("state", "proposed")
                for each in frame.get("papers", ())
                if each["kind"] == "counterpart"
            ]
        assert states == ["proposed", "compared", "confirmed"]
    async with server.signed_in("admin") as admin:
        entries = (await admin.get("/api/audit")).json()["lines"]
    acts = {each["act"] for each in entries}
    assert {
        "add counterpart",
        "compare digits of counterpart",
        "confirm counterpart",
        "make own card",
    } <= acts


async def test_agencies_of_a_counterpart_are_known_from_its_confirmation_to_its_end(
    server: Running,
) -> None:
    async def agencies() -> dict[str, str]:
        async with server.signed_in("crew") as crew:
            found = (await crew.get("/api/agencies")).json()
        return {each["id"]: each["node"] for each in found}

    async with server.signed_in("liaison") as liaison:
        it = await add(liaison)
        assert await agencies() == {AGENCY: ""}
        assert (await post(liaison, it, "revoke", reason="a mistake"))[0] == 200
        it = await meet(server)
        assert await agencies() == {AGENCY: "", "th-ck": "ck"}
        terms = {
            "name": "x",
            "purposes": ["safety"],
            "classes": ["positions"],
            "valid_from": "2020-01-01T00:00:00Z",
            "valid_until": "2060-01-01T00:00:00Z",
        }
        drafted = await liaison.post(
            "/api/agreements", json={"terms": terms, "agencies": [AGENCY, "th-ck"]}
        )
        assert drafted.status_code == 201, drafted.text
        assert (await post(liaison, it, "revoke", reason="their computer was stolen"))[0] == 200
        assert await agencies() == {AGENCY: ""}
        gone = await liaison.get(API)
        assert gone.json() == []
        listed = (await liaison.get(API, params={"revoked": True})).json()
        assert [each["state"] for each in listed] == ["revoked", "revoked"]


async def test_a_renewed_card_keeps_it_confirmed_and_a_stranger_is_refused(
    server: Running,
) -> None:
    it = await meet(server)
    async with server.signed_in("liaison") as liaison:
        for card, fault in (
            (signed_card(), "ask for the newest"),
            (signed_card(number=2, key="evil"), "meet anew"),
        ):
            status, refused = await post(liaison, it, "renew", card=card_text(card))
            assert (status, fault in refused["message"]) == (409, True), refused
        newer = card_text(signed_card(number=2, key="new", previous="ck"))
        status, renewed = await post(liaison, it, "renew", card=newer)
        assert (status, renewed["state"], renewed["card"]["number"]) == (200, "confirmed", 2)


async def test_a_card_that_cannot_be_used_is_refused_with_its_field(server: Running) -> None:
    async with server.signed_in("liaison") as liaison:
        for text, field in (
            ("hello", "card"),
            (card_text(signed_card(number=0)), "card.number"),
        ):
            answer = await liaison.post(API, json={"card": text})
            assert (answer.status_code, answer.json()["error"]) == (422, "bad_card")
            assert answer.json()["field"] == field
        own = (await liaison.get(f"{API}/card")).json()["text"]
        answer = await liaison.post(API, json={"card": own})
        assert (answer.status_code, "this node" in answer.json()["message"]) == (409, True)
        assert (await liaison.post(API, json={"card": "x" * 20_000})).status_code == 422
        assert (await liaison.get(f"{API}/none")).status_code == 404
        assert (await liaison.get(API)).json() == []


async def test_who_is_confirmed_is_told_the_card_and_what_waits_is_shown(server: Running) -> None:
    it = await meet(server)
    async with server.signed_in("commander") as commander, server.signed_in("crew") as crew:
        answer = await commander.get(f"{API}/{it['id']}/statements")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["node"], found["epoch"], found["held"]) == ("ck", 1, 0)
        assert found["waiting"] == found["sent"] >= 1
        assert found["waiting_since"] is not None
        assert (await crew.get(f"{API}/{it['id']}/statements")).status_code == 403
        assert (await commander.get(f"{API}/nothing/statements")).status_code == 404
