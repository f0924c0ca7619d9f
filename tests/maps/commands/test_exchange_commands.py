"""The command line: export a track or a layer, look into a file, add it to the map."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gis.files.export_content import ExportContent
from gis.files.formats import FORMATS
from gis.files.import_file import read_file
from gis.position.position import Position
from maps.node.node import open_office
from maps.settings.settings import read_settings
from patrol.patrols.patrol import Member
from patrol.units.accounts import User
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.ports import free_port
from tests.fixtures.set_clock import SetClock
from tests.gis.files.samples import BEGIN, BOW_TIE, PIER, features, material, places
from tests.maps.commands.test_command_line import call, run, small

AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small configuration."""
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    return tmp_path


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(each.name for each in folder.glob(pattern))


async def sail(folder: Path) -> None:
    """Let a boat report ten times, a minute apart, and end."""
    async with open_office(read_settings(folder / "patrol.toml")) as office:
        desk = office.desk_of(User(name="t", role="admin", agency="hx"))
        transmissions = [
            Transmission(
                protocol="position_json",
                kind="position",
                device="b",
                heard_at=AT + timedelta(minutes=number),
                device_time=AT + timedelta(minutes=number),
                position=Position(lon=100.4 + number * 1e-3, lat=20.27, altitude_m=350.0),
                fix=True,
            )
            for number in range(10)
        ]
        await desk.registry.report(transmissions, source="key:b")
        unit = await desk.registry.add_unit(call_sign="ນາກ 1", kind="boat", country="LA")
        await desk.registry.assign(address="position_json:b", unit=unit.id)


async def called(*words: str, folder: Path, good: bool = True) -> tuple[str, str]:
    """Give a command in this process, where an event loop runs already."""
    return await asyncio.to_thread(call, *words, folder=folder, good=good)


@pytest.mark.parametrize("name", ["gpx", "kml", "gpkg", "geojson", "parquet"])
async def test_a_track_is_written_and_read_again(folder: Path, name: str) -> None:
    await sail(folder)
    out, _ = await called(
        "export", "--unit", "ນາກ 1", "--from", "2026-11-24T09:30", "--to", "2026-11-24T09:35",
        "--format", name, "-o", "track.out", folder=folder,
    )  # fmt: skip
    assert "1 tracks, 5 positions" in out, "Vientiane is seven hours ahead"
    path = folder / f"track{FORMATS[name].ending}"
    (folder / "track.out").rename(path)
    if name != "parquet":
        assert "ນາກ 1" in {str(n) for each in read_file(path) for n in each.frame["name"]}


async def test_a_patrols_tracks_are_written_by_its_name(folder: Path) -> None:
    await sail(folder)
    clock = SetClock(lambda: AT + timedelta(minutes=3))
    async with open_office(read_settings(folder / "patrol.toml"), clock=clock) as office:
        desk = office.desk_of(User(name="t", role="commander", agency="hx"))
        [boat] = desk.visible.units()
        patrol = await desk.patrols.draft(
            name="Night watch",
            starts_at=AT,
            ends_at=AT + timedelta(hours=1),
            members=(Member(unit=boat.id, agency="hx"),),
        )
        await desk.patrols.propose(patrol.id)
        await desk.patrols.sign(patrol.id, revision=1)
        await desk.patrols.ready(patrol.id)
        await desk.patrols.start(patrol.id)
        clock.moment = lambda: AT + timedelta(minutes=6)
        await desk.patrols.end(patrol.id)
    out, _ = await called("export", "--patrol", "Night watch", "-o", "night.gpx", folder=folder)
    assert "1 tracks, 4 positions" in out, "of minutes 3 to 6"
    _, fault = await called(
        "export", "--patrol", "Day watch", "-o", "a.gpx", folder=folder, good=False
    )
    assert "no patrol 'Day watch'" in fault
    words = ("--patrol", "Night watch", "--from", "2026-11-24T02:30Z")
    _, fault = await called("export", *words, "-o", "a.gpx", folder=folder, good=False)
    assert "is given alone" in fault


async def test_content_that_cannot_be_exported_is_reported_in_one_line(folder: Path) -> None:
    await sail(folder)
    times = ("--from", "2026-11-24T02:30Z", "--to", "2026-11-24T03:00Z")
    for words, fault in (
        (("--unit", "nobody", *times, "-o", "a.gpx"), "no unit or radio 'nobody'"),
        ((*times, "-o", "a.dwg"), "must be one of gpx, kml"),
        (("--from", "soon", "--to", "later", "-o", "a.gpx"), "'soon' is no time"),
        (("-o", "a.gpx"), "give --from and --to, --patrol, or --layer"),
        (("--layer", "atlantis", "-o", "a.gpx"), "no layer 'atlantis'"),
    ):
        _, complaint = await called("export", *words, folder=folder, good=False)
        assert fault in complaint
    assert not names(folder, "a.*")


def test_a_layer_is_written_by_the_ending_of_the_file(folder: Path) -> None:
    run("export", "--layer", "blos", "-o", "offices.gpx", folder=folder)
    (layer,) = read_file(folder / "offices.gpx")
    assert len(layer.frame) == 70


