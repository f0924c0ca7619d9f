"""`joint-patrol report`: one report as a file, from the command line."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from maps.commands.command import CONFIG, AgencyId, Config, agency_named, run_or_exit, settings_in
from maps.language.wording import Wording
from maps.node.node import open_office
from maps.reports import Format
from maps.reports.document.request import ReportRequest
from maps.reports.jobs.report_file import make_report
from maps.reports.report_plugins import load_report_plugins
from maps.runtime.event_loop import run
from maps.settings.settings import Settings
from patrol.documents.transaction import COMMAND_LINE
from patrol.units.accounts import LANGUAGES, User

_ENDINGS = {".html": "html", ".pdf": "pdf", ".xlsx": "xlsx"}


app = typer.Typer()


@app.command("report")
def write_report(
    name: Annotated[str, typer.Argument(help="briefing, patrol-debrief, coverage or monthly.")],
    out: Annotated[Path, typer.Option(help="Where to: a name that ends in .html, .pdf or .xlsx.")],
    patrol: Annotated[str, typer.Option(help="Id of the patrol, for a report of one.")] = "",
    month: Annotated[str | None, typer.Option(help="A whole month, 2026-10.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="First local day.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last local day.")] = None,
    language: Annotated[str, typer.Option(help="en, th, lo, my, km, vi or zh.")] = "en",
    buddhist: Annotated[bool, typer.Option("--buddhist", help="Count years so.")] = False,
    interactive: Annotated[bool, typer.Option("--map", help="An interactive map page.")] = False,
    counterpart: Annotated[
        str, typer.Option(help="Agency a monthly pack is for: only what may cross to it.")
    ] = "",
    radius: Annotated[float, typer.Option(help="How far a unit sees, metres.", min=10)] = 500.0,
    config: Config = CONFIG,
    agency: AgencyId = None,
) -> None:
    """Make a report and write it to a file; the server must not be running."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"give one of {', '.join(LANGUAGES)}", param_hint="--language")
    settings = settings_in(config)
    start, end = _time(month, since, until, ZoneInfo(settings.node.time_zone))
    chosen: dict[str, Any] = {
        "patrol": patrol, "start": start, "end": end, "counterpart": counterpart,
        "radius_m": radius,
    }  # fmt: skip
    reader = (language, "buddhist" if buddhist else "gregorian")
    content = run_or_exit(
        lambda: _render(
            settings, agency_named(settings, agency), name, _kind(out, interactive), reader, chosen
        )
    )
    run_or_exit(lambda: out.write_bytes(content))
    typer.echo(f"{out}: {len(content)} bytes")


def _render(
    settings: Settings, agency: str, name: str, kind: Format, reader: Any, chosen: dict[str, Any]
) -> bytes:
    language, years = reader
    zone = ZoneInfo(settings.node.time_zone)

    async def work() -> bytes:
        async with open_office(settings) as office:
            desk = office.desk_of(User(name=COMMAND_LINE, role="admin", agency=agency))
            request = ReportRequest(
                site=office.report_site,
                desk=desk,
                words=Wording(language, calendar=years, zone=zone),
                second=Wording("en" if language != "en" else "lo", calendar=years, zone=zone),
                **chosen,
            )
            load_report_plugins()
            return (await make_report(name, kind, request)).content

    return run(work())


def _kind(out: Path, interactive: bool) -> Format:
    kind = _ENDINGS.get(out.suffix.lower())
    if kind is None:
        raise typer.BadParameter("it ends in .html, .pdf or .xlsx", param_hint="--out")
    if interactive and kind != "html":
        raise typer.BadParameter("an interactive map is .html", param_hint="--map")
    return "map" if interactive else kind  # type: ignore[return-value]  # of `_ENDINGS`


def _time(
    month: str | None, since: str | None, until: str | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """Return from when to when local days run; None for none said."""
    try:
        if month is not None:
            first = date.fromisoformat(f"{month}-01")
            last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        elif since is not None:
            first = date.fromisoformat(since)
            last = first if until is None else date.fromisoformat(until)
        else:
            return None, None
    except ValueError:
        raise typer.BadParameter("give days as 2026-11-01, a month as 2026-10") from None
    after = last + timedelta(days=1)
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
