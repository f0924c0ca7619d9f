"""The tables of protocols name modules that offer what they must, and load them one by one."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.orders.order import OutboundModule
from radio_gateway.protocols import (
    GREETINGS,
    OUTBOUND,
    PROTOCOLS,
    GreetingModule,
    ProtocolModule,
    dprs,
    garmin_ipc,
    gps103,
    gpsgate,
    iridium_sbd,
    nmea0183,
    osmand,
    owntracks,
    position_json,
    raveon,
    signalk,
    spot,
    taip,
    tk103,
    tms,
)
from radio_gateway.protocols.ais import ais
from radio_gateway.protocols.aprs import aprs, aprs_kiss
from radio_gateway.protocols.cot import cot, tak
from radio_gateway.protocols.dsc import dsc
from radio_gateway.protocols.gt06 import gt06
from radio_gateway.protocols.h02 import h02
from radio_gateway.protocols.hytera import hytera
from radio_gateway.protocols.iridium import rockblock
from radio_gateway.protocols.kenwood import kenwood
from radio_gateway.protocols.lorawan import lorawan
from radio_gateway.protocols.lrrp import lrrp
from radio_gateway.protocols.meshtastic import meshtastic_json, meshtastic_mqtt, meshtastic_serial
from radio_gateway.protocols.teltonika import teltonika
from radio_gateway.protocols.tetra import tetra

# Named here for mypy, which sees in no table of names whether a module fits.
SPOKEN: Final[tuple[ProtocolModule, ...]] = (
    nmea0183, ais, dsc, owntracks, meshtastic_mqtt, meshtastic_json, meshtastic_serial,
    position_json, gps103, cot, tak, tk103, aprs, raveon, gpsgate, aprs_kiss, dprs, h02, tetra,
    lrrp, kenwood, gt06, hytera, taip, osmand, iridium_sbd, garmin_ipc, spot,
    teltonika, lorawan, rockblock, signalk, tms,
)  # fmt: skip
WRITTEN: Final[tuple[OutboundModule, ...]] = (
    owntracks, meshtastic_mqtt, meshtastic_serial, gps103, cot, tk103, aprs, aprs_kiss, tetra,
    lrrp, kenwood, gt06, osmand,
)  # fmt: skip
WOKEN: Final[tuple[GreetingModule, ...]] = (meshtastic_serial, aprs, tetra, hytera)


def test_every_module_of_a_table_is_one_that_mypy_has_seen_to_fit() -> None:
    assert tuple(PROTOCOLS.values()) == SPOKEN
    assert tuple(OUTBOUND.values()) == WRITTEN
    settings = DecoderSettings()
    assert list(GREETINGS) == ["meshtastic_serial", "aprs", "tetra", "hytera"]
    payloads = [greeting(settings) for greeting in GREETINGS.values()]
    assert payloads == [module.greeting(settings) for module in WOKEN]
    assert len(set(payloads)) == len(payloads)


def test_what_is_in_no_table_is_not_found() -> None:
    assert "morse" not in PROTOCOLS
    with pytest.raises(KeyError):
        PROTOCOLS["morse"]


def test_a_channel_loads_its_own_protocol_alone() -> None:
    program = (
        "import sys\n"
        "from radio_gateway.protocols import GREETINGS, OUTBOUND, PROTOCOLS\n"
        "assert 'tetra' in PROTOCOLS and 'tetra' in OUTBOUND and 'tetra' in GREETINGS\n"
        "assert len(PROTOCOLS) == len(list(PROTOCOLS))\n"
        "PROTOCOLS['taip']\n"
        "print(*(name for name in sys.modules if name.startswith('radio_gateway.protocols.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == ["radio_gateway.protocols.taip"]
