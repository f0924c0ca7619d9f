"""Envelope: the messages between a gateway and its node over MQTT.

    joint-patrol/v1/gateways/ID/reports   gateway to node   Envelope, purpose `reports`
    joint-patrol/v1/gateways/ID/health    gateway to node   GatewayHealth, purpose `health`
    joint-patrol/v1/gateways/ID/node      node to gateway   Receipt, Hello or OrderFor

Every message is a signature (`radio_gateway.uplink.wire.signing`) and a body: MessagePack,
deflated (RFC 1950). A message to the gateway has its purpose before that, and a line end. What a
message says about itself is believed only after its signature.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from radio_gateway.errors.errors import GatewayError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

MAX_ITEMS = 1000
MAX_MESSAGE_BYTES = 256 * 1024
MAX_BODY_BYTES = 4 * 1024 * 1024
_PREFIX = "joint-patrol/v1/gateways/"

T = TypeVar("T")


class EnvelopeError(GatewayError):
    """A signed message that cannot be read."""


class EnvelopeItem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One transmission on its way.

    Attributes:
        number: Its number in the spool.
        transmission: The transmission, MessagePack; decoded by itself, so that one that cannot be
            read costs no other.
    """

    number: int
    transmission: bytes


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what a gateway heard.

    Attributes:
        gateway: The gateway's id.
        spool: Identity of its spool: another one after the spool was lost.
        nonce: Makes the envelope unlike any other, also one with the same items.
        sent_at: When it was sent, aware UTC, by the gateway's clock.
        items: What was heard.
        results: What became of orders; told until they are receipted, or the gateway ends.
    """

    gateway: str
    spool: str
    nonce: bytes
    sent_at: datetime
    items: list[EnvelopeItem]
    results: list[OrderResult] = []


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The node's word that everything in an envelope is stored.

    Attributes:
        node: The node's id.
        gateway: The gateway's id.
        spool: The envelope's spool.
        envelope: The envelope's digest.
        refused: Numbers of items that the node could not read, now or ever.
    """

    node: str
    gateway: str
    spool: str
    envelope: bytes
    refused: list[int] = []


class Hello(
    msgspec.Struct, frozen=True, kw_only=True, rename={"sent_at": "said_at", "is_restart": "began"}
):
    """The node's word that it listens from now on, or asks whether it is still the gateway.

    Attributes:
        node: The node's id.
        gateway: The gateway's id.
        sent_at: By the node's clock, aware UTC.
        nonce: To come back in the gateway's health: one that was recorded earlier cannot hold it.
        is_restart: The node has just come; what was sent before reached nobody.
    """

    node: str
    gateway: str
    sent_at: datetime
    nonce: bytes
    is_restart: bool


class OrderFor(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"sent_at": "said_at", "health_reported_at": "told_at"},
):
    """The node's word that one gateway is to carry out an order.

    Two computers' calendars never meet in it: the gateway counts the life that is left by its own
    steady clock, from a moment of its own that the node names. So neither a clock that is wrong
    nor a broker that holds the order back makes it go late, and one that names a moment of an
    earlier run of the gateway, or of long ago, is not believed.

    Attributes:
        node: The node's id.
        gateway: The gateway's id.
        sent_at: By the node's clock, aware UTC; for people.
        health_reported_at: `health_reported_at` of the newest GatewayHealth that the node has of
            this gateway.
        life_left_s: How long after the gateway told that the order is worth nothing any more,
            seconds.
        order: What is to be said; its channel as the gateway names it.
        cancelled: It is not to be said, if it has not been begun.
    """

    node: str
    gateway: str
    sent_at: datetime
    health_reported_at: datetime
    life_left_s: float
    order: Order
    cancelled: bool = False


def topic_of(gateway: str, name: str) -> str:
    """Return a topic of a gateway.

    >>> topic_of("pier", "reports")
    'joint-patrol/v1/gateways/pier/reports'
    """
    return f"{_PREFIX}{gateway}/{name}"


def gateway_of(topic: str | None) -> tuple[str, str] | None:
    """Return the gateway and the last part of a topic; None when it is no gateway's.

    >>> gateway_of("joint-patrol/v1/gateways/pier/reports")
    ('pier', 'reports')
    """
    if topic is None or not topic.startswith(_PREFIX):
        return None
    gateway, slash, name = topic[len(_PREFIX) :].partition("/")
    return (gateway, name) if slash and gateway and "/" not in name else None


def pack(body: msgspec.Struct) -> bytes:
    """Return a struct as the body of a message."""
    return zlib.compress(_encode(body), 6)


def unpack(body: bytes, kind: type[T]) -> T:
    """Return the struct that a body holds.

    Raises:
        EnvelopeError: If it holds none, or more than `MAX_BODY_BYTES`.
    """
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(body, MAX_BODY_BYTES)
        if not inflater.eof:
            raise EnvelopeError("the body is cut short or too long")
        return msgpack_decoder(kind).decode(data)
    except (zlib.error, msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise EnvelopeError(f"not the body of a {kind.__name__}: {error}") from None


def digest_of(body: bytes) -> bytes:
    """Return what a receipt names an envelope by: 16 bytes of BLAKE2b of its body."""
    return blake2b(body, digest_size=16).digest()


def item_bytes(transmission: Transmission) -> bytes:
    """Return a transmission as the bytes of an item.

    What the format has no room for (half characters, numbers beyond 64 bits, anything odd) is
    written out as text, with the flag `bad_text`: it may be a call for help.
    """
    try:
        return _encode(transmission)
    except (UnicodeEncodeError, OverflowError, TypeError):
        fields = writable(msgspec.structs.asdict(transmission))
        fields["flags"] = tuple(sorted({*transmission.flags, "bad_text"}))
        return _encode(Transmission(**fields))


def read_item(item: bytes) -> Transmission:
    """Return the transmission of an item.

    Raises:
        EnvelopeError: If it is none; a time without an offset is none either.
    """
    try:
        transmission = _decode_transmission(item)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise EnvelopeError(f"not a transmission: {error}") from None
    for time in (transmission.heard_at, transmission.device_time, transmission.passed_on_at):
        if time is not None and time.tzinfo is None:
            raise EnvelopeError("a time has no offset")
    return transmission


def writable(value: Any) -> Any:
    """Return a value as MessagePack and SQLite can hold it.

    >>> writable({"course": 1 << 70, "name": "K\\ud800"})
    {'course': '1180591620717411303424', 'name': 'K\\\\ud800'}
    """
    if isinstance(value, dict):
        return {writable(name): writable(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(writable(each) for each in value)
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return str(value)
    if value is None or isinstance(value, int | float | bytes | datetime | msgspec.Struct):
        return value
    return repr(value)


_encode = msgspec.msgpack.Encoder().encode
_decode_transmission = msgpack_decoder(Transmission).decode
