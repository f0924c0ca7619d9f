"""Receiver: the node's end of the way from its gateways.

Each gateway's reports come as signed envelopes; each transmission in them goes into the inbox like
that of a channel of this node, named `gateway/channel`, and keeps when and as what the gateway
received it. When everything in an envelope is stored, its gateway gets a signed receipt.

A gateway speaks only for itself: an envelope under its topic that its key did not sign is not
read, and what claims to be another gateway's reception is refused.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog
from msgspec.structs import replace

from radio_gateway.backoff import Backoff
from radio_gateway.chunk import Chunk
from radio_gateway.errors import GatewayError, LinkError
from radio_gateway.health import ChannelHealth, GatewayHealth, LinkState, RejectedFrame
from radio_gateway.inbox import Inbox
from radio_gateway.order import Order
from radio_gateway.order_result import OrderResult
from radio_gateway.rejections import KEPT
from radio_gateway.transmission import Delivery, Transmission
from radio_gateway.transports.mqtt import MqttTransport
from radio_gateway.uplink.envelope import (
    MAX_ITEMS,
    Envelope,
    EnvelopeError,
    Hello,
    Item,
    Receipt,
    digest_of,
    gateway_of,
    pack,
    read_item,
    topic_of,
    unpack,
)
from radio_gateway.uplink.settings import UplinkSettings, transport_for
from radio_gateway.uplink.signing import Purpose, SignatureError, Verifier

SILENT_AFTER: Final = timedelta(seconds=35)
"""A gateway tells how it fares every 10 s."""

AGAIN_AT_MOST_S: Final = 4.0
_CHANNELS = 256  # of one gateway
_REMEMBERED = 4096  # envelopes stored lately, so that one sent again is receipted at once
_log = structlog.get_logger(__name__)


class _Gateway:
    """What the node knows of one gateway."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self.told: GatewayHealth | None = None
        self.told_heard_at: datetime | None = None
        self.heard_at: datetime | None = None
        self.since = datetime.now(UTC)
        self.transmissions = 0
        self.errors: Counter[str] = Counter()
        self.rejected: dict[str, deque[RejectedFrame]] = {}
        self.waiting: set[bytes] = set()
        self.stored: OrderedDict[bytes, list[int]] = OrderedDict()


