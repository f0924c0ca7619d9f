"""Report plug-ins: puts reports of others among those that can be asked for.

What one raises is told to whoever asked for it, and names the plug-in. A report takes its time, so
no step of it is broken off; one is made at a time (`maps.reports.jobs`).
"""

from __future__ import annotations

import re
from typing import Final, get_args

import structlog

from maps.errors.errors import MapsError, ReportFailed
from maps.reports import REPORTS, About, Format, Report
from maps.reports.document.document import ReportDocument
from maps.reports.document.request import ReportRequest
from patrol.errors.errors import PatrolError
from patrol.units.permissions import ACTS
from radio_gateway.plugins.plugin import Plugin
from radio_gateway.plugins.plugins import PLUGINS

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_log = structlog.get_logger(__name__)


def load_report_plugins() -> None:
    """Put the reports of allowed packages into `REPORTS`; none raises (`Plugins.found`)."""
    PLUGINS.fill("reports", REPORTS, _guarded, names=_NAME)


def _guarded(plugin: Plugin, offered: object | None) -> Report | None:
    """Return a report as it is made; None for what is none."""
    if offered is None:
        return None
    fault = _fault_of(offered)
    if fault is not None or not isinstance(offered, Report):
        plugin.stop("failed", fault or "is no Report")
        return None

    async def make(request: ReportRequest) -> ReportDocument:
        try:
            document = await plugin.call(offered.make, request)
        except (MapsError, PatrolError):  # there is no such patrol, the role may not
            raise
        except Exception as error:
            plugin.note_failure(f"raised {type(error).__name__}: {error}")
            _log.exception("report_plugin_failed", plugin=str(plugin))
            raise ReportFailed(f"plug-in {plugin}: {type(error).__name__}: {error}") from error
        if not isinstance(document, ReportDocument):
            fault = f"makes {type(document).__name__}, no ReportDocument"
            plugin.note_failure(fault)
            raise ReportFailed(f"plug-in {plugin}: {fault}")
        return document

    return Report(make=make, about=offered.about, formats=offered.formats, act=offered.act)


def _fault_of(offered: object) -> str | None:
    """Return what keeps it from being a report; None for one."""
    if not isinstance(offered, Report):
        return f"is no Report but {type(offered).__name__}"
    if not callable(offered.make):
        return "its `make` cannot be called"
    if offered.about not in get_args(About) or offered.act not in ACTS:
        return f"is about {offered.about!r} for {offered.act!r}, which there is not"
    if not offered.formats or not set(offered.formats) <= set(get_args(Format)):
        return f"can be had as {offered.formats!r}, which there is not"
    return None
