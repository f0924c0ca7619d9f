"""Receiver: the node's end of its gateways' uplinks.

Each gateway's reports come as signed envelopes; each transmission in them goes into the inbox like
that of a channel of this node, named `gateway/channel`, and keeps when and as what the gateway
received it. When everything in an envelope is stored, its gateway gets a signed receipt.

A gateway speaks only for itself, and says only what radios say: an envelope under its topic that
its key did not sign is not read, and what is not its to say (`radio_gateway.uplink.boundary`) is
set aside, believed of nobody, and receipted as stored.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import structlog
from msgspec.structs import replace

from radio_gateway.clock.clock import DOUBTFUL, utc_now
from radio_gateway.errors.errors import GatewayError, LinkError
from radio_gateway.health.health import ChannelHealth, GatewayHealth, LinkState, RejectedFrame
from radio_gateway.health.rejections import LastRejected
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.backoff import Backoff
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.printable_text import escaped_struct
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.orders.order import Order
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.transports.mqtt import MqttTransport
from radio_gateway.uplink.boundary import overreach
from radio_gateway.uplink.receiver.outbox import GatewayOutbox
from radio_gateway.uplink.receiver.remote_gateway import ASK_EVERY_S, REVOKED, RemoteGateway
from radio_gateway.uplink.wire.envelope import (
    MAX_ITEMS,
    Envelope,
    EnvelopeError,
    EnvelopeItem,
    Hello,
    OrderFor,
    Receipt,
    digest_of,
    gateway_of,
    pack,
    read_item,
    topic_of,
    unpack,
)
from radio_gateway.uplink.wire.signing import SignatureError, Verifier
from radio_gateway.uplink.wire.uplink_settings import UplinkSettings, transport_for

SILENT_AFTER: Final = timedelta(seconds=35)
"""A gateway tells how it fares every 10 s."""

BROKER_WAY: Final = "way to the broker"
"""Under what name it is told how the node's own way fares; no channel can have it."""

AGAIN_AT_MOST_S: Final = 4.0
_CHANNELS = 256  # of one gateway
_SYSTEM = re.compile(r"^cannot connect: (\[Errno \d+\] )?")
_REMEMBERED = 4096  # envelopes stored lately, so that one sent again is receipted at once
_log = structlog.get_logger(__name__)


