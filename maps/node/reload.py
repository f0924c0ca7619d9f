"""Reload: at SIGHUP a node takes up certificate, channels, added layers and words anew.

All is read and checked before anything changes. If something is wrong, the node goes on as it was,
and the log says why. What else is other in the file waits for the next start, and is named.
Plug-ins of packages that are allowed now are loaded as the file is read; none is ever unloaded.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from gis.errors.errors import GisError
from maps.errors.errors import MapsError
from maps.language.wording import read_words_anew
from maps.reports.report_plugins import load_report_plugins
from maps.settings.settings import Settings
from maps.tls.tls_checks import tls_faults
from radio_gateway.errors.errors import GatewayError, SettingsErrors
from radio_gateway.plugins.plugins import package_name

_log = structlog.get_logger(__name__)

_SAME: Final = frozenset({"source", "folder", "channels", "layers", "plugins"})


class ChannelOwner(Protocol):
    """What channels and layers belong to; `maps.node.node.RunningNode` is one."""

    async def take_up(self, settings: Settings) -> list[str]:
        """Take up other channels and added layers; return the channels that changed."""


class Reload:
    """Takes up anew what may change while viewers look on.

    Args:
        settings: What the node was told at its start.
        read: Reads what it is told now.
        node: Returns what channels and layers belong to; None where they belong to another process.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        node: Callable[[], ChannelOwner | None],
    ) -> None:
        self._settings, self._read, self._node = settings, read, node
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> bool:
        """Reload; return whether what was read is good."""
        async with self._one_at_a_time:
            try:
                new = await asyncio.to_thread(self._read)
                if faults := list(tls_faults(self._settings.web, source=new.source)):
                    raise SettingsErrors(faults)
                node = self._node()
                await asyncio.to_thread(read_words_anew)
                await asyncio.to_thread(load_report_plugins)  # the others were, with the settings
                channels = [] if node is None else await node.take_up(new)
            except (MapsError, GatewayError, GisError, OSError, ValueError) as error:
                _log.error("reload_refused", fault=str(error))
                return False
            later = self._need_a_start(new)
            _log.info("reloaded", channels=channels, needs_a_start=later)
            return True

    def _need_a_start(self, new: Settings) -> list[str]:
        old = self._settings
        later = [
            field.name
            for field in dataclasses.fields(Settings)
            if field.name not in _SAME and getattr(old, field.name) != getattr(new, field.name)
        ]
        if old.layers.replace != new.layers.replace:
            later.append("layers.replace")
        allowed_before, allowed = (
            set(map(package_name, each.plugins.allowed)) for each in (old, new)
        )
        if allowed_before - allowed:
            later.append("plugins")
        return later
