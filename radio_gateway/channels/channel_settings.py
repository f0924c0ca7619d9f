"""ChannelSettings: the `[[channels]]` tables of a TOML file, checked; faults name file and field.

    [[channels]]
    name = "pier"
    url = "serial:///dev/serial/by-id/usb-FTDI_…-port0?baud=4800"
    protocols = ["nmea0183"]
    expected_interval_s = 10

    [[channels]]
    name = "phones"
    url = "mqtts://broker.example:8883?topic=owntracks/+/+"
    protocols = ["owntracks"]
    username = "node"
    password_file = "secrets/mqtt-node"     # relative to the settings file
    ca_file = "certs/ca.crt"

    [[channels]]
    name = "base"
    url = "serial:///dev/serial/by-id/usb-…?baud=9600"
    protocols = ["kenwood"]
    station = "100:1001"                    # what we are called on the air
    distress_statuses = ["99"]              # status codes that mean a call for help in this fleet
    listen_only = false                     # it may transmit; every channel is listen-only else
    messages_per_minute = 6

A secret stands in a file (`password_file`), in the environment (`password_env`) or, where the
file is kept safe, in place (`password`). It is never printed.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from radio_gateway.channels.channel_plugins import (
    plugin_failed,
    unknown_protocol,
    unknown_scheme,
    without_failed,
)
from radio_gateway.decoding.decoder import DecoderSettings, Waypoints
from radio_gateway.decoding.framing import MessageFramer
from radio_gateway.errors.errors import SettingsError, SettingsErrors
from radio_gateway.links.link_url import Link, channel_url_without_secrets, parse_link
from radio_gateway.links.transport import Transport
from radio_gateway.parsing.msgspec_decoders import converted
from radio_gateway.parsing.toml_tables import read_secret, read_text, table_of, unknown
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.transports import TRANSPORTS

__all__ = [
    "ChannelSettings",
    "channel_url_without_secrets",
    "load_channels",
    "make_transport",
    "place_of",
    "read_channel",
]

MOST_PER_MINUTE = 600

_DICTIONARY_MAGIC = bytes.fromhex("37a430ec")
_MOST_DICTIONARY = 4 * 1024 * 1024  # bytes
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
MOST_STATION = 128  # a Meshtastic topic: a root of 32 characters, channel, node


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel is told.

    Attributes:
        name: Short name, the same for ever: it is part of addresses and stored with every record.
        url: Where its bytes come from; may hold secrets, so show `public_url`.
        protocols: What it speaks, names in `PROTOCOLS`; the first that recognises a frame gets it.
        expected_interval_s: Longest normal silence, seconds; None: not watched. A serial or TCP
            link that is silent for three times as long is opened again.
        link: The URL taken apart, with credentials.
        listen_only: No order to a radio goes out here. What a protocol owes its sender
            (acknowledgements, log-in answers, wake-up bytes) is no order and is sent all the same.
        messages_per_minute: Most orders sent within any minute; a relayed call for help is never
            held back.
        decoder: What the decoders are told.
    """

    name: str
    url: str
    protocols: tuple[str, ...]
    expected_interval_s: float | None = None
    listen_only: bool = True
    messages_per_minute: int = 6
    link: Link
    decoder: DecoderSettings = DecoderSettings()

    @property
    def public_url(self) -> str:
        """The URL without secrets."""
        return self.link.public_url

    def __repr__(self) -> str:
        """Return it without secrets: a repr may end in a log."""
        return f"ChannelSettings(name={self.name!r}, url={self.public_url!r}, …)"


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    """The table as it stands in the file; the settings' one list of known fields."""

    name: str
    url: str
    protocols: tuple[str, ...]
    expected_interval_s: float | None = None
    listen_only: bool = True
    messages_per_minute: int = 6
    station: str | None = None
    distress_statuses: tuple[str | int, ...] = ()
    checksum_required: bool = False
    waypoints: Waypoints | None = None
    payload: str | None = None
    tak_dictionaries: tuple[str, ...] = ()
    username: str | None = None
    password: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    secret: str | None = None
    secret_file: str | None = None
    secret_env: str | None = None
    secrets_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    client_id: str | None = None


