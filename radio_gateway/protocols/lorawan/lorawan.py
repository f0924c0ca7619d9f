"""LoRaWAN trackers through ChirpStack 4 or The Things Stack 3 (TTN): JSON over MQTT or HTTP.

A tracker's bytes come wrapped in a network server's event (`network_server`). What the codec in the
server made of them is read by the names that codecs use (`readings`); where no codec ran, a payload
that is Cayenne LPP to its last byte is read as that (`cayenne`), and any other is kept as hex for
the technician. Where gateways stand is never where the device is.

A place that the network worked out is an estimate (`network_estimate`), never a fix; where it does
not say how far off it may be, 2 km are assumed. The time of a fix is the device's where the
payload has it, else the network's. `lorawan:` and the device's EUI in small letters is its address.

Over HTTP a server signs in with a key of the channel's `secrets_file` (`http_keys`), whose name
says for which devices: `"70b3d57ed005*" = "…"`, in small letters.

`distress_statuses` of a channel name further fields that call for help: `button=3`,
`digitalInput.2=1`.

Source: as in the modules named.
"""

from __future__ import annotations

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import TrackerReport
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.lorawan.cayenne import read_cayenne
from radio_gateway.protocols.lorawan.network_server import ServerEvent, read_event
from radio_gateway.protocols.lorawan.readings import read_readings

FRAMING = MessageFramer
MAX_BYTES = 64 * 1024
ESTIMATE_M = 2000.0
REPEATED_WITHIN_S = 3600.0


def speaks(frame: Frame) -> bool:
    """Return whether this looks like an event of such a server."""
    payload = frame.payload
    if payload.lstrip()[:1] != b"{":
        return False
    return b'"end_device_ids"' in payload or (b'"deviceInfo"' in payload and b'"devEui"' in payload)


def decoder(settings: DecoderSettings) -> LorawanDecoder:
    """Return a decoder."""
    return LorawanDecoder(settings)


class LorawanDecoder(PlainDecoder):
    """Decodes events; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one event.

        Raises:
            FrameError: `empty`, `too_long`, `json`, `bad_field`, `no_device`, `device_mismatch`,
                `lat_range`, `lon_range` or `null_island`.
        """
        payload = frame.payload
        if not payload.strip():
            raise FrameError("empty", payload)
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        try:
            message = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise FrameError("json", payload, str(fault)) from None
        event = read_event(message, payload, frame.topic)
        report = self._report(event)
        result = report.transmission("lorawan", frame, live=self._settings.live)
        return [
            msgspec.structs.replace(
                result,
                passed_on_at=event.at,
                signal=event.signal,
                duplicate_key=event.key or result.duplicate_key,
                duplicate_window_s=None if event.forever else REPEATED_WITHIN_S,
            )
        ]

    def _report(self, event: ServerEvent) -> TrackerReport:
        report = TrackerReport(device=event.device, zero_is_unknown=False)
        facts = report.facts
        for fact, value in (
            ("name", event.name),
            ("port", event.port),
            ("counter", event.counter),
            ("note", event.note),
            ("battery_pct", event.battery_pct),
        ):
            if value is not None:
                facts[fact] = value
        if event.word == "up":
            self._read_payload(event, report)
        if event.place is not None and report.lat is None:
            read_readings(event.place, report)
            if event.estimated and report.lat is not None:
                report.flags.add("network_estimate")
                facts["position_source"] = "lorawan_network"
                report.fix = None
                if report.accuracy_m is None:
                    report.accuracy_m = ESTIMATE_M
        if event.simulated:
            report.flags.add("simulator")
        if report.lat is None:
            facts["kind"] = "no_position"
            report.kind = "status" if event.word in ("join", "status") else "other"
            report.status = event.word
        return report

    def _read_payload(self, event: ServerEvent, report: TrackerReport) -> None:
        decoded = event.decoded
        if not decoded and event.data:
            decoded = read_cayenne(event.data)
            if decoded is None:
                report.facts["payload_hex"] = event.data.hex()
            else:
                report.facts["payload"] = "cayenne_lpp"
        if decoded:
            read_readings(decoded, report, calls=self._settings.distress_statuses)
