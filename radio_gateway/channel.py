"""Channel: one link to radios: open it, frame, decode, count, watch for silence, open it again.

A channel is a task of its own; whatever breaks in it stays in it. What it hears goes to the
inbox as Deliveries, with who must be answered once they are stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import structlog
from msgspec.structs import force_setattr, replace

from radio_gateway.answering import after, reply_after
from radio_gateway.backoff import STABLE_S, Backoff
from radio_gateway.capture import Mark
from radio_gateway.chunk import Chunk, Doorkeeper, Hurrying, Transport
from radio_gateway.clock import CLOCK, utc_now
from radio_gateway.connection import Connection
from radio_gateway.connections import (
    KEPT,
    KNOWN_DATAGRAM_SENDERS,
    STRANGE_DATAGRAM_SENDERS,
    Connections,
)
from radio_gateway.errors import LinkError
from radio_gateway.framing import Frame
from radio_gateway.health import ChannelHealth, LinkState, RejectedFrame
from radio_gateway.inbox import Inbox
from radio_gateway.journal import Journal
from radio_gateway.order import Outgoing
from radio_gateway.protocols import GREETINGS, PROTOCOLS, ProtocolModule
from radio_gateway.recordings import Recordings
from radio_gateway.rejections import Rejections
from radio_gateway.settings import ChannelSettings, make_transport
from radio_gateway.silence import Silence, alike, silence_words
from radio_gateway.speakers import own_words
from radio_gateway.transmission import Delivery, Transmission
from radio_gateway.turned_away import TurnedAway
from radio_gateway.whereabouts import Whereabouts

_FLUSH_EVERY_S = 0.1
Listener = Callable[[list[Transmission]], None]
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
        self._inbox = inbox
        self._prefix = f"{gateway}/{boot}/"
        self._listeners: list[Listener] = []
        self._protocols = {name: protocols[name] for name in settings.protocols}
        datagrams = not self.transport.can_wait  # of a serial port there is but one sender
        self._connections = Connections(
            self._new_connection,
            known=KNOWN_DATAGRAM_SENDERS if datagrams else KEPT,
            strangers=STRANGE_DATAGRAM_SENDERS if datagrams else KEPT,
        )
        self._unfinished: dict[str, Connection] = {}
        self._flush_timer: asyncio.TimerHandle | None = None
        self._recordings = Recordings(settings.name, settings.protocols, journal)
        self._state: LinkState = "stopped"
        self._since = utc_now()
        self._fault: str | None = None
        self._silence = Silence(settings.expected_interval_s)
        self._last_heard_at: datetime | None = None
        self._bytes = self._frames = self._transmissions = self._junk = self._reconnects = 0
        self._rejections = Rejections(settings.name)
        self._reject = self._rejections.add
        if isinstance(self.transport, Hurrying):
            self.transport.on_much = inbox.hurry
        if isinstance(self.transport, Doorkeeper):
            self.transport.on_turned_away = TurnedAway(settings.name, self._rejections).note
        self._whereabouts = Whereabouts()

    async def run(self) -> None:
        """Keep the link open until cancelled, or until a replay has come to its end."""
        task = asyncio.current_task()
        assert task is not None
        task.set_name(f"channel {self.settings.name}")
        log = _log.bind(channel=self.settings.name, url=self.settings.shown_url)
        backoff = Backoff(local=self.transport.is_local)
        loop = asyncio.get_running_loop()
        told: str | None = None
        try:
            while True:
                self._enter("opening", self._fault)
                opened_s, heard_at = loop.time(), self._last_heard_at
                try:
                    await self._session()
                except LinkError as error:
                    fault = error.fault
                    if told is None or not alike(fault, told):  # it may be absent for days
                        log.warning("link_broke", fault=fault)
                except Exception as error:
                    fault = f"{type(error).__name__}: {error}"
                    if fault != told:
                        log.exception("channel_failed")
                else:
                    log.info("channel_ended")
                    return
                told = fault
                self._enter("down", fault)
                lasted_s = loop.time() - opened_s
                if self._last_heard_at is not heard_at:  # what breaks next is news again
                    told = None
                    if self.transport.is_local:
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
            fault = self.transport.fault
        return ChannelHealth(
            name=self.settings.name,
            url=self.settings.shown_url,
            protocols=self.settings.protocols,
            state=state,
            since=since,
            fault=fault,
            last_heard_at=self._last_heard_at,
            expected_interval_s=self.settings.expected_interval_s,
            bytes_read=self._bytes,
            frames=self._frames + sum(c.frames for c in self._connections),
            transmissions=self._transmissions,
            junk_bytes=self._junk + sum(c.junk_bytes for c in self._connections),
            shed=self._inbox.shed[self.settings.name],
            reconnects=self._reconnects,
            errors=dict(self._rejections.counts),
            journal_fault=self._recordings.fault,
            journal_missed=self._recordings.missed,
        )

    def rejected(self) -> list[RejectedFrame]:
        """Return the last frames that were not understood or not let in, oldest first."""
        return self._rejections.kept()

    def not_kept(self, said: Transmission, detail: str) -> None:
        """Note that what was decoded could not be stored, and why."""
        self._reject(Frame(said.raw, said.heard_at), "not_kept", detail)

    def rejected_lately(self) -> list[RejectedFrame]:
        """Return, once, the newest few of what was rejected since this was last asked."""
        return self._rejections.untold()

    def start_capture(self, path: Path, *, max_bytes: int = 100_000_000) -> None:
        """Write everything the channel reads from now on to a new file.

        Raises:
            OSError: If the file exists or cannot be made.
        """
        self._recordings.start_capture(path, max_bytes=max_bytes)

    def stop_capture(self) -> None:
        """Write no more and close the file."""
        self._recordings.stop_capture()

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with what is heard from now on, before it is stored."""
        self._listeners.append(listener)

    async def send(self, outgoing: Outgoing) -> None:
        """Send to a radio. Whether that is allowed, and when, is decided by whoever calls.

        Raises:
            LinkError: If the link is not open or does not take it.
        """
        await self.transport.send(
            outgoing.data, connection=outgoing.connection, topic=outgoing.topic
        )

    def connection_of(self, device: str) -> str | None:
        """Return the connection that `device` was last heard on, for channels with a listener."""
        return self._whereabouts.of(device)

    async def _session(self) -> None:
        """Open the link and hear it until it ends or breaks."""
        transport, inbox = self.transport, self._inbox
        loop = asyncio.get_running_loop()
        patience_s = self._silence.patience_s if transport.reopens_when_silent else None
        known_bytes = self._bytes
        async with transport:
            self._enter("open", None)
            self._silence.watch()
            for name in self.settings.protocols:
                if name in GREETINGS and transport.can_send:
                    try:
                        await transport.send(GREETINGS[name](self.settings.decoder))
                    except LinkError:
                        pass  # nobody is there to wake yet (UDP, a listener); or `read` says so
            try:
                async with asyncio.timeout(patience_s) as patience:
                    while chunks := await self._read():
                        understood = self._hear(chunks)
                        if patience_s is not None and understood:
                            known_bytes = self._bytes
                            patience.reschedule(loop.time() + patience_s)
                        if transport.can_wait and inbox.is_full:
                            patience.reschedule(None)
                            await inbox.room()
                            if patience_s is not None:
                                patience.reschedule(loop.time() + patience_s)
            except TimeoutError as error:
                what = silence_words(self._bytes - known_bytes)
                fault = f"{what} for {patience_s:g} s; the link is opened again"
                raise LinkError(self.settings.shown_url, fault) from error
            finally:
                self._end_connections()

    async def _read(self) -> list[Chunk]:
        """Read what came, once it may be taken: under load it is one batch here, too.

        It is dated by the transport, when it comes.
        """
        if self.transport.can_wait:
            await self._inbox.rested()
        return await self.transport.read()

    def _hear(self, chunks: list[Chunk]) -> bool:
        """Decode `chunks` and hand on what they say; return whether anything was understood."""
        deliveries: list[Delivery] = []
        connections, recordings, reject = self._connections, self._recordings, self._reject
        keep = recordings.keep_something
        self._bytes += sum([len(chunk.data) for chunk in chunks])
        understood = False
        came = 0  # bytes since something was understood
        for chunk in chunks:
            came += len(chunk.data)
            connection = connections.get(chunk.connection)
            if connection is None:
                if not chunk.data and chunk.ended and chunk.stored is None:
                    recordings.write(chunk)
                    continue
                connection = self._meet(chunk.connection, deliveries)
            if keep:
                recordings.write(chunk)
            frames = connection.frames
            rejecting: list[RejectedFrame] = []
            self._rejections.lately = rejecting
            heard = connection.hear(chunk, reject)
            cut = connection.frames - frames
            # of noise a few frames may pass for something that says nothing
            known = bool(heard) or (cut > 0 and not rejecting)
            if heard or cut > len(rejecting):
                understood = True
                came = 0
                self._last_heard_at = chunk.heard_at
            if chunk.ended:
                heard += connection.flush(None, reject)
                self._forget(chunk.connection)
            if chunk.speaks_for:
                heard = own_words(chunk, heard, reject)
            if chunk.judged is not None:
                chunk.judged(len(heard), rejecting)
            stored, waiting = chunk.stored, connection.waiting and not chunk.ended
            if chunk.reply is not None:
                for answer in reversed(connection.answers()):  # each a datagram of its own
                    stored = reply_after(chunk.reply, answer, stored)
            self._deliver(chunk.connection, connection, heard, deliveries, stored, waiting)
            if waiting:
                self._unfinished[chunk.connection] = connection
            if known:
                if not connection.known:
                    self._know(chunk.connection, deliveries)
                if chunk.understood is not None:
                    chunk.understood()
        if understood:
            self._silence.end()
        self._silence.received(came)
        if self._unfinished and self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(_FLUSH_EVERY_S, self._flush)
        self._inbox.offer(deliveries, can_wait=self.transport.can_wait)
        recordings.flush()
        return understood

    def _deliver(
        self,
        key: str,
        connection: Connection,
        heard: list[Transmission],
        deliveries: list[Delivery],
        stored: Callable[[], None] | None,
        waiting: bool,
    ) -> None:
        """Add `heard` to `deliveries`, each with who must be answered.

        A message that the decoder may not have said everything about yet is held back.
        """
        name, prefix, numbers = self.settings.name, self._prefix, self._inbox.numbers
        for transmission in heard:
            # the decoder made it and nobody has seen it yet
            force_setattr(transmission, "channel", name)
            force_setattr(transmission, "reception_id", f"{prefix}{next(numbers)}")
        self._transmissions += len(heard)
        if self._listeners and heard:
            self._whereabouts.note(key, heard)
            for listener in self._listeners:
                listener(heard)
        held = connection.held
        if not held and stored is None:
            deliveries += map(Delivery, heard)
            return
        if not held and not waiting and len(heard) == 1:
            deliveries.append(Delivery(heard[0], stored))
            return
        answers: list[Callable[[], None]] = []
        if held and (heard or not waiting):
            answers = connection.release(asyncio.get_running_loop().time(), all_=not waiting)
        if stored is not None:
            if waiting:
                connection.held.append((asyncio.get_running_loop().time(), stored))
            else:
                answers.append(stored)
        if not heard:
            for answer in answers:
                answer()
        elif not answers:
            deliveries += map(Delivery, heard)
        else:
            stored_all = after(len(heard), answers)
            deliveries += [Delivery(transmission, stored_all) for transmission in heard]

    def _flush(self) -> None:
        """Have the decoders give up what has waited too long."""
        self._flush_timer = None
        deliveries: list[Delivery] = []
        present = self.transport.now()
        for key, connection in list(self._unfinished.items()):
            rejecting: list[RejectedFrame] = []
            self._rejections.lately = rejecting
            now = max(present, connection.now())  # the clock may have been set back
            heard = connection.flush(now, self._reject)
            self._deliver(key, connection, heard, deliveries, None, connection.waiting)
            if heard or rejecting or not connection.waiting:
                self._recordings.write(Mark("flush", now, key))
            if not connection.waiting:
                del self._unfinished[key]
        if self._unfinished:
            self._flush_timer = asyncio.get_running_loop().call_later(_FLUSH_EVERY_S, self._flush)
        self._inbox.offer(deliveries, can_wait=self.transport.can_wait)

    def _meet(self, key: str, deliveries: list[Delivery]) -> Connection:
        """Make a connection; the stranger unheard for longest makes room for it."""
        going = self._connections.crowded_out()
        if going is not None:
            self._crowd_out(going, deliveries)
        return self._connections.meet(key)

    def _know(self, key: str, deliveries: list[Delivery]) -> None:
        """Note that something of the sender `key` was understood."""
        going = self._connections.know(key)
        if going is not None:
            self._crowd_out(going, deliveries)

    def _new_connection(self) -> Connection:
        decoder = replace(self.settings.decoder, live=self.transport.is_live)
        return Connection(self._protocols, decoder)

    def _crowd_out(self, key: str, deliveries: list[Delivery]) -> None:
        connection = self._connections.get(key)
        assert connection is not None
        self._recordings.write(connection.end(key))  # a redecoding ends it at the same place
        self._end(key, deliveries)

    def _end(self, key: str, deliveries: list[Delivery]) -> None:
        connection = self._connections.get(key)
        assert connection is not None
        heard = connection.flush(None, self._reject)
        self._deliver(key, connection, heard, deliveries, None, False)
        self._forget(key)

    def _forget(self, key: str) -> None:
        connection = self._connections.pop(key)
        self._unfinished.pop(key, None)
        self._frames += connection.frames
        self._junk += connection.junk_bytes

    def _end_connections(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        deliveries: list[Delivery] = []
        for key in self._connections.keys():  # noqa: SIM118 - each is removed
            self._end(key, deliveries)
        self._recordings.write(Mark("end", self.transport.now()))
        self._inbox.offer(deliveries, can_wait=self.transport.can_wait)

    def _enter(self, state: LinkState, fault: str | None) -> None:
        # an outage lasts from its first failure on, whatever is tried meanwhile
        trying = self._fault is not None and {state, self._state} == {"opening", "down"}
        if state != self._state and not trying:
            self._since = utc_now()
        self._state, self._fault = state, fault
