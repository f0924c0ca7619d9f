"""GatewaySettings: the settings file of a gateway that runs on its own, `gateway.toml`.

[gateway]
id = "chiang-khong"          # never change it: part of every reception's id
spool = "spool.db"           # paths are relative to this file

[journal]                    # keeps all that was heard, to be replayed; left out: nothing
folder = "journal"

[uplink]                     # see radio_gateway.uplink.settings
…

[[channels]]                 # see radio_gateway.settings
…
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from radio_gateway.errors import SettingsError
from radio_gateway.settings import ChannelSettings, load_channels
from radio_gateway.tables import table_of
from radio_gateway.uplink.settings import UplinkSettings, read_uplink

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MEBIBYTE = 1 << 20


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
        channels: Links to radios.
    """

    id: str
    spool: Path
    spool_max_bytes: int
    spool_max_age: timedelta
    journal: JournalSettings | None
    metrics_port: int | None
    uplink: UplinkSettings
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
        SettingsError: For the first fault, with file, table and field.
    """
    tables = _tables(file)
    name, folder = file.name, file.parent.resolve()
    for table in tables:
        if table not in ("gateway", "journal", "uplink", "channels"):
            raise SettingsError(f"{name}: {table}", "no such table")
    for table in ("gateway", "uplink", "channels"):
        if table not in tables:
            raise SettingsError(f"{name}: {table}", "is missing")
    own = table_of(tables["gateway"], _Gateway, where=f"{name}: gateway")
    if not _ID.fullmatch(own.id):
        fault = f"{own.id!r} must be small letters, digits and -, at most 32"
        raise SettingsError(f"{name}: gateway.id", fault)
    _above(own.spool_max_mib, f"{name}: gateway.spool_max_mib", 1)
    _above(own.spool_max_days, f"{name}: gateway.spool_max_days", 1)
    if own.metrics_port is not None and not 0 <= own.metrics_port <= 65_535:
        raise SettingsError(f"{name}: gateway.metrics_port", f"{own.metrics_port} is no port")
    journal = None
    if "journal" in tables:
        said = table_of(tables["journal"], _Journal, where=f"{name}: journal")
        _above(said.file_mib, f"{name}: journal.file_mib", 1)
        _above(said.keep_mib, f"{name}: journal.keep_mib", 2 * said.file_mib)
        journal = JournalSettings(
            folder=folder / said.folder, file_mib=said.file_mib, keep_mib=said.keep_mib
        )
    return GatewaySettings(
        id=own.id,
        spool=folder / own.spool,
        spool_max_bytes=own.spool_max_mib * _MEBIBYTE,
        spool_max_age=timedelta(days=own.spool_max_days),
        journal=journal,
        metrics_port=own.metrics_port,
        uplink=read_uplink(
            tables["uplink"],
            where=f"{name}: uplink",
            folder=folder,
            at_node=False,
            environment=environment,
        ),
        channels=load_channels(
            tables["channels"], f"{name}: channels", folder=folder, environment=environment
        ),
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