class Receiver:
    """Takes in what gateways report.

    Args:
        settings: How to reach the broker, and the key that signs receipts.
        gateways: By id, what checks each one's signature.
        inbox: Where what they heard goes.
        node: This node's id.
        told: Called with a gateway's id and what it says became of an order.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        gateways: Mapping[str, Verifier],
        inbox: Inbox,
        *,
        node: str,
        told: Callable[[str, OrderResult], None] = lambda _gateway, _result: None,
    ) -> None:
        self._settings, self._inbox, self._node = settings, inbox, node
        self._told = told
        self._gateways = {name: _Gateway(verifier) for name, verifier in gateways.items()}
        self._transport: MqttTransport | None = None
        self._words: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._state: LinkState = "stopped"
        self._fault: str | None = None
        self._since = datetime.now(UTC)

    async def run(self) -> None:
        """Keep the way open until cancelled."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(local=False, most_s=AGAIN_AT_MOST_S)
        told: str | None = None
        while True:
            self._enter("opening", self._fault)
            began_s = loop.time()
            try:
                await self._session()
            except LinkError as error:
                fault = error.fault
                if fault != told:
                    _log.warning("uplink_broke", url=self._settings.link.shown, fault=fault)
            except Exception as error:  # noqa: BLE001 - logged; the way must be tried again
                fault = f"{type(error).__name__}: {error}"
                _log.exception("uplink_failed")
            told = fault
            self._enter("down", fault)
            await asyncio.sleep(backoff.next_s(lasted_s=loop.time() - began_s))

    def health(self) -> list[ChannelHealth]:
        """Return how the gateways and their channels fare, as the node knows.

        For each gateway one channel of its name: the way from it; and one for each of its own,
        `gateway/channel`, as it last told.
        """
        now = datetime.now(UTC)
        return [each for name in self._gateways for each in self._health_of(name, now)]

    def rejected(self, name: str) -> list[RejectedFrame]:
        """Return the last frames that a channel `gateway/channel` rejected, oldest first."""
        gateway, _, channel = name.partition("/")
        known = self._gateways.get(gateway)
        return [] if known is None else list(known.rejected.get(channel, ()))

    def gateways(self) -> list[GatewayHealth]:
        """Return what each gateway last told of itself."""
        return [
            gateway.told or GatewayHealth(gateway=name, told_at=gateway.since)
            for name, gateway in self._gateways.items()
        ]

    async def send_order(self, gateway: str, order: Order) -> None:
        """Pass an order on to a gateway.

        Raises:
            LinkError: If the broker is not reached; the order may be given again.
        """
        if self._transport is None:
            raise LinkError(self._settings.link.shown, self._fault or "the link is not open")
        await self._transport.send(
            self._word("order", pack(order)), topic=topic_of(gateway, "node")
        )

    async def _session(self) -> None:
        names = list(self._gateways)
        topics = [topic_of(name, part) for name in names for part in ("reports", "health")]
        transport = transport_for(
            self._settings, client_id=f"{self._node}-receiver", topics=tuple(topics)
        )
        async with transport:
            self._transport = transport
            self._enter("open", None)
            for name in names:
                hello = Hello(node=self._node, gateway=name, said_at=datetime.now(UTC))
                self._words.put_nowait((name, self._word("hello", pack(hello))))
            speaking = asyncio.create_task(self._speak(transport))
            reading = asyncio.create_task(self._read(transport))
            try:
                await asyncio.wait((speaking, reading), return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._transport = None
                for task in (speaking, reading):
                    task.cancel()
                ended = await asyncio.gather(speaking, reading, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    raise error

    async def _read(self, transport: MqttTransport) -> None:
        while chunks := await transport.read():
            deliveries: list[Delivery] = []
            for chunk in chunks:
                self._take(chunk, deliveries)
                if chunk.stored is not None:
                    chunk.stored()  # the broker has done its part; the receipt is ours
            self._inbox.offer(deliveries, can_wait=True)
            if self._inbox.is_full:
                await self._inbox.room()

    async def _speak(self, transport: MqttTransport) -> None:
        while True:
            gateway, word = await self._words.get()
            await transport.send(word, topic=topic_of(gateway, "node"))

    def _take(self, chunk: Chunk, deliveries: list[Delivery]) -> None:
        name, part = gateway_of(chunk.topic) or ("", "")
        gateway = self._gateways.get(name)
        if gateway is None:
            return
        try:
            if part == "reports":
                self._take_reports(name, gateway, chunk, deliveries)
            elif part == "health":
                self._take_health(name, gateway, chunk)
        except GatewayError as error:
            reason = "not_signed" if isinstance(error, SignatureError) else "bad_envelope"
            gateway.errors[reason] += 1
            if gateway.errors[reason] == 1:  # a forger does not fill the log
                _log.warning("envelope_refused", gateway=name, fault=str(error))

    def _take_reports(
        self, name: str, gateway: _Gateway, chunk: Chunk, deliveries: list[Delivery]
    ) -> None:
        body = gateway.verifier.body("reports", chunk.data)
        envelope = unpack(body, Envelope)
        if envelope.gateway != name:
            raise EnvelopeError(f"is of gateway {envelope.gateway!r}")
        if len(envelope.items) > MAX_ITEMS:
            raise EnvelopeError(f"{len(envelope.items)} items, at most {MAX_ITEMS}")
        gateway.heard_at = chunk.heard_at
        digest = digest_of(body)
        if digest in gateway.stored:
            self._receipt(name, gateway, envelope, digest, gateway.stored[digest])
            return
        if digest in gateway.waiting:
            return
        said, refused = self._read_items(name, gateway, envelope.items)
        for result in envelope.results:
            self._told(name, result)
        receipt = partial(self._receipt, name, gateway, envelope, digest, refused)
        if not said:
            receipt()
            return
        gateway.waiting.add(digest)
        left = len(said)

        def stored() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                receipt()

        deliveries += [Delivery(each, stored) for each in said]
        gateway.transmissions += len(said)

    def _read_items(
        self, name: str, gateway: _Gateway, items: list[Item]
    ) -> tuple[list[Transmission], list[int]]:
        said: list[Transmission] = []
        refused: list[int] = []
        for item in items:
            try:
                transmission = read_item(item.said)
                if not transmission.reception_id.startswith(f"{name}/"):
                    raise EnvelopeError(f"reception {transmission.reception_id!r} is not its own")
            except EnvelopeError as error:
                gateway.errors["bad_item"] += 1
                _log.warning("item_refused", gateway=name, number=item.number, fault=str(error))
                refused.append(item.number)
            else:
                said.append(replace(transmission, channel=f"{name}/{transmission.channel}"))
        return said, refused

    def _receipt(
        self, name: str, gateway: _Gateway, envelope: Envelope, digest: bytes, refused: list[int]
    ) -> None:
        gateway.waiting.discard(digest)
        gateway.stored[digest] = refused
        if len(gateway.stored) > _REMEMBERED:
            gateway.stored.popitem(last=False)
        body = pack(
            Receipt(
                node=self._node,
                gateway=name,
                spool=envelope.spool,
                envelope=digest,
                refused=refused,
            )
        )
        self._words.put_nowait((name, self._word("receipt", body)))

    def _take_health(self, name: str, gateway: _Gateway, chunk: Chunk) -> None:
        told = unpack(gateway.verifier.body("health", chunk.data), GatewayHealth)
        if told.gateway != name:
            raise EnvelopeError(f"is of gateway {told.gateway!r}")
        if (
            gateway.told is not None
            and gateway.told_heard_at is not None
            and told.told_at <= gateway.told.told_at
            # else its clock was set back, or it is a new machine
            and chunk.heard_at - gateway.told_heard_at < 2 * SILENT_AFTER
        ):
            raise EnvelopeError("is not newer than what was told before")
        gateway.told = told
        for frame in told.rejected:
            kept = gateway.rejected.setdefault(frame.channel, deque(maxlen=KEPT))
            kept.append(replace(frame, channel=f"{name}/{frame.channel}"))
            if len(gateway.rejected) > _CHANNELS:
                del gateway.rejected[next(iter(gateway.rejected))]
        gateway.heard_at = gateway.told_heard_at = chunk.heard_at

    def _health_of(self, name: str, now: datetime) -> list[ChannelHealth]:
        gateway = self._gateways[name]
        state, fault, since = self._state, self._fault, self._since
        if state == "open":
            last = gateway.heard_at
            if last is None or now - last > SILENT_AFTER:
                state = "silent"
                since = gateway.since if last is None else last + SILENT_AFTER
                fault = "the gateway has not been heard" + (
                    "" if last is None else f" since {last:%Y-%m-%d %H:%M:%S} UTC"
                )
            elif gateway.told is not None and gateway.told.spool_fault is not None:
                fault = f"its spool: {gateway.told.spool_fault}"
        way = ChannelHealth(
            name=name,
            url=self._settings.link.shown,
            protocols=(),
            state=state,
            since=since,
            fault=fault,
            last_heard_at=gateway.heard_at,
            expected_interval_s=SILENT_AFTER.total_seconds(),
            transmissions=gateway.transmissions,
            errors=dict(gateway.errors),
            gateway=None
            if gateway.told is None
            else replace(gateway.told, channels=(), rejected=()),
        )
        if gateway.told is None:
            return [way]
        reached = state == "open"
        return [
            way,
            *(
                replace(
                    each,
                    name=f"{name}/{each.name}",
                    # when the way is down, what it told is old: no fault, and not known to be well
                    state=each.state if reached or each.state == "down" else "silent",
                    fault=each.fault if reached else f"gateway {name} is not heard",
                )
                for each in gateway.told.channels
            ),
        ]

    def _word(self, purpose: Purpose, body: bytes) -> bytes:
        return purpose.encode() + b"\n" + self._settings.signer.sign(purpose, body)

    def _enter(self, state: LinkState, fault: str | None) -> None:
        if state != self._state:
            self._since = datetime.now(UTC)
        self._state, self._fault = state, fault
