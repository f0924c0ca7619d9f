"""The demo's script: where its boats go, and that a demo of seconds plays it and ends by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from gis.river.river import load_mekong
from maps.demo import fleet
from maps.demo.fleet import CAST
from maps.demo.script import Script
from patrol.reception.position_quality import is_jump
from tests.maps.commands.test_command_line import call, run


def test_a_demo_of_seconds_is_heard_by_every_radio_and_ends_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    out, faults = run(
        "demo", "--port", "0", "--speed", "5", "--duration", "5", "--folder", str(path),
        folder=tmp_path,
    )  # fmt: skip
    assert faults == ""
    assert out.count("/sign-in#link=") == 10
    assert out.count("/enrol#code=") == 2
    with closing(sqlite3.connect(path / "joint-patrol.db")) as store:
        answers = {row[0] for row in store.execute("SELECT DISTINCT address FROM transmissions")}
    assert {actor.address for actor in CAST} <= answers
    assert {f"kenwood:{actor.handset}" for actor in CAST if actor.handset is not None} <= answers
    proof, _ = call("audit", "verify", "--config", str(path / "demo.toml"), folder=tmp_path)
    assert "rows of the journal, the last at" in proof


def test_the_script_moves_as_boats_do_and_repeats_itself() -> None:
    river = load_mekong()
    script = Script(CAST, river)
    reports = list(script.reports(after_s=-60, until_s=300))
    again = list(Script(CAST, river).reports(after_s=-60, until_s=300))
    assert reports == again
    split = [*script.reports(after_s=-60, until_s=33.3), *script.reports(after_s=33.3, until_s=300)]
    assert split == reports
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for actor in CAST:
        own = [report for report in reports if report.actor is actor]
        jumps = sum(
            is_jump(
                lon=there.here.lon,
                lat=there.here.lat,
                time=start + timedelta(seconds=there.t_s),
                from_lon=here.here.lon,
                from_lat=here.here.lat,
                from_time=start + timedelta(seconds=here.t_s),
            )
            for here, there in pairwise(own)
        )
        assert jumps == (2 if actor.jump_s is not None else 0), actor.call_sign
        if actor.kind == "boat":
            speeds = [report.here.speed_mps for report in own]
            assert max(speeds) < 15, actor.call_sign
        if actor.silent_s is not None:
            assert not [r for r in own if actor.silent_s[0] <= r.t_s < actor.silent_s[1]]
    assert [report.actor.call_sign for report in reports if report.distress] == ["Khong 1"]


def test_boats_of_each_side_keep_to_their_bank() -> None:
    river = load_mekong()
    for actor in CAST:
        if actor.kind != "boat" or actor.country is None:
            continue
        here = actor.path.at(river, 0.0)
        place = river.locate(lon=here.lon, lat=here.lat)
        assert place is not None
        assert (place.offset_m > 0) is (actor.country == "LA"), actor.call_sign
        assert abs(place.offset_m) < 200
    assert {actor.radio for actor in CAST} == {"serial", "ais", "owntracks", "json"}
    assert {actor.agency for actor in CAST} == {fleet.HOUAY_XAI, fleet.CHIANG_KHONG}
