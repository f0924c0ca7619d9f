"""Redecode: decodes a capture again, as the channel did.

Each read goes to the framer and decoders of its own connection, at its own time and with its own
topic, as in the channel. Where the capture tells when the channel had its decoders give up what
waited (`CaptureMark`), they do so at the same moments; where it does not (a link that was recorded
without a channel), after every pause.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import force_setattr, replace

from radio_gateway.channels.channel_settings import ChannelSettings
from radio_gateway.channels.connection import Connection
from radio_gateway.channels.connections import KEPT
from radio_gateway.channels.sender_authorization import own_words
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.recording.capture import CaptureError, CaptureHeader, CaptureMark, read_events

_PAUSE = timedelta(milliseconds=100)  # a channel looks as often at what waits

Decoded = Transmission | FrameError


def decode_captures(
    paths: Iterable[Path],
    *,
    protocols: tuple[str, ...] = (),
    settings: DecoderSettings | None = None,
    channels: Mapping[str, ChannelSettings] | None = None,
) -> Iterator[Decoded]:
    """Yield what a channel made of captures, rejected frames in their place.

    Args:
        paths: Captures, oldest first, of one channel or of several; of a folder, all that are in
            it, by name. They may be compressed. A plain file of lines is read too.
        protocols: What is spoken, names in `PROTOCOLS`; what the capture says when empty.
        settings: What the decoders are told.
        channels: Settings of channels by name, which go before: their keys, their fleet's codes.

    Raises:
        CaptureError: If a file cannot be read, or neither it nor `protocols` says what is spoken.
    """
    known = channels or {}
    channel_of: dict[str, _Channel] = {}
    for path in paths:
        for file in captures_in(path):
            channel: _Channel | None = None
            for event in read_events(file):
                if isinstance(event, CaptureHeader) or channel is None:
                    head = event if isinstance(event, CaptureHeader) else None
                    name = "" if head is None else head.channel
                    spoken = protocols or (() if head is None else head.protocols)
                    if name in known:
                        spoken = spoken or known[name].protocols
                    unknown = [each for each in spoken if each not in PROTOCOLS]
                    if unknown or not spoken:
                        fault = f"no protocol {unknown[0]}" if unknown else "name a protocol"
                        raise CaptureError(str(file), 1, fault)
                    channel = channel_of.get(name)
                    if channel is None or channel.protocols != spoken:
                        if channel is not None:
                            yield from channel.end()
                        decoder_settings = known[name].decoder if name in known else settings
                        channel = channel_of[name] = _Channel(name, spoken, decoder_settings)
                    if head is None or not head.continues:
                        yield from channel.end()
                    channel.marked = head is not None and head.marks
                    channel.live = head is not None
                if isinstance(event, Chunk):
                    yield from channel.decode(event)
                elif isinstance(event, CaptureMark):
                    yield from channel.obey(event)
    for channel in channel_of.values():
        yield from channel.end()


def captures_in(path: Path) -> list[Path]:
    """Return the captures that `path` names: itself, or of a folder all in it, by name."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.jsonl")) + sorted(path.glob("*.jsonl.gz"))
    return sorted(found, key=lambda file: file.name)


class _Channel:
    """The connections of one channel, as it was."""

    def __init__(
        self, name: str, protocols: tuple[str, ...], settings: DecoderSettings | None
    ) -> None:
        self._name, self.protocols = name, protocols
        self._modules = {each: PROTOCOLS[each] for each in protocols}
        self._settings = settings or DecoderSettings()
        self._connections: OrderedDict[str, Connection] = OrderedDict()
        self._rejected: list[FrameError] = []
        self._now = datetime.min.replace(tzinfo=UTC)
        self.marked = False
        self.live = True

    def decode(self, chunk: Chunk) -> list[Decoded]:
        """Decode one read."""
        results: list[Decoded] = []
        if not self.marked and chunk.heard_at - self._now >= _PAUSE:
            for connection in list(self._connections.values()):
                if connection.waiting:
                    results += self._collect(connection.flush(chunk.heard_at, self._reject))
        self._now = chunk.heard_at
        connection_or_none = self._connections.get(chunk.connection)
        if connection_or_none is None:
            if not chunk.data and chunk.ended and not chunk.whole:
                return results
            if len(self._connections) >= 2 * KEPT:  # a channel's own bound is in the capture
                oldest = next(iter(self._connections))
                results += self._end(oldest)
            settings = replace(self._settings, live=self.live)
            connection_or_none = Connection(self._modules, settings)
            self._connections[chunk.connection] = connection_or_none
        else:
            self._connections.move_to_end(chunk.connection)
        transmissions = connection_or_none.receive(chunk, self._reject)
        if chunk.ended:
            transmissions += connection_or_none.flush(None, self._reject)
            del self._connections[chunk.connection]
        return results + self._collect(own_words(chunk, transmissions, self._reject))

    def obey(self, mark: CaptureMark) -> list[Decoded]:
        """Do what the channel did by itself."""
        if mark.kind == "end":
            return self.end()
        connection = self._connections.get(mark.connection)
        if connection is None:
            return []
        return self._collect(connection.flush(mark.at, self._reject))

    def end(self) -> list[Decoded]:
        """End every connection."""
        return [result for key in list(self._connections) for result in self._end(key)]

    def _end(self, key: str) -> list[Decoded]:
        return self._collect(self._connections.pop(key).flush(None, self._reject))

    def _collect(self, transmissions: list[Transmission]) -> list[Decoded]:
        for transmission in transmissions:
            force_setattr(transmission, "channel", self._name)
        rejected, self._rejected = self._rejected, []
        return [*transmissions, *rejected]

    def _reject(self, frame: Frame, reason: str, detail: str) -> None:
        self._rejected.append(FrameError(reason, frame.payload, detail))
