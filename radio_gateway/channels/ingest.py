"""Ingest: what one channel has read, on its way to the inbox: cut, decoded, counted, answered for.

It goes to the inbox as Deliveries, with who must be answered once they are stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import force_setattr, replace

from radio_gateway.channels.acknowledgements import after, reply_after
from radio_gateway.channels.channel_settings import ChannelSettings
from radio_gateway.channels.connection import Connection
from radio_gateway.channels.connections import (
    KEPT,
    KNOWN_DATAGRAM_SENDERS,
    STRANGE_DATAGRAM_SENDERS,
    Connections,
)
from radio_gateway.channels.inactivity import InactivityTimer
from radio_gateway.channels.last_connection import LastConnections
from radio_gateway.channels.sender_authorization import own_words
from radio_gateway.health.health import RejectedFrame
from radio_gateway.health.rejections import Rejections
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk, Transport
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.protocols import ProtocolModule
from radio_gateway.recording.capture import CaptureMark
from radio_gateway.recording.channel_recording import Recordings

_FLUSH_EVERY_S = 0.1
Listener = Callable[[list[Transmission]], None]


class Ingest:
    """What makes of chunks what radios said.

    Args:
        settings: What the channel is told.
        transport: What the chunks come from.
        inbox: Where what is heard goes.
        receptions: What the id of every reception begins with; unique for ever with a number.
        protocols: Those of the channel, by name.
        recordings: Where everything that is read is kept.
        rejections: Where what is not understood is kept and counted.
        silence: Told when something was understood, and how much was not.

    Attributes:
        last_heard_at: When something was last understood, aware UTC; None before the first.
        bytes_read: Bytes so far.
        transmissions: Transmissions so far.
    """

    def __init__(
        self,
        settings: ChannelSettings,
        transport: Transport,
        inbox: Inbox,
        *,
        receptions: str,
        protocols: Mapping[str, ProtocolModule],
        recordings: Recordings,
        rejections: Rejections,
        silence: InactivityTimer,
    ) -> None:
        self._settings, self._transport, self._inbox = settings, transport, inbox
        self._prefix, self._protocols = receptions, protocols
        self._recordings, self._silence = recordings, silence
        self._rejections, self._reject = rejections, rejections.add
        datagrams = not transport.can_wait  # of a serial port there is but one sender
        self._connections = Connections(
            self._new_connection,
            known=KNOWN_DATAGRAM_SENDERS if datagrams else KEPT,
            strangers=STRANGE_DATAGRAM_SENDERS if datagrams else KEPT,
        )
        self._unfinished: dict[str, Connection] = {}
        self._flush_timer: asyncio.TimerHandle | None = None
        self._listeners: list[Listener] = []
        self._whereabouts = LastConnections()
        self.last_heard_at: datetime | None = None
        self.bytes_read = self.transmissions = 0
        self._frames = self._junk = 0  # of connections that have ended

    @property
    def frames(self) -> int:
        """Frames cut so far."""
        return self._frames + sum(each.frames for each in self._connections)

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no frame."""
        return self._junk + sum(each.junk_bytes for each in self._connections)

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with what is heard from now on, before it is stored."""
        self._listeners.append(listener)

    def connection_of(self, device: str) -> str | None:
        """Return the connection that `device` was last heard on, once somebody listens."""
        return self._whereabouts.of(device)

    def take(self, chunks: list[Chunk]) -> bool:
        """Decode what was read and hand on what it says; return whether anything was understood."""
        deliveries: list[Delivery] = []
        connections, recordings, reject = self._connections, self._recordings, self._reject
        keep = recordings.keeps
        self.bytes_read += sum([len(chunk.data) for chunk in chunks])
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
            self._rejections.recent = rejecting
            transmissions = connection.receive(chunk, reject)
            cut = connection.frames - frames
            # of noise a few frames may pass for something that says nothing
            known = bool(transmissions) or (cut > 0 and not rejecting)
            if transmissions or cut > len(rejecting):
                understood = True
                came = 0
                self.last_heard_at = chunk.heard_at
            if chunk.ended:
                transmissions += connection.flush(None, reject)
                self._forget(chunk.connection)
            if chunk.speaks_for:
                transmissions = own_words(chunk, transmissions, reject)
            if chunk.judged is not None:
                chunk.judged(len(transmissions), rejecting)
            stored, waiting = chunk.stored, connection.waiting and not chunk.ended
            if chunk.reply is not None and connection.answering:
                for answer in reversed(connection.answers()):  # each a datagram of its own
                    stored = reply_after(chunk.reply, answer, stored)
            self._deliver(chunk.connection, connection, transmissions, deliveries, stored, waiting)
            if waiting:
                self._unfinished[chunk.connection] = connection
            if known:
                if not connection.known:
                    self._know(chunk.connection, deliveries)
                if chunk.understood is not None:
                    chunk.understood()
        self._silence.note(understood=understood, unknown_bytes=came)
        if self._unfinished and self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(_FLUSH_EVERY_S, self._flush)
        self._inbox.offer(deliveries, can_wait=self._transport.can_wait)
        if keep:
            recordings.flush()
        return understood

    def end(self) -> None:
        """End all connections: the link was closed."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        deliveries: list[Delivery] = []
        for key in self._connections.keys():  # noqa: SIM118 - each is removed
            self._end(key, deliveries)
        self._recordings.write(CaptureMark("end", self._transport.now()))
        self._inbox.offer(deliveries, can_wait=self._transport.can_wait)

    def _deliver(
        self,
        key: str,
        connection: Connection,
        transmissions: list[Transmission],
        deliveries: list[Delivery],
        stored: Callable[[], None] | None,
        waiting: bool,
    ) -> None:
        """Add `transmissions` to `deliveries`, each with who must be answered.

        A message that the decoder may not have said everything about yet is held back.
        """
        name, prefix, numbers = self._settings.name, self._prefix, self._inbox.numbers
        for transmission in transmissions:
            # the decoder made it and nobody has seen it yet
            force_setattr(transmission, "channel", name)
            force_setattr(transmission, "reception_id", f"{prefix}{next(numbers)}")
        self.transmissions += len(transmissions)
        if self._listeners and transmissions:
            self._whereabouts.note(key, transmissions)
            for listener in self._listeners:
                listener(transmissions)
        held = connection.delayed_calls
        if not held and stored is None:
            deliveries += map(Delivery, transmissions)
            return
        if not held and not waiting and len(transmissions) == 1:
            deliveries.append(Delivery(transmissions[0], stored))
            return
        answers: list[Callable[[], None]] = []
        if held and (transmissions or not waiting):
            answers = connection.release(asyncio.get_running_loop().time(), all_=not waiting)
        if stored is not None:
            if waiting:
                connection.delayed_calls.append((asyncio.get_running_loop().time(), stored))
            else:
                answers.append(stored)
        if not transmissions:
            for answer in answers:
                answer()
        elif not answers:
            deliveries += map(Delivery, transmissions)
        else:
            stored_all = after(len(transmissions), answers)
            deliveries += [Delivery(transmission, stored_all) for transmission in transmissions]

    def _flush(self) -> None:
        """Have the decoders give up what has waited too long."""
        self._flush_timer = None
        deliveries: list[Delivery] = []
        present = self._transport.now()
        for key, connection in list(self._unfinished.items()):
            rejecting: list[RejectedFrame] = []
            self._rejections.recent = rejecting
            now = max(present, connection.now())  # the clock may have been set back
            transmissions = connection.flush(now, self._reject)
            self._deliver(key, connection, transmissions, deliveries, None, connection.waiting)
            if transmissions or rejecting or not connection.waiting:
                self._recordings.write(CaptureMark("flush", now, key))
            if not connection.waiting:
                del self._unfinished[key]
        if self._unfinished:
            self._flush_timer = asyncio.get_running_loop().call_later(_FLUSH_EVERY_S, self._flush)
        self._inbox.offer(deliveries, can_wait=self._transport.can_wait)

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
        decoder = replace(self._settings.decoder, live=self._transport.is_live)
        return Connection(self._protocols, decoder)

    def _crowd_out(self, key: str, deliveries: list[Delivery]) -> None:
        connection = self._connections.get(key)
        assert connection is not None
        self._recordings.write(connection.end(key))  # a redecoding ends it at the same place
        self._end(key, deliveries)

    def _end(self, key: str, deliveries: list[Delivery]) -> None:
        connection = self._connections.get(key)
        assert connection is not None
        transmissions = connection.flush(None, self._reject)
        self._deliver(key, connection, transmissions, deliveries, None, False)
        self._forget(key)

    def _forget(self, key: str) -> None:
        connection = self._connections.pop(key)
        self._unfinished.pop(key, None)
        self._frames += connection.frames
        self._junk += connection.junk_bytes
