"""Decode: what a channel would decode from a recorded stream, without a link.

A stream goes through the same framer and decoder as in a channel, and what was said twice within
a protocol's duplicate window is told once. The product's own names of fields become those that
test vectors use, one flat JSON object a transmission; what is not known is absent.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.parsing.msgspec_decoders import json_decoder
from radio_gateway.protocols import PROTOCOLS


def protocol_named(name: str) -> str | None:
    """Return the protocol that a name such as `nmea0183.rmc` belongs to; None when we have none.

    A dotted name is looked up whole (`aprs.kiss` is `aprs_kiss`), by its parts before the last dot
    (`tetra.lip` is `tetra`), then by its last part (`tracker.gt06` is `gt06`).

    >>> protocol_named("nmea0183.rmc"), protocol_named("semaphore")
    ('nmea0183', None)
    """
    parts = name.split(".")
    tries = ["_".join(parts[:count]) for count in range(len(parts), 0, -1)]
    tries += [parts[-1], parts[-1].partition("_")[0]]
    return next((each for each in tries if each in PROTOCOLS), None)


class StreamDecoder:
    """Decodes one stream as a channel does.

    Args:
        protocol: Name in `PROTOCOLS`.
        topic: MQTT topic or HTTP path that all of it came with.
        received_at: When it was heard, aware UTC; None: unknown, so that no missing date is
            taken from it.
        secret: Shared secret, for protocols that encrypt.
    """

    def __init__(
        self,
        protocol: str,
        *,
        topic: str | None = None,
        received_at: datetime | None = None,
        secret: str | None = None,
    ) -> None:
        module = PROTOCOLS[protocol]
        self._framer = module.FRAMING()
        settings = DecoderSettings(secret=secret, live=received_at is not None)
        self._decoder = module.decoder(settings)
        self._topic, self._received_at = topic, received_at
        self._last_heard: dict[tuple[str, str], datetime] = {}

    def feed(self, data: bytes) -> Iterator[Transmission | FrameError]:
        """Take what was read; return what it completes, rejected frames in their place."""
        return self._decode(self._framer.feed(data))

    def pause(self, silence_s: float) -> Iterator[Transmission]:
        """Return what a silence of so many seconds completes."""
        heard_at = self._received_at or datetime.now(UTC)
        return self._without_repeats(self._decoder.flush(heard_at + timedelta(seconds=silence_s)))

    def close(self) -> Iterator[Transmission | FrameError]:
        """End the stream; return what that completes."""
        yield from self._decode(self._framer.close())
        yield from self._without_repeats(self._decoder.flush(None))

    def _decode(self, payloads: Iterable[bytes]) -> Iterator[Transmission | FrameError]:
        for payload in payloads:
            heard_at = self._received_at or datetime.now(UTC)
            try:
                transmissions = self._decoder.decode(Frame(payload, heard_at, self._topic))
            except FrameError as error:
                yield error
            else:
                yield from self._without_repeats(transmissions)
            yield from self._decoder.rejected()

    def _without_repeats(self, transmissions: list[Transmission]) -> Iterator[Transmission]:
        for transmission in transmissions:
            if not self._repeats(transmission):
                yield transmission

    def _repeats(self, transmission: Transmission) -> bool:
        if transmission.duplicate_key is None:
            return False
        key = (transmission.address, transmission.duplicate_key)
        heard_at, window_s = transmission.heard_at, transmission.duplicate_window_s
        before = self._last_heard.setdefault(key, heard_at)
        if before is heard_at:
            return False
        if window_s is None or (heard_at - before).total_seconds() <= window_s:
            return True
        self._last_heard[key] = heard_at
        return False


def as_json(transmission: Transmission) -> dict[str, Any]:
    """Return a transmission as a flat object of what is known.

    Returns:
        Keys `protocol device kind lat lon time_utc speed_mps course_deg heading_deg altitude_m
        accuracy_m emergency fix flags text status source_station` and the transmission's facts; a
        fact `kind` or `status` is the protocol's own, finer word and goes before ours.
        `time_utc` is the device's time, or else when a feeder passed the message on. A marked
        place has `mark`, `mark_lon`, `mark_lat` and `mark_use`; an APRS object or item, which
        has a name of its own on the air, is the `device` at `lat` and `lon`.
    """
    position = transmission.position
    time = transmission.device_time or transmission.passed_on_at
    signal = transmission.signal
    out: dict[str, Any] = {
        "protocol": transmission.protocol,
        "device": transmission.device,
        "kind": transmission.kind,
        "time_utc": None if time is None else iso(time),
        "emergency": transmission.distress,
        "fix": transmission.fix,
        "flags": list(transmission.flags) or None,
        "text": transmission.text,
        "status": transmission.status,
        "source_station": None if signal is None else signal.station,
    }
    if position is not None:
        out |= {
            "lat": round(position.lat, 7),
            "lon": round(position.lon, 7),
            "speed_mps": _rounded(position.speed_mps),
            "course_deg": _rounded(position.course_deg),
            "heading_deg": _rounded(position.heading_deg),
            "altitude_m": _rounded(position.altitude_m),
            "accuracy_m": _rounded(position.accuracy_m),
        }
    mark = transmission.mark
    if mark is not None:
        out |= {
            "mark": mark.name or mark.id,
            "mark_lon": mark.lon,
            "mark_lat": mark.lat,
            "mark_use": mark.use,
        }
        if "reporter" in transmission.facts:
            out |= {"device": mark.name, "lon": _place(mark.lon), "lat": _place(mark.lat)}
    for name, fact in transmission.facts.items():
        name = _VECTOR_NAMES.get(name, name)
        if name in _OWN_WORDS or out.get(name) is None:
            out[name] = fact
    return {name: value for name, value in out.items() if value is not None}


def as_rejection(error: FrameError) -> dict[str, Any]:
    """Return a rejected frame as an object: `reason`, `detail`, and the frame as text or hex."""
    out: dict[str, Any] = {"reason": error.reason}
    if error.detail:
        out["detail"] = error.detail
    try:
        text = error.payload.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and text:
        out["frame"] = text
    else:
        out["frame_hex"] = error.payload.hex()
    return out


def decode_vector(line: bytes, reject: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
    """Decode one line of a file of test vectors; only what stands for a link's input is read.

    Args:
        line: JSON object with `id`, `protocol`, `input` or `input_hex`, and where they apply
            `topic` and `keys` (`secret`; `key_b64` or `psk_index` for Meshtastic).
        reject: Called with each frame that is rejected, as `as_rejection` shows it, with the
            vector's `id`; once, with reason `unknown_protocol`, for a protocol we do not speak.

    Returns:
        `{"id", "transmissions": [...], "errors": n}`; one error for a protocol we do not speak.

    Raises:
        ValueError: If the line is no such object.
    """
    vector = json_decoder(_Vector).decode(line)
    name = protocol_named(vector.protocol)
    transmissions: list[dict[str, Any]] = []
    errors = 0
    if name is None:
        errors = 1
        fault = f"{vector.protocol!r} is none of {', '.join(PROTOCOLS)}"
        reject({"id": vector.id, "reason": "unknown_protocol", "detail": fault})
    else:
        stream = StreamDecoder(name, topic=vector.topic, secret=_secret(vector.keys))
        data = bytes.fromhex(vector.input_hex) if vector.input is None else vector.input.encode()
        for part in (stream.feed(data), stream.close()):
            for transmission in part:
                if isinstance(transmission, FrameError):
                    errors += 1
                    reject({"id": vector.id} | as_rejection(transmission))
                else:
                    transmissions.append(as_json(transmission))
    return {"id": vector.id, "transmissions": transmissions, "errors": errors}


def iso(time: datetime) -> str:
    """Return an aware UTC time as ISO 8601 with `Z`, with milliseconds where there are any.

    >>> iso(datetime(2019, 4, 6, 23, 57, 24, 20_000, tzinfo=UTC))
    '2019-04-06T23:57:24.020Z'
    """
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


class _Vector(msgspec.Struct):
    """The parts of a vector that a decoder may see."""

    id: str
    protocol: str
    input: str | None = None
    input_hex: str = ""
    topic: str | None = None
    keys: dict[str, Any] = {}


def _secret(keys: dict[str, Any]) -> str | None:
    """Return the one secret of a vector: given as it is, as base64, or as a short key's number."""
    number = keys.get("psk_index")
    if isinstance(number, int) and 0 <= number < 256:
        return b64encode(bytes((number,))).decode()
    secret = keys.get("secret", keys.get("key_b64"))
    return secret if isinstance(secret, str) else None


_OWN_WORDS = frozenset({"kind", "status"})
_VECTOR_NAMES = {"ship_name": "shipname"}


def _place(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, 7)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
