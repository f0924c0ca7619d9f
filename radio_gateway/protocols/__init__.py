"""The protocols the gateway speaks, by name. A new one is one module and one line here.

Each module offers `FRAMING` (a framer factory), `decoder(settings)` and `speaks(frame)`; see
`radio_gateway.decoding.decoder`. One that can also be written stands in `OUTBOUND` too; see
`radio_gateway.orders.order`. Bytes that a device must hear before it speaks stand in `GREETINGS`.
No module imports these tables.

A module is loaded when somebody asks for it: all of them take two megabytes, and an office speaks
two or three. That each offers what it must, is checked where the tests name them
(`tests/radio_gateway/protocols/test_tables.py`).

Those of plug-ins come in beside them (`radio_gateway.channels.channel_plugins`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from radio_gateway.decoding.decoder import Decoder, DecoderSettings
from radio_gateway.decoding.framing import Frame, Framer
from radio_gateway.orders.order import OutboundModule
from radio_gateway.runtime.lazy_modules import NamedModules


class ProtocolModule(Protocol):
    """What a protocol module offers."""

    @property
    def FRAMING(self) -> Callable[[], Framer]:  # noqa: N802  (a module constant)
        """Makes the framer of one connection."""

    def speaks(self, frame: Frame) -> bool:
        """Return, cheaply, whether a frame may be of this protocol."""

    def decoder(self, settings: DecoderSettings) -> Decoder:
        """Return a decoder for one connection."""


class GreetingModule(Protocol):
    """What a protocol module offers whose device must be woken."""

    def greeting(self, settings: DecoderSettings) -> bytes:
        """Return what wakes it up."""


PROTOCOLS: NamedModules[ProtocolModule] = NamedModules(
    __name__,
    (
        "nmea0183",
        "ais.ais",
        "dsc.dsc",
        "owntracks",
        "meshtastic.meshtastic_mqtt",
        "meshtastic.meshtastic_json",
        "meshtastic.meshtastic_serial",
        "position_json",
        "gps103",
        "cot.cot",
        "cot.tak",
        "tk103",
        "aprs.aprs",
        "raveon",
        "gpsgate",
        "aprs.aprs_kiss",
        "dprs",
        "h02.h02",
        "tetra.tetra",
        "lrrp.lrrp",
        "kenwood.kenwood",
        "gt06.gt06",
        "hytera.hytera",
        "taip",
        "osmand",
        "iridium_sbd",
        "garmin_ipc",
        "spot",
        "teltonika.teltonika",
        "lorawan.lorawan",
        "iridium.rockblock",
        "signalk",
        "tms",
    ),
)

OUTBOUND: NamedModules[OutboundModule] = NamedModules(
    __name__,
    (
        "owntracks",
        "meshtastic.meshtastic_mqtt",
        "meshtastic.meshtastic_serial",
        "gps103",
        "cot.cot",
        "tk103",
        "aprs.aprs",
        "aprs.aprs_kiss",
        "tetra.tetra",
        "lrrp.lrrp",
        "kenwood.kenwood",
        "gt06.gt06",
        "osmand",
    ),
)

_AWAITED: NamedModules[GreetingModule] = NamedModules(
    __name__, ("meshtastic.meshtastic_serial", "aprs.aprs", "tetra.tetra", "hytera.hytera")
)


def _greeting(name: str, settings: DecoderSettings) -> bytes:
    return _AWAITED[name].greeting(settings)


GREETINGS: dict[str, Callable[[DecoderSettings], bytes]] = {
    name: partial(_greeting, name) for name in _AWAITED
}
"""What to send when a link has been opened: wakes a device up, and never reaches the air."""
