"""Channel: one link to radios: open it, hear it, watch for silence, open it again.

A channel is a task of its own; whatever breaks in it stays in it. What becomes of what was read:
hearing.py.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

import structlog

from radio_gateway.channels.auth_failures import AuthFailures
from radio_gateway.channels.channel_plugins import plugin_fault, without_failed
from radio_gateway.channels.channel_settings import ChannelSettings, make_transport
from radio_gateway.channels.inactivity import InactivityTimer, alike, silence_words
from radio_gateway.channels.ingest import Ingest, Listener
from radio_gateway.clock.clock import CLOCK, utc_now
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import LinkError
from radio_gateway.health.health import ChannelHealth, LinkState, RejectedFrame
from radio_gateway.health.rejections import Rejections
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.backoff import STABLE_S, Backoff
from radio_gateway.links.transport import KeyCheckingTransport, Transport, WindowedTransport
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder
from radio_gateway.protocols import GREETINGS, PROTOCOLS, ProtocolModule
from radio_gateway.recording.channel_recording import Recordings
from radio_gateway.recording.journal import Journal

_log = structlog.get_logger(__name__)


class Channel:
    """One link to radios.

    Args:
        settings: What the channel is told.
        inbox: Where what it hears goes.
        gateway: Short name of this gateway, part of every reception's id.
        boot: Identifies this run of the gateway, another one each time; with `gateway` and a
            number it makes a reception's id unique for ever.
        protocols: The protocols there are, by name.
        journal: Where everything that is read is kept; None: nowhere.

    Attributes:
        settings: As given.
        inbox: As given.
        transport: What moves its bytes (an `HttpTransport` takes bodies through `submit`).
    """

    def __init__(
        self,
        settings: ChannelSettings,
        inbox: Inbox,
        *,
        gateway: str,
        boot: str,
        protocols: Mapping[str, ProtocolModule] = PROTOCOLS,
        journal: Journal | None = None,
    ) -> None:
        self.settings = settings
        self.transport: Transport = make_transport(settings, gateway=gateway)
        if settings.link.scheme == "replay":
            CLOCK.recordings.add(settings.name)
        self.inbox = inbox
        self._recordings = Recordings(settings.name, settings.protocols, journal)
        self._state: LinkState = "stopped"
        self._since = utc_now()
        self._fault: str | None = None
        self._silence = InactivityTimer(settings.expected_interval_s)
        self._reconnects = 0
        self._loss: tuple[str, float] | None = None  # what the log says of it; loop time it began
        self._rejections = Rejections(settings.name)
        self._hearing = Ingest(
            settings,
            self.transport,
            inbox,
            receptions=f"{gateway}/{boot}/",
            protocols={name: protocols[name] for name in without_failed(settings.protocols)},
            recordings=self._recordings,
            rejections=self._rejections,
            silence=self._silence,
        )
        if isinstance(self.transport, WindowedTransport):
            self.transport.on_much = inbox.hurry
        if isinstance(self.transport, KeyCheckingTransport):
            self.transport.on_turned_away = AuthFailures(settings.name, self._rejections).note

    async def run(self) -> None:
        """Keep the link open until cancelled, or until a replay has come to its end."""
        task = asyncio.current_task()
        assert task is not None
        task.set_name(f"channel {self.settings.name}")
        log = _log.bind(channel=self.settings.name, url=self.settings.public_url)
        backoff = Backoff(local=self.transport.is_local)
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._enter("opening", self._fault)
                opened_s, heard_at = loop.time(), self._hearing.last_heard_at
                try:
                    await self._session()
                except LinkError as error:
                    fault = error.fault
                    if self._loss is None or not alike(fault, self._loss[0]):  # it may last days
                        log.warning("link_broke", fault=fault)
                except Exception as error:
                    fault = f"{type(error).__name__}: {error}"
                    if self._loss is None or fault != self._loss[0]:
                        log.exception("channel_failed")
                else:
                    log.info("channel_ended")
                    return
                self._loss = (fault, loop.time() if self._loss is None else self._loss[1])
                self._enter("down", fault)
                lasted_s = loop.time() - opened_s
                if self._hearing.last_heard_at is not heard_at and self.transport.is_local:
                    lasted_s = STABLE_S  # worth trying at once
                await asyncio.sleep(backoff.next_s(lasted_s=lasted_s))
                self._reconnects += 1
        finally:
            self._recordings.close()
            self._enter("stopped", None)

    def health(self) -> ChannelHealth:
        """Return how the channel fares now."""
        state, since, fault = self._state, self._since, self._fault
        if state == "open" and (silence := self._silence.too_long()) is not None:
            since, fault = max(silence[0], since), silence[1]
            state = "silent"
        elif state == "open":
            fault = self.transport.fault or plugin_fault(self.settings.protocols)
        return ChannelHealth(
            name=self.settings.name,
            url=self.settings.public_url,
            protocols=self.settings.protocols,
            state=state,
            since=since,
            fault=fault,
            last_heard_at=self._hearing.last_heard_at,
            expected_interval_s=self.settings.expected_interval_s,
            bytes_read=self._hearing.bytes_read,
            frames=self._hearing.frames,
            transmissions=self._hearing.transmissions,
            junk_bytes=self._hearing.junk_bytes,
            shed=self.inbox.shed[self.settings.name],
            reconnects=self._reconnects,
            errors=dict(self._rejections.counts),
            journal_fault=self._recordings.fault,
            journal_missed=self._recordings.missed_chunks,
        )

    def rejected(self) -> list[RejectedFrame]:
        """Return the last frames that were not understood or not let in, oldest first."""
        return self._rejections.newest()

    def note_unstored(self, transmission: Transmission, detail: str) -> None:
        """Note that what was decoded could not be stored, and why."""
        self._rejections.add(Frame(transmission.raw, transmission.heard_at), "not_kept", detail)

    def take_rejected(self) -> list[RejectedFrame]:
        """Return, once, the newest few of what was rejected since this was last asked."""
        return self._rejections.unreported()

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with what is heard from now on, before it is stored."""
        self._hearing.listen(listener)

    async def send(self, outgoing: EncodedOrder) -> None:
        """Send to a radio. Whether that is allowed, and when, is decided by whoever calls.

        Raises:
            LinkError: If the link is not open or does not take it.
        """
        await self.transport.send(
            outgoing.data, connection=outgoing.connection, topic=outgoing.topic
        )

    def connection_of(self, device: str) -> str | None:
        """Return the connection that `device` was last heard on, for channels with a listener."""
        return self._hearing.connection_of(device)

    async def _session(self) -> None:
        """Open the link and hear it until it ends or breaks."""
        transport, inbox, hearing = self.transport, self.inbox, self._hearing
        loop = asyncio.get_running_loop()
        patience_s = self._silence.patience_s if transport.reopens_when_silent else None
        known_bytes = hearing.bytes_read
        at_once = transport.at_once if isinstance(transport, WindowedTransport) else sys.maxsize
        async with transport:
            self._enter("open", None)
            self._silence.watch()
            for name in self.settings.protocols:
                if name in GREETINGS and transport.can_send:
                    greeting = GREETINGS[name](self.settings.decoder)
                    try:
                        if greeting:  # a plug-in may have failed to make one
                            await transport.send(greeting)
                    except LinkError:
                        pass  # nobody is there to wake yet (UDP, a listener); or `read` says so
            try:
                async with asyncio.timeout(patience_s) as patience:
                    while True:
                        if transport.can_wait:
                            await inbox.wait_for_turn()  # under load it is one batch here, too
                        chunks = await transport.read()  # dated by the transport, as it came
                        if not chunks:
                            break
                        understood = hearing.take(chunks)
                        if understood and self._loss is not None:
                            self._log_recovery()
                        if patience_s is not None and understood:
                            known_bytes = hearing.bytes_read
                            patience.reschedule(loop.time() + patience_s)
                        full = transport.can_wait and inbox.is_full
                        if full or len(inbox) >= at_once:
                            patience.reschedule(None)
                            await (inbox.room() if full else inbox.wait_until_taken())
                            if patience_s is not None:
                                patience.reschedule(loop.time() + patience_s)
            except TimeoutError as error:
                what = silence_words(hearing.bytes_read - known_bytes)
                fault = f"{what} for {patience_s:g} s; the link is opened again"
                raise LinkError(self.settings.public_url, fault) from error
            finally:
                hearing.end()

    def _log_recovery(self) -> None:
        """Log that a lost link is heard again; what breaks next is news then."""
        assert self._loss is not None
        lasted_s = asyncio.get_running_loop().time() - self._loss[1]
        self._loss = None
        _log.info(
            "link_back",
            channel=self.settings.name,
            url=self.settings.public_url,
            lasted_s=round(lasted_s, 1),
        )

    def _enter(self, state: LinkState, fault: str | None) -> None:
        # an outage lasts from its first failure on, whatever is tried meanwhile
        trying = self._fault is not None and {state, self._state} == {"opening", "down"}
        if state != self._state and not trying:
            self._since = utc_now()
        self._state, self._fault = state, fault
