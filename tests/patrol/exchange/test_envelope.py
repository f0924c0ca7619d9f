"""Envelopes: signed under a purpose of their own, bounded, read by nobody else's key."""

from __future__ import annotations

import zlib
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.exchange.envelope import (
    MAX_ENVELOPE_BYTES,
    MAX_INFLATED_BYTES,
    EnvelopeRefused,
    NodeEnvelope,
    seal,
    unseal,
)
from patrol.signatures.signing_key import SigningKey

KEY, OTHER = SigningKey(bytes(32)), SigningKey(bytes(range(32)))


def envelope(**fields: object) -> NodeEnvelope:
    """Return one with some fields of one's own."""
    usual: dict[str, object] = {
        "from_node": "hx",
        "to_node": "ck",
        "session": "a session",
        "to_session": "another",
        "sequence": 1,
        "sent_at": datetime(2026, 12, 2, 12, tzinfo=UTC),
        "kind": "note",
        "body": b"text",
    }
    return NodeEnvelope(**{**usual, **fields})  # type: ignore[arg-type]


def code_of(message: bytes) -> str:
    """Return why a message is not taken."""
    with pytest.raises(EnvelopeRefused) as raised:
        unseal(message, public=KEY.public, node="hx")
    return raised.value.code


@given(st.binary(max_size=2000), st.integers(1, 1 << 60), st.text(max_size=20))
def test_what_is_sealed_is_unsealed(body: bytes, sequence: int, kind: str) -> None:
    made = envelope(body=body, sequence=sequence, kind=kind)
    assert unseal(seal(made, KEY), public=KEY.public, node="hx") == made


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_of_it_can_be_changed(place: int, by: int) -> None:
    sealed = bytearray(seal(envelope(), KEY))
    sealed[place % len(sealed)] ^= by
    assert code_of(bytes(sealed)) == "signature"


@given(st.binary(max_size=200))
def test_anything_else_is_refused(message: bytes) -> None:
    assert code_of(message) == "signature"


def test_another_key_or_purpose_does_not_count() -> None:
    assert code_of(seal(envelope(), OTHER)) == "signature"
    body = zlib.compress(msgspec.msgpack.encode(envelope()))
    assert code_of(b64decode(KEY.sign(body)) + body) == "signature"
    assert code_of(b64decode(KEY.sign(b"joint-patrol card v1\0" + body)) + body) == "signature"


def signed(body: bytes) -> bytes:
    """Return any bytes as the key's owner can sign them."""
    return b64decode(KEY.sign(b"joint-patrol counterpart envelope v1\0" + body)) + body


def test_what_is_signed_must_be_an_envelope() -> None:
    whole = zlib.compress(msgspec.msgpack.encode(envelope()))
    assert unseal(signed(whole), public=KEY.public, node="hx") == envelope()
    assert code_of(signed(whole[:-1])) == "too_large"
    assert code_of(signed(b"")) == "too_large"
    assert code_of(signed(b"no deflate")) == "unreadable"
    assert code_of(signed(zlib.compress(b"no MessagePack"))) == "unreadable"
    assert code_of(signed(zlib.compress(b"\x91" * 100_000))) == "unreadable"
    assert code_of(signed(zlib.compress(bytes(MAX_INFLATED_BYTES + 1)))) == "too_large"
    assert code_of(bytes(MAX_ENVELOPE_BYTES + 1)) == "too_large"
    bare = datetime(2026, 12, 2, 12)  # noqa: DTZ001 - that is the fault
    assert code_of(seal(envelope(sent_at=bare), KEY)) == "unreadable"


def test_a_time_elsewhere_is_the_same_time() -> None:
    local = datetime(2026, 12, 2, 19, tzinfo=timezone(timedelta(hours=7)))
    found = unseal(seal(envelope(sent_at=local), KEY), public=KEY.public, node="hx")
    assert found.sent_at == local
