"""Envelope: what one node sends another, signed, whatever carries it.

An envelope is 64 bytes of signature (Ed25519, RFC 8032) and a body: MessagePack, deflated
(RFC 1950). The signature is the node's, under a purpose of its own, so that nothing else that the
node signs can be taken for an envelope. It is checked before anything is inflated or read; what an
envelope says about itself is believed only after that.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

import msgspec

from patrol.errors.errors import PatrolError
from patrol.signatures.signing_key import SigningKey, is_signed
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

MAX_ENVELOPE_BYTES: Final = 512 * 1024
"""Most bytes of one envelope as it travels."""

MAX_INFLATED_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of one envelope once it is inflated."""

HELLO: Final = "hello"
REFUSAL: Final = "refusal"

_PURPOSE: Final = b"joint-patrol counterpart envelope v1\0"
_SIGNATURE_BYTES: Final = 64


class EnvelopeRefused(PatrolError):
    """An envelope that is not taken.

    Args:
        reason: Why, for people who read English; the sender is told it.
        code: The same as a short fixed word.
        sequence: The envelope's number; 0 where it cannot be read or believed.
    """

    def __init__(self, reason: str, *, code: str, sequence: int = 0) -> None:
        self.reason, self.code, self.sequence = reason, code, sequence
        super().__init__(reason)


class NodeEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """One signed message from node to node.

    Attributes:
        from_node: Who sends it.
        to_node: Whom it is for.
        session: The sender's session: another one each time the node starts.
        to_session: The receiver's session as the sender knows it; empty where it knows none yet.
        sequence: Its number in the sender's session, from 1.
        sent_at: By the sender's clock, aware UTC.
        kind: What the body is: `hello`, `refusal`, or a kind of `BodyKinds`.
        body: What it says.
    """

    from_node: str
    to_node: str
    session: str
    to_session: str
    sequence: int
    sent_at: datetime
    kind: str
    body: bytes


class EnvelopeRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The body of kind `refusal`: an envelope was not taken.

    Attributes:
        sequence: The envelope's number; 0 where it could not be read or believed.
        code: Why, a short fixed word.
        reason: Why, for people who read English.
    """

    sequence: int
    code: str
    reason: str


def seal(envelope: NodeEnvelope, key: SigningKey) -> bytes:
    """Return an envelope as it travels, signed."""
    body = zlib.compress(_encode(envelope), 6)
    return b64decode(key.sign(_PURPOSE + body)) + body


def unseal(message: bytes, *, public: str, node: str) -> NodeEnvelope:
    """Return the envelope that `seal` made this from.

    Args:
        message: As it came.
        public: The sender's public key, base64.
        node: The sender, for what is said of a fault.

    Raises:
        EnvelopeRefused: If it was not signed by that key, is too large or cannot be read.
    """
    if len(message) > MAX_ENVELOPE_BYTES:
        raise EnvelopeRefused(
            f"an envelope has {len(message)} bytes, {MAX_ENVELOPE_BYTES} at most", code="too_large"
        )
    signature, body = message[:_SIGNATURE_BYTES], message[_SIGNATURE_BYTES:]
    if not is_signed(_PURPOSE + body, b64encode(signature).decode(), public=public):
        raise EnvelopeRefused(
            f"an envelope is not signed by the key on the card of {node}", code="signature"
        )
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(body, MAX_INFLATED_BYTES)
        if not inflater.eof:
            raise EnvelopeRefused(
                f"an envelope is cut short, or inflates to more than {MAX_INFLATED_BYTES} bytes",
                code="too_large",
            )
        envelope = _decode(data)
    except (zlib.error, msgspec.DecodeError, RecursionError) as error:
        raise EnvelopeRefused(f"an envelope cannot be read: {error}", code="unreadable") from None
    if envelope.sent_at.tzinfo is None:
        raise EnvelopeRefused("sent_at of an envelope has no offset", code="unreadable")
    return envelope


_encode = msgspec.msgpack.Encoder().encode
_decode = msgpack_decoder(NodeEnvelope).decode
