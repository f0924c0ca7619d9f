"""Cards: read as they were written, and every change, bomb and lie found, with the field."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.counterparts.card import (
    BEGINNING,
    LONGEST_TEXT,
    CardAgency,
    SignedCard,
    card_bytes,
    card_text,
    read_card,
    sign_card,
)
from patrol.counterparts.pairing_digits import pairing_digits
from patrol.errors.errors import BadCard
from tests.patrol.nodes.counterparts import key_of, node_card, signed_card


def packed(body: bytes) -> str:
    deflate = zlib.compressobj(9, wbits=-15)
    return BEGINNING + urlsafe_b64encode(deflate.compress(body) + deflate.flush()).decode().rstrip(
        "="
    )


def test_a_card_comes_back_as_it_was_signed() -> None:
    signed = signed_card(name="ຫ້ວຍຊາຍ")
    text = card_text(signed)
    assert read_card(text) == signed
    assert len(text) < 1500  # a QR code holds it
    wrapped = "\n".join(text[start : start + 60] for start in range(0, len(text), 60))
    assert read_card(f"  {wrapped}\n") == signed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"node": "CK"}, "card.node"),
        ({"node": "ck/../x"}, "card.node"),
        ({"name": " "}, "card.name"),
        ({"name": "BLO\u202e ck"}, "card.name"),
        ({"name": "x" * 101}, "card.name"),
        ({"agencies": ()}, "card.agencies"),
        ({"agencies": (CardAgency(id="a", name="A"),) * 65}, "card.agencies"),
        ({"agencies": (CardAgency(id="a", name="A"),) * 2}, "card.agencies[1].id"),
        ({"agencies": (CardAgency(id="A b", name="A"),)}, "card.agencies[0].id"),
        ({"agencies": (CardAgency(id="a", name=""),)}, "card.agencies[0].name"),
        ({"agencies": (CardAgency(id="a", name="A", country="tha"),)}, "card.agencies[0].country"),
        ({"signing_key": "AAAA"}, "card.signing_key"),
        ({"signing_key": "no base64"}, "card.signing_key"),
        ({"tls_certificate": "AAAA"}, "card.tls_certificate"),
        ({"tls_certificate": "!"}, "card.tls_certificate"),
        ({"addresses": ("http://ck.example:8490",)}, "card.addresses[0]"),
        ({"addresses": ("https://ck.example",)}, "card.addresses[0]"),
        ({"addresses": ("https://a:b@ck.example:1",)}, "card.addresses[0]"),
        ({"addresses": ("https://ck.example:1/path",)}, "card.addresses[0]"),
        ({"addresses": ("https://ck.example:99999",)}, "card.addresses[0]"),
        ({"addresses": ("https://ck.example:1",) * 9}, "card.addresses"),
        ({"number": 0}, "card.number"),
        ({"number": 2**31}, "card.number"),
        ({"at": datetime(2026, 1, 1)}, "card.at"),  # noqa: DTZ001 - that is what is wrong
    ],
)
def test_a_field_that_no_node_may_show_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadCard) as refused:
        read_card(card_text(signed_card(**changes)))
    assert refused.value.field == field


def test_a_card_that_was_changed_or_signed_by_another_is_refused() -> None:
    signed = signed_card()
    other = msgspec.structs.replace(signed.card, addresses=("https://evil.example:8490",))
    for forged in (
        msgspec.structs.replace(signed, card=other),
        msgspec.structs.replace(signed, signature=""),
        msgspec.structs.replace(signed, signature="AAAA"),
        sign_card(node_card(), key_of("evil")),
    ):
        with pytest.raises(BadCard, match="not the card's own") as refused:
            read_card(card_text(forged))
        assert refused.value.field == "signature"


def test_what_is_too_long_or_unpacks_to_too_much_is_not_unpacked() -> None:
    with pytest.raises(BadCard, match=f"longer than {LONGEST_TEXT}"):
        read_card(BEGINNING + "A" * LONGEST_TEXT)
    with pytest.raises(BadCard, match="longer"):
        read_card(" " * 10_000_000)
    bomb = packed(b"0" * 5_000_000)
    assert len(bomb) < LONGEST_TEXT
    with pytest.raises(BadCard, match="unpacks to more than 65536 bytes"):
        read_card(bomb)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "does not begin"),
        ("JOINT-PATROL-CARD-2.AAAA", "does not begin with JOINT-PATROL-CARD-1"),
        (f"{BEGINNING}A", "damaged"),
        (f"{BEGINNING}*", "damaged"),
        (f"{BEGINNING}ກ", "damaged"),
        (BEGINNING, "cut off"),
        (packed(b"[]"), "Expected `object`"),
        (packed(b"{"), "truncated"),
        (packed(b"[" * 60_000), "recursion|malformed|Expected"),
        (packed(b"\xff"), "malformed|invalid"),
    ],
)
def test_what_is_no_card_is_refused_with_the_reason(text: str, fault: str) -> None:
    with pytest.raises(BadCard, match=fault):
        read_card(text)


def test_a_field_of_another_type_or_one_too_many_is_named() -> None:
    body = msgspec.json.decode(card_bytes(signed_card()))
    body["card"]["number"] = "1"
    with pytest.raises(BadCard) as refused:
        read_card(packed(msgspec.json.encode(body)))
    assert refused.value.field == "card.number"
    body["card"] |= {"number": 1, "trusted": True}
    with pytest.raises(BadCard, match="trusted"):
        read_card(packed(msgspec.json.encode(body)))


def test_a_card_that_is_cut_off_is_none() -> None:
    text = card_text(signed_card())
    for length in range(len(BEGINNING), len(text), 7):
        with pytest.raises(BadCard):
            read_card(text[:length])


@given(at=st.integers(0, 2000), char=st.sampled_from("Aaz09-_"))
def test_one_wrong_character_is_found_or_makes_no_difference(at: int, char: str) -> None:
    signed = signed_card()
    text = card_text(signed)
    at = len(BEGINNING) + at % (len(text) - len(BEGINNING))
    try:
        found = read_card(text[:at] + char + text[at + 1 :])
    except BadCard:
        return
    assert found == signed


def test_both_offices_see_the_same_digits_and_other_ones_with_any_other_card() -> None:
    one, other = signed_card("hx"), signed_card("ck")
    digits = pairing_digits(one, other)
    assert digits == pairing_digits(other, one)
    assert [len(each) for each in digits.split(" ")] == [4, 4, 4, 4, 4, 4]
    assert digits.replace(" ", "").isdecimal()
    cards: list[SignedCard] = [
        signed_card("ck", number=2),
        signed_card("ck", key="evil"),
        signed_card("ck", addresses=()),
        msgspec.structs.replace(other, previous_signature="AA=="),
    ]
    found = {digits, *(pairing_digits(one, each) for each in cards)}
    assert len(found) == 5