def test_a_file_is_previewed_and_added_and_then_is_a_layer(folder: Path) -> None:
    made = ExportContent(title="p", made_at=BEGIN, layers={"sectors": places()})
    (folder / "plan.kml").write_bytes(FORMATS["kml"].write(made))
    out, _ = run("import", "plan.kml", folder=folder)
    assert "sectors: 2 features (Point, Polygon)" in out
    assert "from 100.30000, 20.20000 to 100.50000, 20.40000" in out
    assert not (folder / "layers").exists(), "only looked at"
    out, _ = call("import", "plan.kml", "--add", "plan", folder=folder)
    assert "added plan" in out
    body = tomllib.loads((folder / "patrol.toml").read_text(encoding="utf-8"))
    assert body["layers"]["add"]["plan"] == {"file": "layers/plan.gpkg", "source": "plan.kml"}
    out, _ = call("check", folder=folder)
    assert "can be served" in out
    call("export", "--layer", "plan", "-o", "again.geojson", folder=folder)
    (again,) = read_file(folder / "again.geojson")
    assert again.frame["name"].tolist() == ["เชียงของ", "ທ່າເຮືອ ຫ້ວຍຊາຍ"]
    _, complaint = call("import", "plan.kml", "--add", "plan", folder=folder, good=False)
    assert "there is a layer plan already" in complaint
    call("import", "plan.kml", "--add", "second", folder=folder)
    body = tomllib.loads((folder / "patrol.toml").read_text(encoding="utf-8"))
    assert set(body["layers"]["add"]) == {"plan", "second"}


@pytest.mark.parametrize("tables", ["[layers]\nadd = {}\n", '[layers]\nadd.x = "layers/x.gpkg"\n'])
def test_a_configuration_that_leaves_no_place_is_left_as_it_was(folder: Path, tables: str) -> None:
    config = folder / "patrol.toml"
    config.write_text(config.read_text(encoding="utf-8") + "\n" + tables, encoding="utf-8")
    before = config.read_text(encoding="utf-8")
    (folder / "a.gpkg").write_bytes(FORMATS["gpkg"].write(material(tracks=False)))
    _, complaint = call("import", "a.gpkg", "--add", "plan", folder=folder, good=False)
    assert "write under [layers.add]: plan = {" in complaint
    assert config.read_text(encoding="utf-8") == before
    assert not list(folder.glob("layers/*"))


def test_faults_are_reported_and_the_rest_is_added(folder: Path) -> None:
    (folder / "a.gpx").write_text(
        '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="20" lon="100"/><wpt lat="100" lon="20"/></gpx>'
    )
    out, complaint = call("import", "a.gpx", "--add", "plan", folder=folder, good=False)
    assert "waypoints: 2 features" in out
    assert "a.gpx, layer waypoints, feature 1: lies at longitude 20, latitude 100" in complaint
    assert "plan.gpkg, 1 features, 1 left out" in out
    call("export", "--layer", "plan", "-o", "good.geojson", folder=folder)
    assert len(read_file(folder / "good.geojson")[0].frame) == 1
    (folder / "b.gpx").write_text("<gpx>\n<wpt")
    _, complaint = call("import", "b.gpx", folder=folder, good=False)
    assert complaint.strip() == "b.gpx: is no whole XML: unclosed token: line 2, column 0"


def test_a_bow_tie_is_added_mended_only_when_asked(folder: Path) -> None:
    (folder / "a.geojson").write_bytes(features(BOW_TIE, PIER))
    _, complaint = call("import", "a.geojson", "--add", "plain", folder=folder, good=False)
    assert "feature 0: has an invalid geometry: self-intersection" in complaint
    assert "--repair adds it mended" in complaint
    out, _ = call("import", "a.geojson", "--add", "whole", "--repair", folder=folder, good=False)
    assert "whole.gpkg, 2 features;" in out
    call("export", "--layer", "whole", "-o", "again.geojson", folder=folder)
    (again,) = read_file(folder / "again.geojson")
    assert sorted(again.frame.geom_type) == ["MultiPolygon", "Point"]
    assert again.frame.geometry.is_valid.all()


def test_an_encoding_is_asked_for_and_taken(folder: Path) -> None:
    (folder / "a.csv").write_bytes("name,lon,lat\nท่าเรือ,100.4,20.2\n".encode("cp874"))
    _, complaint = call("import", "a.csv", "--add", "piers", folder=folder, good=False)
    assert "does not say how its text is encoded: cp874 reads" in complaint
    assert "ท่าเรือ" in complaint
    call("import", "a.csv", "--add", "piers", "--encoding", "cp874", folder=folder)
    call("export", "--layer", "piers", "-o", "again.geojson", folder=folder)
    assert read_file(folder / "again.geojson")[0].frame["name"].tolist() == ["ท่าเรือ"]
    _, complaint = call("import", "a.csv", "--encoding", "rot13", folder=folder, good=False)
    assert "must be one of utf-8, cp874" in complaint


def test_of_several_layers_one_is_chosen(folder: Path) -> None:
    (folder / "a.gpkg").write_bytes(FORMATS["gpkg"].write(material()))
    _, complaint = call("import", "a.gpkg", "--add", "plan", folder=folder, good=False)
    assert "choose one of" in complaint
    call("import", "a.gpkg", "--layer", "places", "--add", "plan", folder=folder)
    _, complaint = call("import", "a.gpkg", "--layer", "nothing", folder=folder, good=False)
    assert "track_points" in complaint
