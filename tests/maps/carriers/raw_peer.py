"""RawPeer: a counterpart that sends what it likes, sealed or not, over real TLS."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx

from maps.carriers.message_list import PATH, read_messages, write_messages
from maps.carriers.node_certificate import dialing_context
from patrol.exchange.envelope import HELLO, EnvelopeRefusal, NodeEnvelope, seal, unseal
from patrol.exchange.hello import NodeHello, encode_hello
from patrol.exchange.session import ExchangeSession
from patrol.signatures.signing_key import SigningKey
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder
from tests.maps.carriers.offices import Office


class RawPeer:
    """What posts to an office.

    Args:
        own: Whose certificate it shows, and whose key it signs with.
        to: The office.
        key: Another key to sign with.

    Attributes:
        session: Its session.
    """

    def __init__(self, own: Office, to: Office, *, key: SigningKey | None = None) -> None:
        self.card, self._key = to.card(), key or own.key
        self.session = ExchangeSession(own.node, to.node, "a session of a peer")
        self._client = httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{to.port}",
            verify=dialing_context(own.tls_file, _der(self.card.tls_certificate)),
            trust_env=False,
            timeout=10,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    def sealed(self, kind: str, body: bytes) -> bytes:
        """Return the next envelope, sealed."""
        return seal(self.session.envelope(kind, body, datetime.now(UTC)), self._key)

    def seal(self, envelope: NodeEnvelope) -> bytes:
        """Return an envelope, sealed."""
        return seal(envelope, self._key)

    def hello(self) -> bytes:
        """Return a hello, sealed."""
        at = datetime.now(UTC)
        return self.sealed(HELLO, encode_hello(NodeHello(software="0", kinds=(), at=at)))

    async def meet(self) -> None:
        """Learn the office's session."""
        status, answers = await self.post(self.hello())
        assert status == 200
        assert [each.kind for each in answers] == [HELLO]
        assert self.session.accept(answers[0])

    async def post(self, *messages: bytes) -> tuple[int, list[NodeEnvelope]]:
        """Post envelopes; return the status, and what was answered."""
        answer = await self.post_body(write_messages(messages))
        if answer.status_code != 200:
            return answer.status_code, []
        return 200, [
            unseal(each, public=self.card.signing_key, node=self.card.node)
            for each in read_messages(answer.content)
        ]

    async def post_body(self, body: bytes) -> httpx.Response:
        """Post any bytes."""
        return await self._client.post(PATH, content=body)


def refusal(envelope: NodeEnvelope) -> EnvelopeRefusal:
    """Return what an envelope of that kind says."""
    assert envelope.kind == "refusal"
    return msgpack_decoder(EnvelopeRefusal).decode(envelope.body)


def _der(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text)