def load_channels(
    table: Sequence[Mapping[str, Any]],
    where: str,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> list[ChannelSettings]:
    """Check the `[[channels]]` tables.

    Args:
        table: The tables, as TOML gives them.
        where: How to name them in faults, for example `patrol.toml: channels`.
        folder: Folder that relative paths start from; the current one when None.
        environment: Where `…_env` looks.

    Raises:
        SettingsError: For the one fault, for example at `patrol.toml: channels[1] "pier".url`.
        SettingsErrors: For the first fault of each channel, where there are several.
    """
    if not isinstance(table, list | tuple):
        raise SettingsError(where, "must be tables, each written [[channels]]")
    channels: list[ChannelSettings] = []
    faults: list[SettingsError] = []
    names: dict[str, int] = {}
    for index, item in enumerate(table):
        name = item.get("name") if isinstance(item, Mapping) else None
        place = place_of(where, index, name)
        try:
            if isinstance(name, str) and names.setdefault(name, index) != index:
                fault = f"{name!r} is the name of channels[{names[name]}] too"
                raise SettingsError(f"{place}.name", fault)
            channels.append(read_channel(item, where=place, folder=folder, environment=environment))
        except SettingsError as error:
            faults.append(error)
    if len(faults) > 1:
        raise SettingsErrors(faults)
    if faults:
        raise faults[0]
    return channels


def place_of(where: str, index: int, name: object) -> str:
    """Return how a channel is named in faults: by place and, where it has one, by name.

    >>> place_of("gateway.toml: channels", 4, "phones"), place_of("channels", 4, None)
    ('gateway.toml: channels[4] "phones"', 'channels[4]')
    """
    known = isinstance(name, str) and 0 < len(name) <= MOST_STATION and name.isprintable()
    return f'{where}[{index}] "{name}"' if known else f"{where}[{index}]"


def read_channel(
    table: Mapping[str, Any],
    *,
    where: str,
    folder: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> ChannelSettings:
    """Check one `[[channels]]` table. Arguments and errors as for `load_channels`.

    >>> read_channel({"name": "pier", "url": "tcp://box:10110", "protocols": ["nmea0183"]},
    ...              where="patrol.toml: channels[0]").public_url
    'tcp://box:10110'
    >>> read_channel({"name": "pier", "url": "tpc://box:10110", "protocols": ["nmea0183"]},
    ...              where="patrol.toml: channels[0]")
    Traceback (most recent call last):
    ...
    radio_gateway.errors.errors.SettingsError: patrol.toml: channels[0].url: 'tpc' is no scheme; \
did you mean 'tcp'? \
(known: http, http-listen, mqtt, mqtts, replay, serial, tcp, tcp-listen, udp, ws, wss)
    """
    fields = table_of(table, _Table, where=where)
    folder = folder or Path()
    try:
        if not _NAME.fullmatch(fields.name):
            fault = f"{fields.name!r} must be small letters, digits, - and _, at most 64"
            raise SettingsError("name", fault)
        if fields.expected_interval_s is not None and not fields.expected_interval_s > 0:
            raise SettingsError("expected_interval_s", "must be above 0")
        if not 1 <= fields.messages_per_minute <= MOST_PER_MINUTE:
            raise SettingsError("messages_per_minute", f"must be 1 to {MOST_PER_MINUTE}")
        if fields.station is not None and not _is_station(fields.station):
            fault = f"must be 1 to {MOST_STATION} visible characters, spaces only between them"
            raise SettingsError("station", fault)
        link = parse_link(fields.url)
        if link.scheme not in TRANSPORTS:
            raise SettingsError("url", unknown_scheme(link.scheme))
        password = read_secret(fields, "password", folder, environment)
        secrets = _secrets(fields.secrets_file, folder)
        link = replace(
            link,
            username=link.username if fields.username is None else fields.username,
            password=link.password if password is None else password,
            ca_file=_path(fields.ca_file, folder),
            cert_file=_path(fields.cert_file, folder),
            key_file=_path(fields.key_file, folder),
            client_id=fields.client_id or "",
            keys=secrets if link.scheme == "http-listen" else {},
        )
        settings = ChannelSettings(
            name=fields.name,
            url=fields.url,
            protocols=fields.protocols,
            expected_interval_s=fields.expected_interval_s,
            listen_only=fields.listen_only,
            messages_per_minute=fields.messages_per_minute,
            link=link,
            decoder=DecoderSettings(
                station=fields.station,
                distress_statuses=frozenset(map(str, fields.distress_statuses)),
                secret=read_secret(fields, "secret", folder, environment),
                secrets={} if link.keys else secrets,
                checksum_required=fields.checksum_required,
                waypoints=fields.waypoints,
                payload=_payload(fields),
                tak_dictionaries=_dictionaries(fields, folder),
                damageable=link.scheme == "serial",
            ),
        )
        if fields.waypoints is not None and "nmea0183" not in fields.protocols:
            raise SettingsError("waypoints", "is for channels that speak nmea0183 only")
        _check_protocols(settings.protocols, make_transport(settings, gateway="check"))
    except SettingsError as error:
        raise SettingsError(f"{where}.{error.where}", error.fault) from error
    return settings


def make_transport(settings: ChannelSettings, *, gateway: str) -> Transport:
    """Make the transport of a channel; opens nothing.

    Raises:
        SettingsError: If the URL or a certificate cannot be used.
    """
    link = settings.link
    client_id = link.client_id or f"{gateway}-{settings.name}"
    return TRANSPORTS[link.scheme](replace(link, client_id=client_id))


def _check_protocols(names: tuple[str, ...], transport: Transport) -> None:
    if not names:
        raise SettingsError("protocols", "must name at least one protocol")
    for name in names:
        if name not in PROTOCOLS:
            raise SettingsError("protocols", unknown_protocol(name))
    if not transport.is_stream:
        return
    names = without_failed(names)
    if plugin_failed(names[0]):
        return
    framings = {PROTOCOLS[name].FRAMING for name in names}
    if MessageFramer in framings:
        whole = [name for name in names if PROTOCOLS[name].FRAMING is MessageFramer]
        fault = f"{', '.join(whole)} comes in whole messages (MQTT, HTTP, UDP), not in a stream"
        raise SettingsError("protocols", fault)
    if len(framings) > 1:
        fault = f"{', '.join(names)} are cut differently; a stream can carry only one of them"
        raise SettingsError("protocols", fault)


def _dictionaries(fields: _Table, folder: Path) -> tuple[bytes, ...]:
    """Return the dictionaries of TAK packets, by number."""
    names = fields.tak_dictionaries
    if names and not {"meshtastic_mqtt", "meshtastic_serial"} & set(fields.protocols):
        fault = "is for channels that speak meshtastic_mqtt or meshtastic_serial only"
        raise SettingsError("tak_dictionaries", fault)
    found = []
    for name in names:
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise SettingsError("tak_dictionaries", f"{name}: {error.strerror}") from error
        if data[:4] != _DICTIONARY_MAGIC or len(data) > _MOST_DICTIONARY:
            raise SettingsError("tak_dictionaries", f"{name}: no dictionary of Zstandard")
        found.append(data)
    return tuple(found)


def _payload(fields: _Table) -> str | None:
    """Return the layout that trackers use inside a satellite's messages."""
    name = fields.payload
    if name is None:
        return None
    from radio_gateway.protocols.iridium.payloads import PAYLOADS  # few channels have one

    if not {"iridium_sbd", "rockblock"} & set(fields.protocols):
        raise SettingsError("payload", "is for channels that speak iridium_sbd or rockblock only")
    if name not in PAYLOADS:
        raise SettingsError("payload", unknown(name, "payload", PAYLOADS))
    return name


def _secrets(name: str | None, folder: Path) -> dict[str, str]:
    """Return the secrets of a TOML file of `"device" = "secret"` lines."""
    if name is None:
        return {}
    try:
        table = tomllib.loads(read_text(name, "secrets_file", folder))
        return converted(table, dict[str, str])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        fault = f'{name}: must hold lines "device" = "secret": {type(error).__name__}'
        raise SettingsError("secrets_file", fault) from None  # its text may show a secret


def _is_station(name: str) -> bool:
    """Return whether `name` can be one; which names a protocol has, it says itself.

    A Meshtastic channel is part of our topic there, and its name may hold spaces and any letters.
    """
    return 1 <= len(name) <= MOST_STATION and name.isprintable() and name == name.strip()


def _path(name: str | None, folder: Path) -> str | None:
    return None if name is None else str(folder / name)
