"""Check: finds what is wrong with a configuration, before it is used.

Faults keep the server from starting or a part of it from working; warnings are what may mend
itself, such as a radio that is not plugged in now.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gis.catalogue.site_layers import LayerSet
from gis.errors.errors import GisError
from maps.accounts.credentials.passkeys import passkeys_possible
from maps.accounts.credentials.sealer import read_or_make_sealing_key
from maps.carriers.node_certificate import read_or_make_certificate
from maps.carriers.node_key_files import node_key_file, node_tls_file
from maps.errors.errors import BadCertificate, SealError, ServerRunning, SettingsFaults
from maps.evidence.head_folder import HeadFolder
from maps.evidence.signing_journal import key_file
from maps.evidence.time_stamp import authorities
from maps.feeds.feed_checks import faults_of, warnings_of
from maps.http.listen_address import listen
from maps.layers.basemap import Basemap, BasemapError
from maps.node.health.encrypted_volume import Volume, volume_of
from maps.node.health.field_key_checks import field_key_faults, field_key_warnings
from maps.node.health.secret_files import open_to_others, secret_files
from maps.node.health.time_sync import is_synchronized
from maps.node.lock import store_lock
from maps.notifications.senders import sender_checks
from maps.reports.report_plugins import load_report_plugins
from maps.settings.counterpart_settings import host_and_port
from maps.settings.keyed_channels import EMBEDDED
from maps.settings.settings import Settings, read_settings, tables_in
from maps.settings.settings_tables import WebSettings
from maps.tls.tls_checks import tls_faults, tls_warnings
from patrol.errors.errors import AuditError, SigningKeyError, StoreError
from patrol.signatures.signing_key import read_or_make_key
from patrol.store.engine.damage import damage_text, damaged_tables
from patrol.store.engine.engine import open_engine
from patrol.store.engine.migrate import look, no_store
from radio_gateway.channels.channel_plugins import plugin_lines
from radio_gateway.channels.channel_settings import ChannelSettings
from radio_gateway.transports.udp import is_multicast

REACH_S = 2.0  # how long a broker or host may take to answer

_HEAD_OLD: Final = timedelta(days=2)  # the server signs one each day
_STAMP_LATE_S: Final = 3600.0  # the server has one stamped every five minutes

_LISTENS = {"udp": "udp", "tcp-listen": "tcp", "http-listen": "tcp"}


@dataclass
class SetupFindings:
    """What was found.

    Attributes:
        faults: One line each.
        warnings: One line each.
        running: Whether a server runs on the store: ports that are taken may be taken by it.
        expected: Of the warnings, those that say no more than that it runs.
        secrets: Of the warnings, those about what others may read.
    """

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    running: bool = False
    expected: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def note_port_taken(self, where: str, error: OSError, fault: str) -> None:
        """Note that a port cannot be listened on: a warning where the server may have it."""
        if self.running and error.errno == errno.EADDRINUSE:
            self.runs(f"{where}: taken now, by the running server or another program")
        else:
            self.faults.append(f"{where}: {fault}")

    def runs(self, warning: str) -> None:
        """Note what a running server brings with it."""
        self.warnings.append(warning)
        self.expected.append(warning)


def check(file: Path) -> SetupFindings:
    """Read the configuration `file` and try what it says, changing nothing."""
    found = SetupFindings()
    try:
        settings = read_settings(file)
    except SettingsFaults as error:
        found.faults += error.faults
        return found
    _check_store(settings, found)
    _check_web(settings, found)
    _check_layers(settings, found)
    _check_offices(settings, found)
    _check_basemap(settings, found)
    _check_ports(settings, found)
    _check_internal(settings, found)
    _check_counterparts(settings, found)
    _check_audit(settings, found)
    for number, channel in enumerate(settings.channels):
        _check_channel(settings, channel, f"{settings.source}: channels[{number}].url", found)
    for number, feed in enumerate(settings.feeds):
        where = f"{settings.source}: feeds[{number}]"
        found.faults += [f"{where}.{fault}" for fault in faults_of(feed)]
        if feed.link.scheme == "tcp-listen":
            _check_listening(feed.link.host, feed.link.port or 0, "tcp", f"{where}.url", found)
        found.warnings += [f"{where}.{each}" for each in warnings_of(feed, wait_s=REACH_S)]
    for fault in sender_checks.faults_of(settings.delivery):
        found.faults.append(f"{settings.source}: {fault}")
    for warning in sender_checks.warnings_of(settings.delivery, wait_s=REACH_S):
        found.warnings.append(f"{settings.source}: {warning}")
    if not settings.channels and settings.remote is None:
        found.warnings.append(f"{settings.source}: channels: none, so no radio will be heard")
    _check_backup(settings, found)
    load_report_plugins()
    faults, warnings = plugin_lines(settings.plugins.allowed)
    found.faults += [f"{settings.source}: {each}" for each in faults]
    found.warnings += [f"{settings.source}: {each}" for each in warnings]
    _check_secrets(settings, file, found)
    where = f"{settings.source}: protected.key_folder"
    found.faults += [f"{where}: {each}" for each in field_key_faults(settings)]
    found.warnings += [f"{where}: {each}" for each in field_key_warnings(settings)]
    return found


def _check_web(settings: Settings, found: SetupFindings) -> None:
    web, where = settings.web, f"{settings.source}: web"
    faults = [str(each) for each in tls_faults(web, source=settings.source)]
    found.faults += faults
    if web.tls and not faults:
        found.warnings += [f"{where}.{each}" for each in tls_warnings(web)]
    elif not web.tls and not web.loopback:
        found.warnings.append(
            f"{where}.tls_certificate: none, so passwords cross the network in the clear and "
            "phones will not give their position"
        )
    if not passkeys_possible(web):
        found.warnings.append(
            f"{where}.allowed_hosts: no passkeys: browsers make them for a name over TLS only, "
            "not for an address that is a number"
        )
        if settings.access.passkey_signatures:
            found.warnings.append(
                f"{settings.source}: access.passkey_signatures: has no effect here: "
                "agreements are signed by session"
            )
    _check_port(web, settings.source, "web.port", found)
    if web.trust_port is not None:
        trust = web.model_copy(update={"port": web.trust_port})
        _check_port(trust, settings.source, "web.trust_port", found)
    broker = settings.broker
    if broker.enabled:
        like_web = WebSettings(host=broker.host, port=broker.port, allowed_hosts=("broker",))
        _check_port(like_web, settings.source, "broker.port", found)


def _check_port(web: WebSettings, source: str, setting: str, found: SetupFindings) -> None:
    try:
        listen(web, setting=setting).close()
    except OSError as error:
        found.note_port_taken(f"{source}: {setting}", error, error.strerror or str(error))


def _check_ports(settings: Settings, found: SetupFindings) -> None:
    """Find ports that this very file takes twice: each is free, until the first one takes it."""
    web, broker = settings.web, settings.broker
    takers = [("tcp", web.host, web.port, "web.port")]
    if web.trust_port is not None:
        takers.append(("tcp", web.host, web.trust_port, "web.trust_port"))
    if broker.enabled:
        takers.append(("tcp", broker.host, broker.port, "broker.port"))
    if settings.counterparts.listen is not None:
        takers.append(("tcp", *host_and_port(settings.counterparts.listen), "counterparts.listen"))
    for number, channel in enumerate(settings.channels):
        link = channel.link
        kind = _LISTENS.get(link.scheme)
        if kind is not None and link.port and not (kind == "udp" and is_multicast(link.host)):
            takers.append((kind, link.host, link.port, f"channels[{number}].url"))
    for number, feed in enumerate(settings.feeds):
        if feed.link.scheme == "tcp-listen" and feed.link.port:
            takers.append(("tcp", feed.link.host, feed.link.port, f"feeds[{number}].url"))
    for place, (mine, host, port, where) in enumerate(takers):
        for other_kind, other_host, other_port, other in takers[:place]:
            if (mine, port) == (other_kind, other_port) and port and _overlap(host, other_host):
                found.faults.append(
                    f"{settings.source}: {where}: {mine} port {port} is taken by {other} already"
                )


def _overlap(host: str, other: str) -> bool:
    return host == other or bool({host, other} & {"", "0.0.0.0", "::", "[::]"})  # noqa: S104


def _check_store(settings: Settings, found: SetupFindings) -> None:
    url, where = settings.store.url, f"{settings.source}: store.url"
    try:
        open_engine(url).dispose()
    except StoreError as error:
        found.faults.append(f"{where}: {error}")
        return
    path = settings.store.file
    if path is None:
        _check_database(url, where, found)
    elif not path.parent.is_dir():
        found.faults.append(f"{where}: there is no folder {path.parent}")
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        found.faults.append(f"{where}: {path} cannot be written")
    elif not path.exists():
        found.faults.append(f"{where}: {no_store(path)}")
    else:
        if path.with_name(f"{path.name}.lock").exists():  # else nobody has it, and none is made
            try:
                with store_lock(url):
                    pass
            except ServerRunning:
                found.running = True
                found.runs(f"{where}: a server is running on {path}")
        try:
            tables = damaged_tables(path)
        except StoreError as error:
            found.faults.append(f"{where}: {error}")
            return
        if tables:
            remark = "found by looking through all of it"
            found.faults.append(f"{where}: {damage_text(path, remark, tables)}")


def _check_database(url: str, where: str, found: SetupFindings) -> None:
    """Say what is wrong with a database on a server, and whether a server is running on it."""
    try:
        found.warnings += [f"{where}: {fault}" for fault in look(url)]
        with store_lock(url):
            pass
    except StoreError as error:
        found.faults.append(f"{where}: {error}")
    except ServerRunning:
        found.running = True
        found.runs(f"{where}: a server is running on the database")


def _check_backup(settings: Settings, found: SetupFindings) -> None:
    if settings.backup is None:
        return
    folder = settings.backup.folder
    there = folder if folder.exists() else folder.parent
    if not there.is_dir():
        fault = f"there is no folder {there}"
    elif not os.access(there, os.W_OK):
        fault = f"{there} cannot be written"
    else:
        return
    found.faults.append(f"{settings.source}: backup.folder: {fault}")


def _check_secrets(settings: Settings, file: Path, found: SetupFindings) -> None:
    """Find secrets that others on this computer may read, or whoever takes it away."""
    secrets = list(secret_files(settings, tables_in(file), file, key_file(settings)))
    found.secrets += [
        f"{settings.source}: {where}: anybody on this computer may read {path}: run chmod 600 on it"
        for where, path in secrets
        if open_to_others(path)
    ]
    volumes: dict[Volume, list[str]] = {}
    for where, path in secrets:
        names = volumes.setdefault(volume_of(path), [])
        if where not in names:
            names.append(where)
    for volume, names in volumes.items():
        if volume.is_encrypted is None:
            fault = f"on {volume.name}: whether that is encrypted is not known"
        elif not volume.is_encrypted:
            fault = (
                f"on {volume.name}, not encrypted: who takes it has them (docs/guides/stolen.md)"
            )
        else:
            continue
        found.secrets.append(f"{settings.source}: {', '.join(names)}: {fault}")
    found.warnings += found.secrets


def _check_internal(settings: Settings, found: SetupFindings) -> None:
    internal, where = settings.internal, f"{settings.source}: internal"
    if internal is None:
        return
    if internal.key_file.exists():
        try:
            read_or_make_sealing_key(internal.key_file)  # there is one: none is made
            internal.check_key()
        except SealError as error:
            found.faults.append(f"{where}.key_file: {error}")
    elif not internal.key_file.parent.is_dir():
        found.faults.append(f"{where}.key_file: there is no folder {internal.key_file.parent}")
    else:
        found.warnings.append(
            f"{where}.key_file: there is no file {internal.key_file}: the first process that starts"
            " makes it, and those on other machines need a copy"
        )
    for name, read in (("password_file", internal.password), ("ca_file", internal.tls_context)):
        try:
            read()
        except (OSError, UnicodeDecodeError) as error:
            found.faults.append(f"{where}.{name}: {error}")
    fault = _no_answer(*internal.broker)
    if fault is not None:
        found.warnings.append(f"{where}.url: {fault}")


def _check_counterparts(settings: Settings, found: SetupFindings) -> None:
    """Say what keeps this node from reaching its counterparts, and them from reaching it."""
    counterparts, where = settings.counterparts, f"{settings.source}: counterparts"
    key, tls = node_key_file(settings), node_tls_file(settings)
    try:
        if key.exists():
            read_or_make_key(key)  # there is one: none is made
        if tls.exists():
            read_or_make_certificate(tls, node=settings.node.id)
    except (SigningKeyError, BadCertificate, OSError) as error:
        found.faults.append(f"{where}: {error}")
    if counterparts.listen is not None:
        _check_listening(*host_and_port(counterparts.listen), "tcp", f"{where}.listen", found)
        if not counterparts.addresses:
            found.warnings.append(
                f"{where}.addresses: none, so no counterpart learns from this node's card where to"
                " dial it"
            )
    elif counterparts.addresses:
        found.warnings.append(
            f"{where}.listen: is missing, so this node does not answer at its addresses, unless"
            " something else passes them on"
        )
    if (counterparts.listen or counterparts.addresses) and is_synchronized() is False:
        found.warnings.append(
            f"{where}: nothing keeps this computer's clock right (NTP, a GPS receiver): agreements"
            " begin and end by it"
        )


def _check_audit(settings: Settings, found: SetupFindings) -> None:
    """Say what is wrong with the key that signs the journal and the folder of its heads."""
    file, where = key_file(settings), f"{settings.source}: audit"
    if file.exists():
        try:
            read_or_make_key(file)  # there is one: none is made
        except (SigningKeyError, OSError) as error:
            found.faults.append(f"{where}.key_file: {error}")
    elif not file.parent.is_dir():
        if (
            settings.audit.key_file is not None
        ):  # else it is told of the store, which it lies beside
            found.faults.append(f"{where}.key_file: there is no folder {file.parent}")
    elif not os.access(file.parent, os.W_OK):
        found.faults.append(
            f"{where}.key_file: {file.parent} cannot be written, so no key can be made there: name"
            " a file in a folder of this user"
        )
    folder = settings.audit.heads_folder
    if folder is None:
        return
    if not folder.is_dir():
        found.faults.append(f"{where}.heads_folder: there is no folder {folder}")
    elif not os.access(folder, os.W_OK):
        found.faults.append(f"{where}.heads_folder: {folder} cannot be written")
    elif (newest := HeadFolder(folder, node=settings.node.id).newest()) is not None:
        age = datetime.now(UTC) - newest
        if age > _HEAD_OLD:
            found.warnings.append(f"{where}.heads_folder: the newest head is {age.days} days old")
    if settings.audit.timestamp_ca is not None:
        heads = HeadFolder(folder, node=settings.node.id)
        _check_stamps(settings.audit.timestamp_ca, heads, where, found)


def _check_stamps(authority: Path, heads: HeadFolder, where: str, found: SetupFindings) -> None:
    """Say what is wrong with the time stamps of heads."""
    try:
        authorities(authority)
    except (AuditError, OSError) as error:
        found.faults.append(f"{where}.timestamp_ca: {error}")
    left = heads.unstamped()
    old = [file for file in left if time.time() - file.stat().st_mtime > _STAMP_LATE_S]
    if old:
        found.warnings.append(
            f"{where}.timestamp_url: {len(old)} heads have no time stamp, the first {old[0].name};"
            " the server tries every five minutes and says why in its log"
        )


def _check_layers(settings: Settings, found: SetupFindings) -> None:
    layers = settings.layers
    if not (layers.replace or layers.add):
        return
    for table, given in (("replace", layers.replace), ("add", layers.add)):
        for name, layer in given.items():
            file = {name: layer.file}
            try:
                LayerSet(replace=file) if table == "replace" else LayerSet(add=file)
            except GisError as error:
                found.faults.append(f"{settings.source}: layers.{table}.{name}: {error}")


def _check_offices(settings: Settings, found: SetupFindings) -> None:
    if not any(agency.blos for agency in settings.agencies):
        return
    replaced = settings.layers.replace.get("blos")
    try:
        layers = LayerSet(replace={} if replaced is None else {"blos": replaced.file})
        known = set(layers.load("blos")["id"])
    except (GisError, KeyError):
        return  # said of the layer itself
    for number, agency in enumerate(settings.agencies):
        where = f"{settings.source}: agencies[{number}].blos"
        found.faults += [
            f"{where}: no office {blo!r} in the layer blos"
            for blo in agency.blos
            if blo not in known
        ]


def _check_basemap(settings: Settings, found: SetupFindings) -> None:
    if settings.basemap is None:
        return
    where = f"{settings.source}: basemap.file"
    try:
        basemap = Basemap(settings.basemap.file)
    except BasemapError as error:
        found.faults.append(f"{where}: {error}")
        return
    basemap.close()
    if basemap.info.kind == "vector" and basemap.info.schema == "unknown":
        names = ", ".join(basemap.info.layers) or "none named"
        found.warnings.append(
            f"{where}: its layers ({names}) go by neither OpenMapTiles' nor Protomaps' names, so "
            "little of it may show"
        )


def _check_channel(
    settings: Settings, channel: ChannelSettings, where: str, found: SetupFindings
) -> None:
    link = channel.link
    tries: dict[str, Callable[[], str | None]] = {
        "serial": lambda: _no_device(link.path),
        "replay": lambda: None if Path(link.path).is_file() else f"there is no file {link.path}",
        "tcp": lambda: _no_answer(link.host, link.port or 0),
        "mqtt": lambda: _no_answer(link.host, link.port or 1883),
        "mqtts": lambda: _no_answer(link.host, link.port or 8883),
    }
    if link.scheme.startswith("mqtt") and link.host == EMBEDDED:
        if not settings.broker.enabled:
            found.faults.append(f"{where}: names the embedded broker: set broker.enabled = true")
        return
    if link.scheme in _LISTENS:
        _check_listening(link.host, link.port or 0, _LISTENS[link.scheme], where, found)
        return
    fault = tries[link.scheme]() if link.scheme in tries else None
    if fault is not None:
        hard = link.scheme == "replay"
        (found.faults if hard else found.warnings).append(f"{where}: {fault}")


def _no_device(path: str) -> str | None:
    if not Path(path).exists():
        return f"there is no device {path} now"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path} cannot be opened: is this user in the group dialout?"
    return None


def _no_answer(host: str, port: int) -> str | None:
    try:
        socket.create_connection((host, port), REACH_S).close()
    except OSError as error:
        return f"{host} port {port} does not answer now: {error.strerror or error}"
    return None


def _check_listening(host: str, port: int, kind: str, where: str, found: SetupFindings) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(
            family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        ) as probe:
            if kind == "tcp" or is_multicast(host):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        fault = f"{host or 'every address'} port {port}: {error.strerror or error}"
        found.note_port_taken(where, error, f"cannot listen on {fault}")
