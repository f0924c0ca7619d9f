"""`joint-patrol export` and `joint-patrol import`: files for, and from, other programs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gis.files.export_content import ExportContent
from gis.files.import_file import ReadLayer, read_file
from gis.layers.text_encoding import ENCODINGS
from maps.api.responses.times import EARLIEST
from maps.commands.command import (
    CONFIG,
    AgencyId,
    Config,
    agency_named,
    run_or_exit,
    settings_in,
)
from maps.commands.desk_command import at_desk
from maps.errors.errors import BadRequest
from maps.evidence.signing_journal import note, require_store
from maps.files import exports
from maps.files.add_layer import add_layer
from maps.layers.layers import read_geography
from patrol.desks.desk import Desk
from patrol.documents.transaction import COMMAND_LINE, Note

app = typer.Typer()


@app.command("export")
def export_file(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    unit: Annotated[
        list[str] | None,
        typer.Option(help="Call sign or id of a unit; may be given several times."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="First moment, e.g. 2026-11-24T06:00.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Moment after the last.")] = None,
    patrol: Annotated[
        str | None, typer.Option(help="Name or id of a patrol: its units while it was under way.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="A reference layer in place of tracks, e.g. blos.")
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        str | None, typer.Option(help="gpx, kml, gpkg, geojson, parquet; else by the file's name.")
    ] = None,
    config: Config = CONFIG,
    agency: AgencyId = None,
) -> None:
    """Write tracks of units or of a patrol, or a layer, to a file; the server must not be running.

    A time without a zone is local time of the node. Without --unit every unit's track.
    """
    settings = settings_in(config)
    name = format or output.suffix.lower().removeprefix(".")
    kind = run_or_exit(lambda: exports.format_named(name))
    if patrol is not None and (unit or start or end or layer):
        raise typer.BadParameter("is given alone", param_hint="--patrol")
    if layer is None and patrol is None and (start is None or end is None):
        raise typer.BadParameter("give --from and --to, --patrol, or --layer", param_hint="--from")
    zone = ZoneInfo(settings.node.time_zone)

    async def export(desk: Desk) -> None:
        if layer is not None:
            geography = read_geography(settings.layers)
            frame = geography.frame(layer)
            content: ExportContent = exports.layer(layer, layer, frame)
        elif patrol is not None:
            content = await exports.patrol_tracks(desk, await _patrol(desk, patrol))
        else:
            ids = [_unit(desk, each) for each in unit or ()]
            begin, finish = _moment(start or "", zone), _moment(end or "", zone)
            content = await exports.tracks(desk, units=ids, start=begin, end=finish)
        body = await exports.write_file(content, kind)
        subject = f"layer:{layer}" if layer is not None else "export:tracks"
        subject = subject if patrol is None else f"patrol:{patrol}"
        told_of = {"start": start, "end": end, "units": unit, "format": name}
        await desk.audit.note("export", subject=subject, detail=told_of)
        output.write_bytes(body)
        count = sum(len(each.positions) for each in content.tracks)
        summary = (
            f"{len(content.tracks)} tracks, {count} positions"
            if content.tracks
            else f"layer {layer}"
        )
        typer.echo(f"wrote {output}: {summary}")

    at_desk(settings, agency_named(settings, agency), export)


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="GeoJSON, GeoPackage, GPX, KML, KMZ, CSV, or a zipped .shp.")
    ],
    layer: Annotated[str | None, typer.Option(help="Only this layer of it.")] = None,
    add: Annotated[
        str | None,
        typer.Option(help="Add what is good of it as a site layer of this name."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Add areas that can be mended, too, mended.")
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option(help="How the text of a CSV or Shapefile is encoded, e.g. cp874."),
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Say what is in a file and what is wrong with it; add it to the map if asked.

    Ends with 1 where something is wrong, though what is good is added.
    """
    if encoding is not None and encoding not in ENCODINGS:
        choice = f"must be one of {', '.join(ENCODINGS)}"
        raise typer.BadParameter(choice, param_hint="--encoding")
    found = run_or_exit(lambda: read_file(file, encoding=encoding))
    if layer is not None:
        known = [each.name for each in found]
        found = [each for each in found if each.name == layer]
        if not found:
            raise typer.BadParameter(f"{file} has {', '.join(known)}", param_hint="--layer")
    faulty = False
    for each in found:
        faulty |= _print_layer(file, each)
    if add is not None:
        if len(found) != 1:
            names = ", ".join(each.name for each in found)
            raise typer.BadParameter(f"choose one of {names}", param_hint="--layer")
        frame = found[0].with_repairs() if repair else found[0].frame
        left_out = found[0].count - len(frame)
        if not len(frame):
            typer.echo("not added: nothing of it can be used", err=True)
        else:
            run_or_exit(lambda: require_store(settings_in(config)))
            placed = run_or_exit(lambda: add_layer(config, add, frame, source=file.name))
            _note_layer(config, add, file)
            rest = f", {left_out} left out" if left_out else ""
            typer.echo(
                f"added {add}: {placed}, {len(frame)} features{rest}; restart the server to show it"
            )
    raise typer.Exit(1 if faulty else 0)


def _note_layer(config: Path, name: str, file: Path) -> None:
    """Note in the journal that a layer was added; the server may be running."""
    settings = settings_in(config)
    added = Note(
        act="add layer",
        actor=COMMAND_LINE,
        agency=settings.agencies[0].id,
        subject=f"layer:{name}",
        detail={"file": file.name},
    )
    run_or_exit(lambda: note(settings, added))


def _print_layer(file: Path, layer: ReadLayer) -> bool:
    """Print what a layer holds; return whether something is wrong with it."""
    frame = layer.frame
    kinds = ", ".join(sorted(set(frame.geom_type)))
    typer.echo(f"{layer.name}: {layer.count} features ({kinds or 'none that can be used'})")
    if len(frame):
        west, south, east, north = frame.total_bounds
        typer.echo(
            f"  from {west:.5f}, {south:.5f} to {east:.5f}, {north:.5f} (longitude, latitude)"
        )
    columns = [str(name) for name in frame.columns if name != frame.geometry.name]
    typer.echo(f"  columns: {', '.join(columns) or 'none'}")
    for each in layer.faults:
        mends = "" if each.repair is None else "; --repair adds it mended"
        where = f"{file}, layer {layer.name}, feature {each.feature}"
        typer.echo(f"{where}: {each.fault}{mends}", err=True)
    return bool(layer.faults)


def _unit(desk: Desk, name: str) -> str:
    """Return the id of a unit by its call sign or id."""
    for each in desk.visible.units(retired=True):
        if name in (each.id, each.call_sign):
            return each.id
    return name


async def _patrol(desk: Desk, name: str) -> str:
    """Return the id of the newest patrol of that name, or what was said."""
    over = await desk.patrols.past(since=EARLIEST, until=datetime.now(UTC))
    matches = [
        each
        for each in (*desk.patrols.all(), *over)
        if each.name == name and each.started_at is not None
    ]
    return max(matches, key=lambda each: each.starts_at).id if matches else name


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"{text!r} is no time; write 2026-11-24T06:00") from None
    return (time.replace(tzinfo=zone) if time.tzinfo is None else time).astimezone(UTC)
