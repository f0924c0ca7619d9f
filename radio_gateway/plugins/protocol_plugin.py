"""ProtocolPlugin: a protocol of others as the table of protocols holds it: nothing of it gets out.

Whatever it raises rejects the frame and names the plug-in. What it says is checked: it speaks for
radios of its own name alone (`beacon:17`, never `ais:574123456`), and every field is of its type.
An order that it fails to write is refused, and a greeting that it fails to make is not sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol, cast, get_args

import msgspec

from radio_gateway.decoding.decoder import Decoder, DecoderSettings, is_plain
from radio_gateway.decoding.framing import Frame, Framer, MessageFramer
from radio_gateway.errors.errors import FrameError, GatewayError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind
from radio_gateway.plugins.plugin import Plugin, PluginError

_OURS = "radio_gateway.decoding.framing"
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Transmission)
_ORDER_DECODER = msgspec.msgpack.Decoder(EncodedOrder)
_LONGEST_BYTES: Final = 65_536


class _Offered(Protocol):
    FRAMING: Callable[[], Framer]

    def speaks(self, frame: Frame) -> bool: ...

    def decoder(self, settings: DecoderSettings) -> Decoder: ...

    def encode(self, order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder: ...

    def greeting(self, settings: DecoderSettings) -> bytes: ...


class ProtocolPlugin:
    """A protocol that a plug-in offers, or stands for where it cannot be loaded.

    Args:
        plugin: The plug-in.
        offered: What its entry point names: a module, or anything else, with `FRAMING`,
            `speaks(frame)` and `decoder(settings)`, perhaps `ORDERS` with
            `encode(order, settings, number=…)`, perhaps `greeting(settings)`; None where it cannot
            be imported.

    Attributes:
        plugin: As given.
        FRAMING: Makes the framer of one connection.
        ORDERS: The kinds of order that it has words for.
        greets: Whether its devices must be woken.
    """

    def __init__(self, plugin: Plugin, offered: object | None) -> None:
        self.plugin = plugin
        self.FRAMING: Callable[[], Framer] = MessageFramer
        lacks = [
            each
            for each in ("FRAMING", "speaks", "decoder")
            if not callable(getattr(offered, each, None))
        ]
        if offered is not None and lacks:
            plugin.stop("failed", f"offers no {', '.join(lacks)}")
        self._offered = cast(_Offered, offered)
        orders: frozenset[OrderKind] = getattr(offered, "ORDERS", frozenset())
        if not _are_kinds(orders) or (orders and not callable(getattr(offered, "encode", None))):
            plugin.stop("failed", "its ORDERS are no kinds of order, or it offers no encode")
        is_well = plugin.state == "running"
        self.ORDERS: frozenset[OrderKind] = frozenset(orders) if is_well else frozenset()
        self.greets = is_well and callable(getattr(offered, "greeting", None))
        if plugin.state == "running":
            make = self._offered.FRAMING
            ours = getattr(make, "__module__", None) == _OURS  # shared where several are spoken
            self.FRAMING = make if ours else self._framer

    def speaks(self, frame: Frame) -> bool:
        """Return whether a frame may be of this protocol; where it does not say: no."""
        try:
            return bool(self.plugin.call(lambda: self._offered.speaks(frame)))
        except GatewayError:
            return False

    def decoder(self, settings: DecoderSettings) -> Decoder:
        """Return a decoder for one connection."""
        try:
            made = self.plugin.call(lambda: self._offered.decoder(settings))
            return _PluginDecoder(self.plugin, made)
        except GatewayError as error:
            fault = error.fault if isinstance(error, PluginError) else str(error)
            return _PluginDecoder(self.plugin, None, fault=fault)

    def encode(self, order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:
        """Return `order` as bytes.

        Raises:
            OrderError: As the plug-in raises it; `plugin_failed` for whatever else it does wrong.
        """
        plugin = self.plugin
        try:
            encoded = plugin.call(lambda: self._offered.encode(order, settings, number=number))
        except OrderError:
            raise
        except GatewayError as error:
            raise OrderError("plugin_failed", str(error)) from error
        try:
            if not isinstance(encoded, EncodedOrder) or len(encoded.data) > _LONGEST_BYTES:
                raise TypeError(f"{type(encoded).__name__}, or more than {_LONGEST_BYTES} bytes")
            return _ORDER_DECODER.decode(_ENCODER.encode(encoded))
        except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
            fault = f"writes what is no EncodedOrder: {error}"
            plugin.note_failure(fault)
            raise OrderError("plugin_failed", f"plug-in {plugin}: {fault}") from error

    def greeting(self, settings: DecoderSettings) -> bytes:
        """Return what wakes its devices up; nothing where it cannot say."""
        try:
            greeting = self.plugin.call(lambda: self._offered.greeting(settings))
        except GatewayError:
            return b""
        if isinstance(greeting, bytes) and len(greeting) <= _LONGEST_BYTES:
            return greeting
        self.plugin.note_failure("greets with what is no bytes, or too long")
        return b""

    def _framer(self) -> Framer:
        try:
            return _PluginFramer(self.plugin, self.plugin.call(self._offered.FRAMING))
        except GatewayError:
            return MessageFramer()


class _PluginFramer:
    """Cuts a stream as the plug-in does; what it fails to cut is junk."""

    def __init__(self, plugin: Plugin, framer: Framer) -> None:
        self._plugin, self._framer, self._lost = plugin, framer, 0

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no frame."""
        try:
            return self._lost + int(self._framer.junk_bytes)
        except Exception:  # noqa: BLE001 - a count of another's making; its other calls are named
            return self._lost

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed."""
        try:
            return _payloads(self._plugin, self._plugin.call(self._framer.feed, data))
        except GatewayError:
            self._lost += len(data)
            return []

    def close(self) -> list[bytes]:
        """Return what the end of the stream completes."""
        try:
            return _payloads(self._plugin, self._plugin.call(self._framer.close))
        except GatewayError:
            return []


class _PluginDecoder:
    """Decodes as the plug-in does, and checks what it says."""

    def __init__(self, plugin: Plugin, decoder: Decoder | None, *, fault: str = "") -> None:
        self._plugin, self._decoder, self._fault = plugin, decoder, fault
        # the channel asks after each message, and most have nothing to say
        self._silent = {
            each
            for each in ("flush", "waiting", "rejected", "answers")
            if decoder is None or is_plain(decoder, each)
        }

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one frame.

        Raises:
            FrameError: As the plug-in raises it; `plugin_failed` or `plugin_off` for the rest.
        """
        plugin = self._plugin
        if self._decoder is None:
            raise FrameError("plugin_failed", frame.payload, f"{plugin}: {self._fault}")
        try:
            return self._checked(plugin.call(self._decoder.decode, frame), frame.payload)
        except PluginError as error:
            reason = "plugin_off" if error.off else "plugin_failed"
            raise FrameError(reason, frame.payload, f"{plugin}: {error.fault}") from error

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Give up waiting for what will not come."""
        if self._decoder is None or "flush" in self._silent:
            return []
        try:
            return self._checked(self._plugin.call(self._decoder.flush, now), b"")
        except GatewayError:
            return []

    def waiting(self) -> bool:
        """Return whether `flush` may have something to do."""
        if self._decoder is None or "waiting" in self._silent:
            return False
        try:
            return bool(self._plugin.call(self._decoder.waiting))
        except GatewayError:
            return False

    def rejected(self) -> list[FrameError]:
        """Return, once, what was rejected inside frames that held good parts too."""
        if self._decoder is None or "rejected" in self._silent:
            return []
        try:
            given = self._plugin.call(self._decoder.rejected)
            return [each for each in given if isinstance(each, FrameError)]
        except (GatewayError, TypeError):
            return []

    def answers(self) -> list[bytes]:
        """Return, once, what the protocol owes the sender."""
        if self._decoder is None or "answers" in self._silent:
            return []
        try:
            return _payloads(self._plugin, self._plugin.call(self._decoder.answers))
        except GatewayError:
            return []

    def _checked(self, transmissions: object, payload: bytes) -> list[Transmission]:
        """Return what it says, each field of its type.

        Raises:
            FrameError: `plugin_failed` if it says what it must not.
        """
        plugin = self._plugin
        if not isinstance(transmissions, list):
            fault = f"decodes to {type(transmissions).__name__}, no list"
            plugin.note_failure(fault)
            raise FrameError("plugin_failed", payload, f"{plugin}: {fault}")
        return [self._checked_one(each, payload) for each in transmissions]

    def _checked_one(self, transmission: object, payload: bytes) -> Transmission:
        plugin = self._plugin
        try:
            typed = _as_typed(transmission)
        except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
            fault = f"decodes to what is no transmission: {error}"
        else:
            overstep = _overstep(typed, plugin.name)
            if overstep is None:
                return typed
            fault = overstep
        plugin.note_failure(fault)
        raise FrameError("plugin_failed", payload, f"{plugin}: {fault}")


def _payloads(plugin: Plugin, given: object) -> list[bytes]:
    """Return byte strings as they are given.

    Raises:
        PluginError: If they are none.
    """
    if isinstance(given, list) and all(isinstance(each, bytes) for each in given):
        return given
    fault = "gives no list of byte strings"
    plugin.note_failure(fault)
    raise PluginError(str(plugin), fault)


def _as_typed(transmission: object) -> Transmission:
    """Return a transmission with every field of its type.

    Raises:
        msgspec.ValidationError: If one is not.
        TypeError: If it is nothing that could be sent.
    """
    if not isinstance(transmission, Transmission):
        raise TypeError(f"{type(transmission).__name__}")
    return _DECODER.decode(_ENCODER.encode(transmission))


def _overstep(transmission: Transmission, name: str) -> str | None:
    """Return what a plug-in says that is not its to say; None where it is."""
    if transmission.protocol != name:
        return f"says what {transmission.protocol[:40]!r} is to say"
    position = transmission.position
    times = [transmission.heard_at, transmission.device_time, transmission.passed_on_at]
    if position is not None:
        times.append(position.time)
        if not (math.isfinite(position.lon) and math.isfinite(position.lat)):
            return "says a place that is no number"
        if not (-180.0 <= position.lon <= 180.0 and -90.0 <= position.lat <= 90.0):
            return f"says a place that is not on Earth: {position.lon}, {position.lat}"
    if any(each is not None and each.tzinfo is None for each in times):
        return "says a time without a zone"
    return None


def _are_kinds(orders: object) -> bool:
    return isinstance(orders, set | frozenset) and orders <= set(get_args(OrderKind))