class Receiver:
    """Takes in what gateways report.

    Args:
        settings: How to reach the broker, and the key that signs receipts.
        gateways: By id, what checks each one's signature.
        inbox: Where what they heard goes.
        node: This node's id.
        on_result: Called with a gateway's id, what it says became of an order, and what to call
            once that is stored: only then is it receipted.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        gateways: Mapping[str, Verifier],
        inbox: Inbox,
        *,
        node: str,
        on_result: Callable[[str, OrderResult, Callable[[], None]], None] = (
            lambda _gateway, _result, stored: stored()
        ),
    ) -> None:
        self._settings, self._inbox, self._node = settings, inbox, node
        self._on_result = on_result
        self._gateways = {name: RemoteGateway(verifier) for name, verifier in gateways.items()}
        # not to be guessed: who connects under another's id throws that one out
        self._client_id = f"{node}-receiver-{secrets.token_hex(8)}"
        self._transport: MqttTransport | None = None
        self._words = GatewayOutbox(settings.signer, self._word_refused)
        self._state: LinkState = "stopped"
        self._fault: str | None = None
        self._since = utc_now()

    async def run(self) -> None:
        """Keep the way open until cancelled."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(local=False, most_s=AGAIN_AT_MOST_S)
        fault_logged: str | None = None
        while True:
            self._enter("opening", self._fault)
            began_s = loop.time()
            try:
                await self._session()
            except LinkError as error:
                fault = error.fault
                if fault != fault_logged:
                    _log.warning("uplink_broke", url=self._settings.link.public_url, fault=fault)
            except Exception as error:  # noqa: BLE001 - logged; the way must be tried again
                fault = f"{type(error).__name__}: {error}"
                _log.exception("uplink_failed")
            fault_logged = fault
            self._enter("down", fault)
            await asyncio.sleep(backoff.next_s(lasted_s=loop.time() - began_s))

    def health(self) -> list[ChannelHealth]:
        """Return how the gateways and their channels fare, as the node knows.

        For each gateway one channel of its name: the way from it; and one for each of its own,
        `gateway/channel`, as it last told.
        """
        url, broker = self._settings.link.public_url, self.broker()
        reports: list[ChannelHealth] = []
        for name, gateway in self._gateways.items():
            reports += gateway.channels(name, url, broker, silent_after=SILENT_AFTER)
        return reports

    def broker(self) -> ChannelHealth:
        """Return how this node's own way to its broker fares, as a channel `BROKER_WAY`."""
        return ChannelHealth(
            name=BROKER_WAY,
            url=self._settings.link.public_url,
            protocols=(),
            state=self._state,
            since=self._since,
            fault=None if self._state == "open" else self._unreached_broker(),
        )

    def revoke(self, keys: Collection[str]) -> None:
        """Take nothing more that one of these public keys signed, and say nothing to who has it."""
        for name, gateway in self._gateways.items():
            if gateway.verifier.public in keys and not gateway.is_revoked:
                gateway.is_revoked = True
                _log.warning("gateway_key_revoked", gateway=name)

    def rejected(self, name: str) -> list[RejectedFrame]:
        """Return the last frames that a channel `gateway/channel` rejected, oldest first."""
        gateway, _, channel = name.partition("/")
        known = self._gateways.get(gateway)
        last = None if known is None else known.rejected.get(channel)
        return [] if last is None else last.all()

    def gateways(self) -> list[GatewayHealth]:
        """Return what each gateway that was heard last told of itself.

        `told_at` is when that was heard here: a gateway's own clock may be years off.
        """
        return [
            replace(each.last_health, reported_at=each.heard_at)
            for each in self._gateways.values()
            if each.last_health is not None and each.heard_at is not None
        ]

    def unreached(self, gateway: str) -> str | None:
        """Return why nothing can be passed on to a gateway now; None when it is reached."""
        if self._transport is None:
            return self._unreached_broker()
        known = self._gateways[gateway]
        if known.is_revoked:
            return f"gateway {gateway}: {REVOKED}"
        ago_s = monotonic() - known.health_heard_s
        if known.last_health is None or ago_s > SILENT_AFTER.total_seconds():
            return f"gateway {gateway} is not heard"
        return None

    async def send_order(
        self, gateway: str, order: Order, *, life_left_s: float, cancelled: bool = False
    ) -> None:
        """Pass an order on to a gateway.

        Args:
            gateway: Its id.
            order: What is to be said; its channel as the gateway names it.
            life_left_s: For how long the order is worth something from now on, seconds.
            cancelled: It is not to be said, if it has not been begun.

        Raises:
            LinkError: If the broker is not reached, or the gateway has not been heard lately; the
                order may be given again.
        """
        known = self._gateways[gateway]
        fault = self.unreached(gateway)
        if fault is not None or self._transport is None or known.last_health is None:
            raise LinkError(self._settings.link.public_url, fault or "the link is not open")
        heard_ago_s = monotonic() - known.health_heard_s
        order_for = OrderFor(
            node=self._node,
            gateway=gateway,
            sent_at=utc_now(),
            health_reported_at=known.last_health.reported_at,
            life_left_s=heard_ago_s + life_left_s,
            order=order,
            cancelled=cancelled,
        )
        await self._words.send_now(self._transport, gateway, "order", pack(order_for))

    async def _session(self) -> None:
        names = list(self._gateways)
        topics = [topic_of(name, part) for name in names for part in ("reports", "health")]
        transport = transport_for(self._settings, client_id=self._client_id, topics=tuple(topics))
        async with transport:
            self._transport = transport
            self._enter("open", None)
            self._words.forget()  # of the session before; sent again when need be
            for name, gateway in self._gateways.items():
                self._greet(name, gateway, began=True)
            speaking = asyncio.create_task(self._words.speak(transport))
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

    def _greet(self, name: str, gateway: RemoteGateway, *, began: bool) -> None:
        """Say hello with a new nonce: only what is told from now on can hold it."""
        gateway.nonce = os.urandom(8)
        if gateway.last_health is not None:
            gateway.last_health = replace(gateway.last_health, answers=b"", count=0)
        hello = Hello(
            node=self._node,
            gateway=name,
            sent_at=utc_now(),
            nonce=gateway.nonce,
            is_restart=began,
        )
        self._words.queue(name, "hello", pack(hello))

    def _word_refused(self, name: str, fault: str) -> None:
        errors = self._gateways[name].errors
        errors["word_refused"] += 1
        if errors["word_refused"] == 1:
            _log.error("word_refused", gateway=name, fault=fault)

    def _take(self, chunk: Chunk, deliveries: list[Delivery]) -> None:
        name, part = gateway_of(chunk.topic) or ("", "")
        gateway = self._gateways.get(name)
        if gateway is None:
            return
        if gateway.is_revoked:
            gateway.refused("revoked_key")
            return
        try:
            if part == "reports":
                self._take_reports(name, gateway, chunk, deliveries)
            elif part == "health":
                self._take_health(name, gateway, chunk)
        except GatewayError as error:
            reason = "not_signed" if isinstance(error, SignatureError) else "bad_envelope"
            if gateway.refused(reason):  # a forger does not fill the log
                _log.warning("envelope_refused", gateway=name, fault=str(error))

    def _take_reports(
        self, name: str, gateway: RemoteGateway, chunk: Chunk, deliveries: list[Delivery]
    ) -> None:
        body = gateway.verifier.body("reports", chunk.data)
        envelope = unpack(body, Envelope)
        if envelope.gateway != name:
            raise EnvelopeError(f"is of gateway {envelope.gateway!r}")
        if len(envelope.items) > MAX_ITEMS:
            raise EnvelopeError(f"{len(envelope.items)} items, at most {MAX_ITEMS}")
        digest = digest_of(body)
        if digest in gateway.stored:
            self._receipt(name, gateway, envelope, digest, gateway.stored[digest])
            return
        if digest in gateway.waiting:
            return
        items, refused = self._read_items(name, gateway, envelope.items)
        receipt = partial(self._receipt, name, gateway, envelope, digest, refused)
        left = len(items) + len(envelope.results)
        if not left:
            receipt()
            return
        gateway.waiting.add(digest)

        def stored() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                receipt()

        for result in envelope.results:
            self._on_result(name, result, stored)
        for each, refusal in items:
            deliveries.append(Delivery(each, stored, refusal))
        gateway.transmissions += len(items)

    def _read_items(
        self, name: str, gateway: RemoteGateway, items: list[EnvelopeItem]
    ) -> tuple[list[tuple[Transmission, str | None]], list[int]]:
        """Return what is said, each with why it is to be set aside, and what cannot be read."""
        read: list[tuple[Transmission, str | None]] = []
        refused: list[int] = []
        for item in items:
            try:
                transmission = read_item(item.transmission)
            except EnvelopeError as error:
                gateway.errors["bad_item"] += 1
                _log.warning("item_refused", gateway=name, number=item.number, fault=str(error))
                refused.append(item.number)
            else:
                flags = transmission.flags
                if DOUBTFUL not in flags and gateway.misdates(transmission):
                    flags = tuple(sorted((*flags, DOUBTFUL)))
                fault = overreach(transmission, name)
                if fault is not None and gateway.note_overreach(fault):
                    _log.error("gateway_overreaches", gateway=name, fault=fault)
                channel = f"{name}/{transmission.channel}"
                read.append((replace(transmission, channel=channel, flags=flags), fault))
        return read, refused

    def _receipt(
        self,
        name: str,
        gateway: RemoteGateway,
        envelope: Envelope,
        digest: bytes,
        refused: list[int],
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
        self._words.queue(name, "receipt", body)

    def _take_health(self, name: str, gateway: RemoteGateway, chunk: Chunk) -> None:
        report = unpack(gateway.verifier.body("health", chunk.data), GatewayHealth)
        if report.gateway != name:
            raise EnvelopeError(f"is of gateway {report.gateway!r}")
        known = 0 if gateway.last_health is None else gateway.last_health.count
        if report.answers != gateway.nonce or report.count <= known:
            # recorded earlier, or a gateway that has just started: it can answer, a record cannot
            if monotonic() - gateway.health_requested_s >= ASK_EVERY_S:
                gateway.health_requested_s = monotonic()
                self._greet(name, gateway, began=False)
            if report.answers:
                raise EnvelopeError("was told before")
            return
        gateway.last_health = report = escaped_struct(
            report
        )  # people are shown it; it may be anybody's words
        gateway.ahead_s = (report.reported_at - chunk.heard_at).total_seconds()
        for frame in report.rejected:
            rejected = gateway.rejected.setdefault(frame.channel, LastRejected())
            rejected.add(replace(frame, channel=f"{name}/{frame.channel}"))
            if len(gateway.rejected) > _CHANNELS:
                del gateway.rejected[next(iter(gateway.rejected))]
        gateway.heard_at = chunk.heard_at
        gateway.health_heard_s = monotonic()

    def _unreached_broker(self) -> str:
        link = self._settings.link
        port = link.port or (8883 if link.scheme == "mqtts" else 1883)
        fault = _SYSTEM.sub("", self._fault or "the link is not open yet")
        return f"this office cannot reach its broker at {link.host}:{port}: {fault}"

    def _enter(self, state: LinkState, fault: str | None) -> None:
        # an outage lasts from its first failure on, whatever is tried meanwhile
        trying = self._fault is not None and {state, self._state} == {"opening", "down"}
        if state != self._state and not trying:
            self._since = utc_now()
        self._state, self._fault = state, fault
