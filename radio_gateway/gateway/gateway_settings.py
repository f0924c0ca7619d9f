"""GatewaySettings: the settings file of a gateway that runs on its own, `gateway.toml`.

[gateway]
id = "chiang-khong"          # never change it: part of every reception's id
spool = "spool.db"           # paths are relative to this file

[journal]                    # keeps all that was heard, to be replayed; left out: nothing
folder = "journal"

[uplink]                     # see radio_gateway.uplink.wire.uplink_settings
…

[plugins]                    # code of others; left out: none is loaded
allowed = ["joint-patrol-beacon"]

[[channels]]                 # see radio_gateway.channels.channel_settings
…
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from radio_gateway.channels.channel_plugins import AllowedPlugins, read_plugins
from radio_gateway.channels.channel_settings import ChannelSettings, load_channels
from radio_gateway.errors.errors import SettingsError, SettingsErrors
from radio_gateway.parsing.toml_tables import table_of
from radio_gateway.uplink.wire.uplink_settings import UplinkSettings, read_uplink

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MEBIBYTE = 1 << 20
_TABLES = ("gateway", "journal", "uplink", "plugins", "channels")
_NEEDED = ("gateway", "uplink", "channels")
T = TypeVar("T")


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where all that was heard is kept.

    Attributes:
        folder: Where the files go.
        file_mib: Begin a new file at this size, MiB.
        keep_mib: Delete the oldest files beyond this size together, MiB.
    """

    folder: Path
    file_mib: int = 16
    keep_mib: int = 1024


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is told.

    Attributes:
        id: Its short name.
        spool: The file of its spool.
        spool_max_bytes: Beyond this, the oldest routine reports go.
        spool_max_age: After this, routine reports go.
        journal: Where all that was heard is kept; None: nowhere.
        metrics_port: Port on loopback for Prometheus metrics; None: none.
        uplink: How to reach the node.
        plugins: Packages whose plug-ins are loaded.
        channels: Links to radios.
    """

    id: str
    spool: Path
    spool_max_bytes: int
    spool_max_age: timedelta
    journal: JournalSettings | None
    metrics_port: int | None
    uplink: UplinkSettings
    plugins: tuple[str, ...] = ()
    channels: list[ChannelSettings]


class _Gateway(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    spool: str = "spool.db"
    spool_max_mib: int = 500
    spool_max_days: int = 90
    metrics_port: int | None = None


class _Journal(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    file_mib: int = 16
    keep_mib: int = 1024


def read_gateway(file: Path, environment: Mapping[str, str] = os.environ) -> GatewaySettings:
    """Read a gateway's settings.

    Raises:
        SettingsError: For the one fault, with file, table and field.
        SettingsErrors: For the first fault of each table and channel, where there are several.
    """
    tables = _tables(file)
    name, folder = file.name, file.parent.resolve()
    faults = _table_faults(tables, name)

    def read(table: str, how: Callable[[Any, str], T]) -> T | None:
        """Return the table, or note what is wrong with it."""
        if table not in tables:
            return None
        try:
            return how(tables[table], f"{name}: {table}")
        except SettingsErrors as errors:
            faults.extend(errors.errors)
        except SettingsError as error:
            faults.append(error)
        return None

    def as_uplink(table: Any, where: str) -> UplinkSettings:
        return read_uplink(
            table, where=where, folder=folder, at_node=False, environment=environment
        )

    def as_channels(table: Any, where: str) -> list[ChannelSettings]:
        return load_channels(table, where, folder=folder, environment=environment)

    own = read("gateway", _own)
    journal = read("journal", lambda table, where: _journal(table, where, folder))
    uplink = read("uplink", as_uplink)
    plugins = (
        read("plugins", read_plugins) or AllowedPlugins()
    )  # before the channels, which may speak theirs
    channels = read("channels", as_channels)
    if len(faults) > 1:
        raise SettingsErrors(faults)
    if faults:
        raise faults[0]
    assert own is not None, "it would be a fault"
    assert uplink is not None, "the same"
    assert channels is not None, "the same"
    return GatewaySettings(
        id=own.id,
        spool=folder / own.spool,
        spool_max_bytes=own.spool_max_mib * _MEBIBYTE,
        spool_max_age=timedelta(days=own.spool_max_days),
        journal=journal,
        metrics_port=own.metrics_port,
        uplink=uplink,
        plugins=plugins.allowed,
        channels=channels,
    )


def _table_faults(tables: Mapping[str, Any], name: str) -> list[SettingsError]:
    """Return what is wrong with the names of the tables; a misspelt one is not missing too."""
    faults: list[SettingsError] = []
    suggested: set[str] = set()
    for table in tables:
        if table not in _TABLES:
            near = difflib.get_close_matches(table, _TABLES, n=1)
            suggested.update(near)
            heading = "[[channels]]" if near == ["channels"] else f"[{near[0]}]" if near else ""
            hint = f"; did you mean {heading}?" if near else ""
            faults.append(SettingsError(f"{name}: {table}", f"no such table{hint}"))
    missing = [each for each in _NEEDED if each not in tables and each not in suggested]
    return faults + [SettingsError(f"{name}: {each}", "is missing") for each in missing]


def _own(table: Any, where: str) -> _Gateway:
    own = table_of(table, _Gateway, where=where)
    if not _ID.fullmatch(own.id):
        fault = f"{own.id!r} must be small letters, digits and -, at most 32"
        raise SettingsError(f"{where}.id", fault)
    _above(own.spool_max_mib, f"{where}.spool_max_mib", 1)
    _above(own.spool_max_days, f"{where}.spool_max_days", 1)
    if own.metrics_port is not None and not 0 <= own.metrics_port <= 65_535:
        raise SettingsError(f"{where}.metrics_port", f"{own.metrics_port} is no port")
    return own


def _journal(table: Any, where: str, folder: Path) -> JournalSettings:
    settings = table_of(table, _Journal, where=where)
    _above(settings.file_mib, f"{where}.file_mib", 1)
    _above(settings.keep_mib, f"{where}.keep_mib", 2 * settings.file_mib)
    return JournalSettings(
        folder=folder / settings.folder, file_mib=settings.file_mib, keep_mib=settings.keep_mib
    )


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(str(file), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(file.name, f"not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(file.name, f"not TOML: {error}") from None


def _above(value: int, where: str, least: int) -> None:
    if value < least:
        raise SettingsError(where, f"must be at least {least}")
