"""Beacon: the sentence of a rescue beacon that we invented, for an example of a plug-in.

$BEACON,17,20.27660,100.41000,2.4,SOS
        1  2        3         4   5
1  its number   2, 3  latitude and longitude, degrees; both empty without a fix
4  speed (knots)   5  OK or SOS
"""

from __future__ import annotations

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import KNOT, TrackerReport, number
from radio_gateway.messages.transmission import Transmission

FRAMING = LineFramer


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a beacon's sentence."""
    return frame.payload.startswith(b"$BEACON,")


def decoder(settings: DecoderSettings) -> BeaconDecoder:
    """Return a decoder for one connection."""
    return BeaconDecoder(settings)


class BeaconDecoder(PlainDecoder):
    """Decodes sentences; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._live = settings.live

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one sentence.

        Raises:
            FrameError: `truncated`, `no_device`, `bad_number`, or a place that is not on Earth.
        """
        payload = frame.payload
        fields = payload.decode("ascii", "replace").split(",")
        if len(fields) != 6:
            raise FrameError("truncated", payload, f"{len(fields)} fields, not 6")
        _, device, lat, lon, knots, state = fields
        if not (device.isascii() and device.isdigit()):
            raise FrameError("no_device", payload, f"{device[:20]!r} is no number of a beacon")
        speed = number(knots, "speed", payload)
        report = TrackerReport(
            device=device,
            lat=number(lat, "latitude", payload),
            lon=number(lon, "longitude", payload),
            fix=bool(lat and lon),
            speed_mps=None if speed is None else speed * KNOT,
            distress=state == "SOS",
            status=state,
        )
        return [report.transmission("beacon", frame, live=self._live)]
