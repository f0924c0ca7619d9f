"""Channel plug-ins: puts allowed plug-ins into the tables that channels are made from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from radio_gateway.parsing.toml_tables import table_of, unknown
from radio_gateway.plugins.plugin import Plugin
from radio_gateway.plugins.plugins import PLUGINS, package_name
from radio_gateway.plugins.protocol_plugin import ProtocolPlugin
from radio_gateway.plugins.transport_plugin import TransportPluginMaker
from radio_gateway.protocols import GREETINGS, OUTBOUND, PROTOCOLS
from radio_gateway.transports import TRANSPORTS

_PROTOCOL: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class AllowedPlugins(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[plugins]` of a gateway's settings file.

    Attributes:
        allowed: Names of packages whose plug-ins are loaded; no other is.
    """

    allowed: tuple[str, ...] = ()


def read_plugins(table: object, where: str) -> AllowedPlugins:
    """Check the table `[plugins]`; load what it allows.

    Raises:
        SettingsError: If it cannot be used.
    """
    settings = table_of(table, AllowedPlugins, where=where)  # type: ignore[arg-type]
    allow_channel_plugins(settings.allowed)
    return settings


def allow_channel_plugins(packages: Iterable[str]) -> None:
    """Allow packages, and load what they offer; none of them raises (`Plugins.found`).

    Args:
        packages: Their names.
    """
    PLUGINS.allow(packages)
    PLUGINS.fill("protocols", PROTOCOLS, _protocol, names=_PROTOCOL)
    PLUGINS.fill("transports", TRANSPORTS, TransportPluginMaker, names=_SCHEME)


def _protocol(plugin: Plugin, offered: object | None) -> ProtocolPlugin:
    """Return a protocol as it is spoken, and put it among those that can be written or greeted."""
    made = ProtocolPlugin(plugin, offered)
    if made.ORDERS:
        OUTBOUND[plugin.name] = made
    if made.greets:
        GREETINGS[plugin.name] = made.greeting
    return made


def unknown_scheme(name: str) -> str:
    """Return in words that no transport has that scheme, or that its plug-in is not allowed."""
    package = PLUGINS.not_allowed("transports", name)
    if package is not None:
        return f"{name!r} is a plug-in of {package}, which [plugins] allowed does not name"
    return unknown(name, "scheme", TRANSPORTS)


def plugin_failed(name: str) -> bool:
    """Return whether a protocol is of a plug-in that could not be loaded."""
    plugin = PLUGINS.loaded("protocols", name)
    return plugin is not None and plugin.state == "failed"


def without_failed(protocols: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a channel speaks without plug-ins that could not be loaded.

    The first alone if none could: it stands for the plug-in and rejects all that comes.
    """
    able = tuple(each for each in protocols if not plugin_failed(each))
    return able or protocols[:1]


def plugin_fault(protocols: tuple[str, ...]) -> str | None:
    """Return what is wrong with a plug-in that a channel speaks; None while all are well."""
    for name in protocols:
        plugin = PLUGINS.loaded("protocols", name)
        if plugin is not None and plugin.fault is not None:
            return f"plug-in {plugin}: {plugin.fault}"
    return None


def unknown_protocol(name: str) -> str:
    """Return in words that there is no such protocol, or that its plug-in is not allowed."""
    package = PLUGINS.not_allowed("protocols", name)
    if package is not None:
        return f"{name!r} is a plug-in of {package}, which [plugins] allowed does not name"
    return unknown(name, "protocol", PROTOCOLS)


def plugin_lines(allowed: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return faults and warnings about plug-ins, one line each, without the file's name.

    Args:
        allowed: Packages that the settings allow, and that were allowed before.
    """
    allowed = tuple(allowed)
    named = set(map(package_name, allowed))
    faults = [
        f"plugins.allowed: no package {each!r} offers a plug-in"
        for each in PLUGINS.missing(allowed)
    ]
    warnings = []
    for each in PLUGINS.found():
        if each.state == "not_allowed" and each.package in named:
            continue  # of a kind that this process has no use for: a report in a gateway
        if each.state == "not_allowed":
            warnings.append(
                f"plugins.allowed: does not name {each.package} {each.version}, which offers "
                f"{each.name!r} ({each.kind}): not loaded"
            )
        elif each.fault is not None:
            faults.append(f"plugins.allowed: {each}, {each.kind}: {each.state}: {each.fault}")
    return faults, warnings
