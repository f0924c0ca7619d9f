"""Plug-ins: which code of others was found here, which of it runs, and what is wrong with it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from patrol.units.permissions import require
from radio_gateway.plugins.plugin import PluginHealth
from radio_gateway.plugins.plugins import PLUGINS

router = APIRouter(prefix="/api/plugins", tags=["channels"])

_BEACON = PluginHealth(
    kind="protocols",
    name="beacon",
    package="joint-patrol-beacon",
    version="1.0.0",
    state="running",
    calls=336,
    longest_ms=0.4,
)


@router.get("", responses=answers(list[PluginHealth], [_BEACON], 403))
async def list_plugins(desk: DeskHere) -> Response:
    """Return every plug-in of this computer, allowed or not, and how it fares.

    Where a node runs as several processes they are those of its Watch, which calls them.
    """
    require(desk.user.role, "see rejected frames")
    return answer([each.health() for each in await asyncio.to_thread(PLUGINS.found)])
