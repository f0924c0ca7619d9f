"""Uplink: the gateway's end of the connection to its node.

What waits in the spool is sent in signed envelopes, and leaves the spool when the node's own
signed receipt for exactly that envelope says that it is stored. That a broker took it means
nothing. A receipt that is forged, was made for another gateway or spool, or names an envelope that
this process never sent deletes nothing.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Final

import structlog
from msgspec.structs import replace

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.health.health import GatewayHealth, RejectedFrame
from radio_gateway.links.backoff import Backoff
from radio_gateway.links.transport import Chunk
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.transports.mqtt import MqttTransport
from radio_gateway.uplink.sender.envelope_size import EnvelopeSize
from radio_gateway.uplink.sender.order_results import OrderResultQueue
from radio_gateway.uplink.sender.report_times import ReportTimes
from radio_gateway.uplink.sender.scheduler import SendQueues
from radio_gateway.uplink.sender.uplink_health import UplinkCondition
from radio_gateway.uplink.spool.cleanup import Removal
from radio_gateway.uplink.spool.rows import SpoolRow
from radio_gateway.uplink.spool.spool import Spool
from radio_gateway.uplink.spool.sqlite_file import SpoolError
from radio_gateway.uplink.wire.envelope import (
    MAX_MESSAGE_BYTES,
    Envelope,
    EnvelopeError,
    EnvelopeItem,
    Hello,
    OrderFor,
    Receipt,
    digest_of,
    pack,
    topic_of,
    unpack,
)
from radio_gateway.uplink.wire.signing import SignatureError
from radio_gateway.uplink.wire.uplink_settings import UplinkSettings, transport_for

HEALTH_EVERY_S: Final = 10.0
AGAIN_AT_MOST_S: Final = 4.0
LIVE_ITEMS: Final = 200
LOOK_EVERY_S: Final = 1.0
_TOLD_EVERY = 100
_log = structlog.get_logger(__name__)


class Uplink:
    """Sends what the spool holds, for as long as the process runs.

    Args:
        settings: How to reach the node.
        spool: What waits.
        gateway: This gateway's id.
        health: Returns how the gateway fares, to be told to the node; the uplink fills in its own
            part and the spool's.
        rejected: Returns, once, frames that were rejected lately.
        on_order: Awaited with each order that the node meant for this gateway, and for how long it
            is worth something from now on, seconds.

    Attributes:
        unbelieved: Messages that were not what they claimed, by reason.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        spool: Spool,
        *,
        gateway: str,
        health: Callable[[], GatewayHealth],
        rejected: Callable[[], tuple[RejectedFrame, ...]] = tuple,
        on_order: Callable[[OrderFor, float], Awaitable[None]] | None = None,
    ) -> None:
        assert settings.node is not None, "a gateway's uplink knows its node"
        self._settings, self._spool, self._gateway = settings, spool, gateway
        self._node = settings.node
        self._health, self._rejected, self._on_order = health, rejected, on_order
        # not to be guessed: who connects under another's id throws that one out
        self._client_id = f"{gateway}-uplink-{secrets.token_hex(8)}"
        self._lanes = SendQueues()
        self._wake = asyncio.Event()
        self._backlog_wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._condition = UplinkCondition(settings.link, gateway, monotonic())
        self._size = EnvelopeSize()
        self._nonce, self._health_count = b"", 0
        self._sent = self._receipted = 0
        self._results = OrderResultQueue()
        self._report_times = ReportTimes()
        self.unbelieved: Counter[str] = Counter()
        self._removal = Removal(spool, self._lanes.mark_removed)

    @property
    def remove_fault(self) -> str | None:
        """Why what the node has stored cannot leave the spool; None when it can."""
        return self._removal.fault

    def enqueue(self, puts: list[SpoolRow]) -> None:
        """Note what was put into the spool."""
        self._lanes.enqueue(puts)
        self._wake.set()

    def queue_result(self, result: OrderResult) -> None:
        """Tell the node what became of an order, as soon as it is reached."""
        self._results.add(result)
        self._wake.set()

    def queue_health(self) -> None:
        """Tell the node soon how the gateway fares: something changed."""
        self._changed.set()

    async def health(self) -> GatewayHealth:
        """Return how the gateway fares, with the way to the node."""
        state = await self._spool.state()
        report, now_s = self._health(), monotonic()
        return GatewayHealth(
            gateway=self._gateway,
            reported_at=utc_now(),
            channels=report.channels,
            uplink=self._condition.state,
            uplink_fault=self._condition.fault(now_s),
            unanswered_s=self._condition.unanswered_s(now_s),
            waiting=state.waiting,
            waiting_bytes=state.waiting_bytes,
            oldest_waiting_at=state.oldest_heard_at,
            sent=self._sent,
            receipted=self._receipted,
            dropped=state.dropped,
            refused=state.refused,
            damaged=state.damaged,
            spool_fault=report.spool_fault or self.remove_fault or state.fault,
            answers=self._nonce,
            count=self._health_count,
            clock=report.clock,
            inbox=report.inbox,
        )

    async def run(self) -> None:
        """Keep the way to the node open until cancelled."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(local=False, most_s=AGAIN_AT_MOST_S)
        while True:
            self._condition.opening()
            began_s = loop.time()
            try:
                await self._session()
            except (LinkError, SpoolError, SettingsError) as error:
                self._condition.note_failure(error, monotonic())
            except Exception as error:  # noqa: BLE001 - logged; the way must be tried again
                _log.exception("uplink_failed")
                self._condition.note_failure(error, monotonic())
            await asyncio.sleep(backoff.next_s(lasted_s=loop.time() - began_s))

    async def _session(self) -> None:
        transport = transport_for(
            self._settings,
            client_id=self._client_id,
            topics=(topic_of(self._gateway, "node"),),
        )
        async with transport:
            self._condition.opened(monotonic())
            self._lanes.restart(await self._spool.newest())
            self._results.restart()
            self._wake.set()
            await _first_end(
                self._send_live_lane(transport),
                self._send_backlog_lane(transport),
                self._listen(transport),
                self._send_health(transport),
                self._removal.keep_trying(),
                self._look(),
            )

    async def _send_live_lane(self, transport: MqttTransport) -> None:
        loop = asyncio.get_running_loop()
        lanes = self._lanes
        while True:
            self._wake.clear()
            if lanes.overdue(loop.time()):
                self._size.smaller()
                self._backlog_wake.set()
            busy = await self._send_live(transport)
            await self._send_results(transport)
            self._backlog_wake.set()
            if not busy:
                both = (lanes.next_due_s(), self._results.next_due_s())
                due_s = min((each for each in both if each is not None), default=None)
                await _rings(self._wake, None if due_s is None else max(due_s - loop.time(), 0.01))

    async def _send_backlog_lane(self, transport: MqttTransport) -> None:
        """Send what nobody waits for; beside the live lane, which never waits for it."""
        while True:
            self._backlog_wake.clear()
            if self._lanes.live(1) or not await self._send_backlog(transport):
                await self._backlog_wake.wait()

    async def _send_live(self, transport: MqttTransport) -> bool:
        numbers = self._lanes.live(LIVE_ITEMS)
        if not numbers:
            return False
        items = await self._spool.items(numbers)
        self._lanes.discard(set(numbers) - {item.number for item in items})
        if items:
            await self._send(transport, self._size.that_fit(items), live=True)
        return True

    async def _send_results(self, transport: MqttTransport) -> None:
        now_s = asyncio.get_running_loop().time()
        results = self._results.to_send(now_s)
        if results:
            note = partial(self._results.mark_sent, results=results, at_s=now_s)
            await self._publish(transport, [], results, note)

    async def _send_backlog(self, transport: MqttTransport) -> bool:
        lanes = self._lanes
        if not lanes.backlog_may_go():
            return False
        beginning = lanes.beginnings
        found = await self._spool.after(lanes.cursor, self._size.most_items)
        if lanes.beginnings != beginning:
            return True
        if not found:
            lanes.more = False
            return False
        items = self._size.that_fit([item for item in found if not lanes.is_flying(item.number)])
        # what did not fit is next
        lanes.cursor = items[-1].number if items else found[-1].number
        if items:
            await self._send(transport, items, live=False)
        return True

    async def _send(
        self, transport: MqttTransport, items: list[EnvelopeItem], *, live: bool
    ) -> None:
        def note(digest: bytes) -> None:
            # before it goes: the receipt may be faster than the broker's word
            numbers = [item.number for item in items]
            at_s = asyncio.get_running_loop().time()
            size = sum(len(item.transmission) for item in items)
            self._lanes.mark_sent(digest, numbers, at_s=at_s, live=live, size=size)
            self._sent += len(items)

        await self._publish(transport, items, [], note)

    async def _publish(
        self,
        transport: MqttTransport,
        items: list[EnvelopeItem],
        results: list[OrderResult],
        note: Callable[[bytes], None],
    ) -> None:
        body = pack(
            Envelope(
                gateway=self._gateway,
                spool=self._spool.id,
                nonce=os.urandom(8),
                sent_at=utc_now(),
                items=items,
                results=results,
            )
        )
        note(digest_of(body))
        message = self._settings.signer.sign("reports", body)
        if len(message) > MAX_MESSAGE_BYTES and len(items) == 1:
            await self._set_aside(items[0], body, len(message))
            return
        self._condition.note_request(monotonic())  # before it goes: see `_send`
        try:
            await transport.send(message, topic=topic_of(self._gateway, "reports"))
        except (LinkError, asyncio.CancelledError):
            self._size.smaller()  # broken while this was on its way: maybe it was too much
            raise

    async def _set_aside(self, item: EnvelopeItem, body: bytes, size: int) -> None:
        """Keep apart what no broker would take: it would stand before all else for ever."""
        _log.error("too_large_to_send", number=item.number, bytes=size, most=MAX_MESSAGE_BYTES)
        self._lanes.mark_received(digest_of(body), [item.number])
        await self._removal.take_out({item.number: True})

    async def _listen(self, transport: MqttTransport) -> None:
        while chunks := await transport.read():
            for chunk in chunks:
                try:
                    await self._take(chunk)
                    self._condition.answered(monotonic())
                except (SignatureError, EnvelopeError) as error:
                    if isinstance(error, SignatureError):
                        self._condition.note_unsigned(monotonic())
                    self.unbelieved[type(error).__name__] += 1
                    if self.unbelieved.total() % _TOLD_EVERY == 1:  # a forger does not fill the log
                        _log.warning("word_not_believed", fault=str(error))
                if chunk.stored is not None:
                    chunk.stored()

    async def _take(self, chunk: Chunk) -> None:
        purpose, _, message = chunk.data.partition(b"\n")
        if purpose == b"receipt":
            receipt = unpack(self._node.body("receipt", message), Receipt)
            self._check_for_us(receipt.gateway)
            if receipt.spool != self._spool.id:
                raise EnvelopeError(f"a receipt for spool {receipt.spool!r}, this is another")
            await self._receipt(receipt)
        elif purpose == b"hello":
            hello = unpack(self._node.body("hello", message), Hello)
            self._check_for_us(hello.gateway)
            self._nonce, self._health_count = hello.nonce, 0
            self._changed.set()
            if hello.is_restart:
                # The node has just come: what was sent before reached nobody. A moment of chance,
                # so that a replayed hello cannot make all gateways send at once.
                await asyncio.sleep(random.uniform(0.0, 0.2))  # noqa: S311 - no secret
                self._lanes.restart(await self._spool.newest())
                self._wake.set()
        elif purpose == b"order":
            order_for = unpack(self._node.body("order", message), OrderFor)
            self._check_for_us(order_for.gateway)
            left_s = self._report_times.life_left_s(order_for, asyncio.get_running_loop().time())
            if self._on_order is not None:
                await self._on_order(order_for, left_s)
        else:
            raise EnvelopeError(f"a word of no known purpose: {purpose[:20]!r}")

    def _check_for_us(self, gateway: str) -> None:
        if gateway != self._gateway:
            raise EnvelopeError(f"meant for gateway {gateway!r}")

    async def _receipt(self, receipt: Receipt) -> None:
        if self._results.note_receipt(receipt.envelope):
            self._wake.set()
            return
        now_s = asyncio.get_running_loop().time()
        found = self._lanes.receipted(receipt.envelope, at_s=now_s)
        if found is None:
            self.unbelieved["unknown_envelope"] += 1
            return
        numbers, took_s, size = found
        refused = set(receipt.refused) & set(numbers)
        self._lanes.mark_received(receipt.envelope, numbers)
        self._receipted += len(numbers) - len(refused)
        self._size.note_receipt(took_s, size=size)
        await self._removal.take_out({number: number in refused for number in numbers})
        self._wake.set()

    async def _look(self) -> None:
        while True:
            self._condition.look(monotonic())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _send_health(self, transport: MqttTransport) -> None:
        topic = topic_of(self._gateway, "health")
        while True:
            self._changed.clear()
            self._health_count += 1
            health = replace(await self.health(), rejected=self._rejected())
            self._report_times.note(health.reported_at, asyncio.get_running_loop().time())
            message = self._settings.signer.sign("health", pack(health))
            await transport.send(message, topic=topic)
            try:
                async with asyncio.timeout(HEALTH_EVERY_S):
                    await self._changed.wait()
                await asyncio.sleep(0.5)  # what changes together is told together
            except TimeoutError:
                continue


async def _rings(bell: asyncio.Event, wait_s: float | None) -> None:
    """Wait until `bell` rings, at most `wait_s`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await bell.wait()


async def _first_end(*works: Coroutine[Any, Any, None]) -> None:
    """Run `works` side by side until one ends; end the others and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
