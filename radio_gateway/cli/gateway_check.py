"""Gateway check: what is wrong with a gateway's settings file, and with what it names.

Faults keep the gateway from starting or a part of it from working. Warnings are what may mend
itself, such as a radio that is not plugged in now, or what only the technician can judge.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from radio_gateway.channels.channel_plugins import plugin_lines
from radio_gateway.channels.channel_settings import ChannelSettings, place_of
from radio_gateway.errors.errors import SettingsError, SettingsErrors
from radio_gateway.gateway.folder_checks import journal_fault, spool_fault
from radio_gateway.gateway.gateway_settings import GatewaySettings, JournalSettings, read_gateway
from radio_gateway.links.link_url import Link
from radio_gateway.transports.udp import is_multicast

_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound
_LISTENS = {"udp": "udp", "tcp-listen": "tcp", "http-listen": "tcp"}


class GatewayFindings(msgspec.Struct):
    """What was found, one line each, with file and setting.

    Attributes:
        settings: What the file says; None if it cannot be used.
        faults: What does not work.
        warnings: What may not.
    """

    settings: GatewaySettings | None = None
    faults: list[str] = []
    warnings: list[str] = []


def check_gateway(file: Path) -> GatewayFindings:
    """Check a gateway's settings file; opens nothing and changes nothing."""
    found = GatewayFindings()
    try:
        settings = read_gateway(file)
    except SettingsErrors as errors:
        found.faults += [str(error) for error in errors.errors]
        return found
    except SettingsError as error:
        found.faults.append(str(error))
        return found
    found.settings = settings
    plugin_faults, plugin_warnings = plugin_lines(settings.plugins)
    found.faults += [f"{file.name}: {each}" for each in plugin_faults]
    found.warnings += [f"{file.name}: {each}" for each in plugin_warnings]
    lines = [
        ("gateway.spool", spool_fault(settings.spool)),
        *_duplicate_ports(settings),
    ]
    if settings.journal is not None:
        lines.append(("journal.folder", journal_fault(settings.journal.folder)))
    found.faults += [f"{file.name}: {where}: {fault}" for where, fault in lines if fault]
    doubts = [
        ("uplink.username", _other_user(settings)),
        ("journal.keep_mib", _too_much(settings.journal)),
        *(
            (f"{place_of('channels', number, each.name)}.url", _not_there(each.link))
            for number, each in enumerate(settings.channels)
        ),
    ]
    found.warnings += [f"{file.name}: {where}: {doubt}" for where, doubt in doubts if doubt]
    return found


def _duplicate_ports(settings: GatewaySettings) -> list[tuple[str, str | None]]:
    """Find ports that the file gives twice: each is free until the first one has it."""
    taken: list[tuple[str, str, int | str, str]] = []
    if settings.metrics_port:
        taken.append(("tcp", "127.0.0.1", settings.metrics_port, "gateway.metrics_port"))
    found: list[tuple[str, str | None]] = []
    for number, channel in enumerate(settings.channels):
        mine = _takes(channel)
        if mine is None:
            continue
        kind, host, port = mine
        where = place_of("channels", number, channel.name)
        for other_kind, other_host, other_port, other in taken:
            same = kind == other_kind and port == other_port
            if same and (host == other_host or {host, other_host} & _ANY):
                what = f"the port {port}" if kind == "serial" else f"{kind} port {port}"
                found.append((f"{where}.url", f"{what} is taken by {other} already"))
                break
        taken.append((kind, host, port, where))
    return found


def _takes(channel: ChannelSettings) -> tuple[str, str, int | str] | None:
    """Return kind, address and port that a channel needs for itself; None for one that shares."""
    link = channel.link
    if link.scheme == "serial":
        return "serial", "", os.path.realpath(link.path)
    kind = _LISTENS.get(link.scheme)
    if kind is None or not link.port or (kind == "udp" and is_multicast(link.host)):
        return None
    return kind, link.host, link.port


def _other_user(settings: GatewaySettings) -> str | None:
    user = settings.uplink.link.username
    if user is None or user == settings.id:
        return None
    return (
        f"{user!r} is not the gateway's id {settings.id!r}; the access list that ships lets a user "
        "write under its own name only"
    )


def _not_there(link: Link) -> str | None:
    if link.scheme != "serial":
        return None
    if not Path(link.path).exists():
        return f"there is no device {link.path} now; `radio-gateway ports` lists those there are"
    if not os.access(link.path, os.R_OK | os.W_OK):
        return f"this user may not open {link.path}: is it in the group dialout?"
    return None


def _too_much(journal: JournalSettings | None) -> str | None:
    """Return why the disk may be full before the journal is; what it holds already counts."""
    if journal is None:
        return None
    folder = journal.folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        held = sum(file.stat().st_size for file in journal.folder.glob("*") if file.is_file())
        free_mib = (shutil.disk_usage(folder).free + held) >> 20
    except OSError:  # told as a fault of the folder
        return None
    if free_mib >= journal.keep_mib:
        return None
    return f"{journal.keep_mib} MiB, and the disk has {free_mib} MiB for it"
