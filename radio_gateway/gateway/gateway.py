"""Gateway: hears radios at a border post, keeps what it heard, and sends it to its node.

    channels → inbox → spool (on disk) → who waits is answered
                         ↓
                       uplink → broker → node → receipt → out of the spool

Runs for months: whatever fails is tried again by itself, and a task that ends is started anew.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

import structlog
from msgspec.structs import replace

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.outbound import Outbound
from radio_gateway.clock.clock import CLOCK, SAMPLE, utc_now
from radio_gateway.gateway.gateway_settings import GatewaySettings
from radio_gateway.gateway.metrics_server import serving_metrics
from radio_gateway.gateway.spooler import Spooler
from radio_gateway.health.health import ChannelHealth, GatewayHealth, RejectedFrame
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order
from radio_gateway.orders.order_log import OrderLog, OrderLogError, open_order_log
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.recording.journal import Journal
from radio_gateway.runtime import systemd as service
from radio_gateway.uplink.sender.order_results import RESULTS_KEPT
from radio_gateway.uplink.sender.sender import Uplink
from radio_gateway.uplink.spool.spool import Spool, open_spool
from radio_gateway.uplink.spool.sqlite_file import SpoolError
from radio_gateway.uplink.wire.envelope import OrderFor

INBOX: Final = 5000
A_BATCH: Final = 500
DRAIN_S: Final = 5.0
REJECTED_TOLD: Final = 20
REJECTED_BYTES: Final = 256
FIRST_NUMBERS: Final = 9000  # so that a radio does not take an order for one of the last run
LOOK_EVERY_S: Final = 1.0
DROP_OLD_EVERY_S: Final = 3600.0
_log = structlog.get_logger(__name__)


class Gateway:
    """One gateway while it runs.

    Args:
        settings: What it is told.

    Attributes:
        settings: As given.
        channels: By name.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self._inbox = Inbox(INBOX)
        boot = secrets.token_hex(6)
        journal = _journal(settings)
        self.channels = {
            each.name: Channel(each, self._inbox, gateway=settings.id, boot=boot, journal=journal)
            for each in settings.channels
        }
        self._journal = journal
        self._outbound: dict[str, Outbound] = {}
        self._spooler: Spooler | None = None
        self._uplink: Uplink | None = None
        self._orders: OrderLog | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Hear, keep and send until `stop` is set; what was heard by then is in the spool.

        Raises:
            SpoolError: If the spool cannot be opened at all.
            LinkError: If the port for metrics cannot be had.
        """
        settings = self.settings
        async with AsyncExitStack() as stack:
            spool = await stack.enter_async_context(
                await open_spool(
                    settings.spool,
                    max_bytes=settings.spool_max_bytes,
                    max_age=settings.spool_max_age,
                )
            )
            if self._journal is not None:
                stack.callback(self._journal.close)
            spooler = self._spooler = Spooler(spool, self._note_unstored)
            uplink = self._uplink = Uplink(
                settings.uplink,
                spool,
                gateway=settings.id,
                health=self._health,
                rejected=self._take_rejected,
                on_order=self._order,
            )
            path = settings.spool.with_name(f"{settings.spool.name}.orders")
            orders = self._orders = await stack.enter_async_context(await open_order_log(path))
            for ended in await orders.end_of_last_run(utc_now(), RESULTS_KEPT):
                uplink.queue_result(ended)

            def report(result: OrderResult) -> None:
                orders.note(result)
                uplink.queue_result(result)

            self._outbound = {
                name: Outbound(
                    channel,
                    report,
                    first_number=1 + secrets.randbelow(FIRST_NUMBERS),
                    record=orders,
                )
                for name, channel in self.channels.items()
            }
            works: list[tuple[str, Callable[[], Awaitable[None]]]] = [
                ("uplink", uplink.run),
                ("spooler", lambda: self._keep(spooler, uplink)),
                *((f"outbound {name}", each.run) for name, each in self._outbound.items()),
            ]
            tasks = [asyncio.create_task(_supervise(name, work), name=name) for name, work in works]
            stack.push_async_callback(_end, tasks)
            stack.push_async_callback(self._drain)
            if settings.metrics_port is not None:
                await stack.enter_async_context(
                    serving_metrics(settings.metrics_port, self.health, self._rejected)
                )
            channels = [
                asyncio.create_task(channel.run(), name=f"channel {name}")
                for name, channel in self.channels.items()
            ]
            stack.push_async_callback(_end, channels)
            upkeep = [
                asyncio.create_task(
                    _supervise("upkeep", lambda: self._look_after(spool, uplink)), name="upkeep"
                ),
                asyncio.create_task(service.notify_watchdog(), name="watchdog"),
            ]
            stack.push_async_callback(_end, upkeep)
            _log.info("gateway_running", gateway=settings.id, channels=len(self.channels))
            service.notify("READY=1")
            await stop.wait()
            service.notify("STOPPING=1")
        _log.info("gateway_stopped", gateway=settings.id)

    async def health(self) -> GatewayHealth:
        """Return how the gateway fares, with spool and uplink."""
        if self._uplink is None:
            return self._health()
        return await self._uplink.health()

    def _rejected(self) -> dict[str, list[RejectedFrame]]:
        return {name: channel.rejected() for name, channel in self.channels.items()}

    def _take_rejected(self) -> tuple[RejectedFrame, ...]:
        frames = [
            replace(frame, payload=frame.payload[:REJECTED_BYTES])
            for channel in self.channels.values()
            for frame in channel.take_rejected()
        ]
        return tuple(frames[:REJECTED_TOLD])

    async def _order(self, message: OrderFor, life_left_s: float) -> None:
        """Give an order of the node to its channel; what becomes of it is told to the node."""
        order = message.order
        outbound = self._outbound.get(order.channel)
        known = outbound is not None and outbound.knows(order.id)
        if not known and await self._was_begun(order):
            return
        if outbound is not None and message.cancelled:
            outbound.forbid(order)
        elif outbound is not None:
            outbound.send(order, life_left_s=life_left_s)
        elif self._uplink is not None:
            self._uplink.queue_result(
                OrderResult(
                    id=order.id,
                    state="refused",
                    at=utc_now(),
                    final=True,
                    reason="no_channel",
                    detail=f"gateway {self.settings.id} has no channel {order.channel!r}",
                )
            )

    async def _was_begun(self, order: Order) -> bool:
        """Return whether an earlier run began to send an order, which must not go again then."""
        assert self._orders is not None, "no order comes before the log is open"
        try:
            before = await self._orders.last(order.id)
        except OrderLogError as error:
            _log.error("orders_not_read", fault=error.fault)
            return order.kind != "distress"  # the node gives it again; a distress does not wait
        if before is not None and self._uplink is not None:
            self._uplink.queue_result(before)
        return before is not None

    def _health(self) -> GatewayHealth:
        inbox = self._inbox.unstored_by_channel()
        return GatewayHealth(
            gateway=self.settings.id,
            reported_at=utc_now(),
            channels=tuple(
                replace(self._health_of(name), inbox=inbox[name]) for name in self.channels
            ),
            spool_fault=None if self._spooler is None else self._spooler.fault,
            clock=CLOCK.doubt,
            inbox=self._inbox.unstored,
        )

    def _health_of(self, name: str) -> ChannelHealth:
        health = self.channels[name].health()
        outbound = self._outbound.get(name)
        if outbound is None:
            return health
        takes = sorted(kind for kind in outbound.kinds if outbound.refusal_of(kind) is None)
        # one reason serves: settings and link forbid all kinds or none
        refuses = None if takes else outbound.refusal_of(next(iter(outbound.kinds), "text"))
        return replace(health, orders=tuple(takes), refuses=refuses)

    async def _keep(self, spooler: Spooler, uplink: Uplink) -> None:
        """Put what is heard into the spool, answer who waits for that, and have it sent."""
        while True:
            deliveries = await self._inbox.take(A_BATCH)
            CLOCK.observe(each.transmission for each in deliveries[:SAMPLE])
            keeping = asyncio.ensure_future(spooler.keep(deliveries))
            try:
                puts = await asyncio.shield(keeping)
            except asyncio.CancelledError:  # what was taken must not be lost half-way
                await asyncio.wait((keeping,), timeout=DRAIN_S)
                keeping.cancel()
                raise
            uplink.enqueue(puts)

    def _note_unstored(self, transmission: Transmission, detail: str) -> None:
        channel = self.channels.get(transmission.channel)
        if channel is not None:
            channel.note_unstored(transmission, detail)

    async def _look_after(self, spool: Spool, uplink: Uplink) -> None:
        """Tell of changed channels, and drop what is too old."""
        loop = asyncio.get_running_loop()
        reported: dict[str, tuple[str, str | None]] = {}
        doubt = CLOCK.doubt
        drop_at_s = loop.time()
        while True:
            CLOCK.look()
            states = {name: _state(each.health()) for name, each in self.channels.items()}
            if states != reported or CLOCK.doubt != doubt:
                reported, doubt = states, CLOCK.doubt
                uplink.queue_health()
            if loop.time() >= drop_at_s:
                drop_at_s = loop.time() + DROP_OLD_EVERY_S
                try:
                    await spool.drop_old()
                except SpoolError as error:
                    _log.warning("spool_not_cleaned", fault=error.fault)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _drain(self) -> None:
        """Let what was heard before the channels closed get into the spool."""
        try:
            async with asyncio.timeout(DRAIN_S):
                while len(self._inbox):  # noqa: ASYNC110 - has no event for being empty
                    await asyncio.sleep(0.02)
        except TimeoutError:
            _log.error("not_all_kept", waiting=len(self._inbox))


def _journal(settings: GatewaySettings) -> Journal | None:
    if settings.journal is None:
        return None
    return Journal(
        settings.journal.folder,
        max_bytes=settings.journal.file_mib << 20,
        keep_bytes=settings.journal.keep_mib << 20,
    )


def _state(health: ChannelHealth) -> tuple[str, str | None]:
    return health.state, health.fault


async def _supervise(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; when it fails, say so and run it again."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - logged and run again
            _log.exception("task_failed", task=name)
        await asyncio.sleep(1.0)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
