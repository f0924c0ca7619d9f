"""Feed: one way out of the picture: a desk's live stream in, messages out; supervised.

A feed sees what its desk lets pass, so that agency, role and whatever else decides what may be
seen decide it here, too. Nothing in it waits for a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from maps.feeds.due_places import DuePlaces, PlaceAct
from maps.feeds.due_units import Act, DueUnits
from maps.feeds.health import FeedHealth, FeedState
from maps.feeds.outlets.outlets import OUTLETS
from maps.feeds.outlets.peer import Peer
from maps.feeds.places import FeedPlace
from maps.feeds.settings import FeedSettings
from maps.feeds.writers.writers import WRITERS, WriterSettings
from patrol.desks.desk import Desk
from patrol.intake.own_messages import OwnMessages
from patrol.live.feeds import Subscription
from patrol.units.wire import UnitState
from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError
from radio_gateway.links.backoff import Backoff

UNITS_AT_ONCE: Final = 20
"""Units told in one turn of the event loop, so that a crowd of them holds nothing else up."""

IDLE_S: Final = 30.0

_log = structlog.get_logger(__name__)


class Feed:
    """One feed.

    Args:
        settings: What it is told.
        desk: The desk it looks from.
        own_messages: Remembers what is told, so that it is known again when a channel hears it.
        node: This node's id.
        comes_back: A channel of this node is on the same server.
        may_come_back: A channel of this node may be on it, under another address.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        settings: FeedSettings,
        desk: Desk,
        own_messages: OwnMessages,
        *,
        node: str,
        comes_back: bool = False,
        may_come_back: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self._own_messages = own_messages
        self._desk, self._now = desk, now
        max_age = timedelta(seconds=settings.max_age_s)
        scheme = settings.link.scheme
        self._roll = DueUnits(wants=self._wants, max_age=max_age)
        self._places = DuePlaces(
            kinds=settings.also, outline=lambda sector: desk.sectors.geography_of(sector).outline
        )
        self._writer = WRITERS[settings.speaks](
            WriterSettings(
                own=own_messages.of_feed(settings.name, comes_back=comes_back),
                mark=f"{node}/{settings.name}",
                max_age=max_age,
                datagrams=scheme == "udp",
                may_come_back=may_come_back,
            )
        )
        self._outlet = OUTLETS[scheme](settings, self._on_peer, self._on_lost)
        self._is_client = scheme == "tcp"
        self._state: FeedState = "stopped"
        self._since = now()
        self._fault: str | None = None
        self._sent = self._reconnects = 0
        self._last_sent_s = 0.0
        self._subscription: Subscription | None = None
        self._lost_reason: str | None = None
        self._greeting: set[asyncio.Task[None]] = set()

    def health(self) -> FeedHealth:
        """Return how the feed fares now."""
        settings, open_ = self.settings, self._state == "open"
        return FeedHealth(
            name=settings.name,
            url=settings.link.public_url,
            speaks=settings.speaks,
            agency=settings.agency,
            role=settings.role,
            state=self._state,
            since=self._since,
            fault=self._fault,
            clients=self._outlet.clients,
            units=self._roll.unit_count if open_ else 0,
            unnumbered=self._writer.untold,
            sent=self._sent,
            cut_off=self._outlet.cut_off,
            reconnects=self._reconnects,
            echoes=self._own_messages.echo_count(settings.name),
        )

    async def run(self) -> None:
        """Feed until cancelled: open, tell, and open again when the way out is lost."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(local=False)
        try:
            while True:
                began_s = loop.time()
                try:
                    self._enter("opening", self._fault)
                    async with self._outlet:
                        began_s = loop.time()
                        self._enter("open")
                        await self._send_changes()
                except LinkError as error:
                    self._enter("down", error.fault)
                except Exception as error:  # noqa: BLE001 - a supervised task, logged, run again
                    _log.exception("feed_failed", feed=self.settings.name)
                    self._enter("down", f"failed: {type(error).__name__}")
                await asyncio.sleep(backoff.next_s(lasted_s=loop.time() - began_s))
                self._reconnects += 1
        finally:
            self._enter("stopped")

    # -- inside

    async def _send_changes(self) -> None:
        """Tell what changes. Raises LinkError once the way out is lost."""
        self._lost_reason = None
        loop, roll = asyncio.get_running_loop(), self._roll
        subscription = self._subscription = self._desk.visible.subscribe()
        try:
            for frame in await subscription.take(0.0):
                self._take(frame)
            roll.start_over()
            self._places.start_over()
            hello, waits = self._writer.hello(self._now())
            self._send(hello)
            anew_s = float("inf") if waits is None else loop.time() + waits.total_seconds()
            while True:
                if loop.time() >= anew_s:
                    anew_s = float("inf")
                    if not self._own_messages.comes_back(self.settings.name):
                        roll.start_over()
                await self._send_units(roll.due(self._now(), loop.time()), subscription)
                await self._send_places(self._places.due(loop.time()))
                if self._lost_reason is not None or (self._is_client and not self._outlet.clients):
                    raise LinkError(self.settings.link.public_url, self._lost_reason or "closed")
                if self._is_client and loop.time() - self._last_sent_s > IDLE_S:
                    self._send(self._writer.idle(self._now()))
                for frame in await subscription.take(roll.wait_s(loop.time())):
                    self._take(frame)
        finally:
            subscription.close()
            for task in tuple(self._greeting):
                task.cancel()
            await asyncio.gather(*self._greeting, return_exceptions=True)

    async def _send_units(
        self, acts: list[tuple[Act, UnitState]], subscription: Subscription
    ) -> None:
        """Tell what is due, and nothing of a unit that may be seen no more by its turn."""
        for number, (act, unit) in enumerate(acts):
            taken_back = act in ("gone", "forgotten")
            if taken_back or (self._outlet.clients != 0 and self._roll.holds(unit.id)):
                self._send(self._writer.write(act, unit, self._now()))
            if number % UNITS_AT_ONCE == UNITS_AT_ONCE - 1:
                await self._outlet.room()
                for frame in await subscription.take(0.0):
                    self._take(frame)

    async def _send_places(self, acts: list[tuple[PlaceAct, FeedPlace]]) -> None:
        for number, (act, place) in enumerate(acts):
            if act == "taken back" or self._outlet.clients != 0:
                self._send(self._writer.place(act, place, self._now()))
            if number % UNITS_AT_ONCE == UNITS_AT_ONCE - 1:
                await self._outlet.room()

    def _take(self, frame: bytes) -> None:
        self._roll.take(frame)
        self._places.take(frame)

    def _send(self, messages: list[bytes]) -> None:
        for message in messages:
            self._outlet.send(message)
            self._sent += 1
            self._last_sent_s = asyncio.get_running_loop().time()

    def _on_peer(self, peer: Peer) -> None:
        """Tell a newcomer everything, a little at a time, while it hears what changes."""
        task = asyncio.create_task(self._greet(peer), name=f"feed-greeting {self.settings.name}")
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)

    async def _greet(self, peer: Peer) -> None:
        for number, id in enumerate(self._roll.ids()):
            for act, unit in self._roll.now_of(id):
                for message in self._writer.write(act, unit, self._now()):
                    peer.write(message)
            if number % UNITS_AT_ONCE == UNITS_AT_ONCE - 1:
                await peer.drained.wait()
                await asyncio.sleep(0)
        for place in self._places.all():
            for message in self._writer.place("place", place, self._now()):
                peer.write(message)

    def _on_lost(self, why: str) -> None:
        self._lost_reason = why
        if self._subscription is not None:
            self._subscription.close()  # wakes up whoever waits for news

    def _wants(self, state: UnitState) -> bool:
        kinds = self.settings.kinds
        return (state.known or not self.settings.units_only) and (not kinds or state.kind in kinds)

    def _enter(self, state: FeedState, fault: str | None = None) -> None:
        if (state, fault) != (self._state, self._fault):
            if state == "down":
                _log.warning("feed_down", feed=self.settings.name, fault=fault)
            self._state, self._since, self._fault = state, self._now(), fault
