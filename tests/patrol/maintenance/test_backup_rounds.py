"""Back-ups that are made in rounds: when they are due, how many stay, and that they are tested."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from patrol.alarms.rules import RULES
from patrol.errors.errors import StoreError
from patrol.maintenance import backup_rounds
from patrol.maintenance.backup_rounds import (
    BackupPlan,
    backups_in,
    carry,
    is_due,
    overdue,
    read_state,
    run_round,
)
from patrol.store.backup.backup import inventory
from patrol.store.store import create_store
from tests.fixtures import databases
from tests.patrol.nodes.running import at
from tests.patrol.nodes.scenes import scene

DAY = 86_400


def plan_in(folder: Path, *, keep: int = 2, test_url: str | None = None) -> BackupPlan:
    return BackupPlan(
        folder=folder / "backups",
        node="hx",
        every=timedelta(days=1),
        keep=keep,
        test_every=timedelta(days=7),
        test_url=test_url,
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store in a file."""
    url = f"sqlite:///{tmp_path / 'p.db'}"
    create_store(url)
    return url


def test_rounds_keep_so_many_and_test_one_each_week(url: str, tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    assert is_due(plan, None, at(0))
    for day in range(4):
        assert is_due(plan, read_state(plan.folder, "hx"), at(day * DAY))
        state = run_round(url, plan, at(day * DAY))
        assert state.backup is not None
        assert (state.backup.fault, state.backup.good_at) == (None, at(day * DAY))
        assert not is_due(plan, read_state(plan.folder, "hx"), at(day * DAY + 3600))
    assert state.restore_test is not None
    assert (state.restore_test.at, state.restore_test.fault) == (at(0), None)
    assert [each.name for each in backups_in(plan.folder, "hx")] == [
        f"hx-{at(day * DAY):%Y%m%dT%H%M%SZ}.backup" for day in (2, 3)
    ]
    assert {each.name for each in plan.folder.iterdir()} == {
        *(each.name for each in backups_in(plan.folder, "hx")),
        "hx-backups.json",
        ".lock",
    }
    assert overdue(plan, state, at(3 * DAY)) == {}
    assert set(overdue(plan, state, at(5 * DAY))) == {"backup"}
    assert set(overdue(plan, state, at(30 * DAY))) == {"backup", "restore_test"}


def test_a_back_up_that_was_altered_fails_its_test_and_rings(url: str, tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    run_round(url, plan, at(0))
    (made,) = backups_in(plan.folder, "hx")
    made.write_bytes(made.read_bytes()[:8192])
    state = run_round(url, plan, at(0) + timedelta(days=7))  # makes a new one, and tests that
    assert state.restore_test is not None
    assert state.restore_test.fault is None
    newest = backups_in(plan.folder, "hx")[-1]
    newest.write_bytes(newest.read_bytes()[:8192])
    later = BackupPlan(**{**msgspec.structs.asdict(plan), "every": timedelta(days=30)})
    state = run_round(url, later, at(0) + timedelta(days=14))
    assert state.restore_test is not None
    assert state.restore_test.good_at == at(0) + timedelta(days=7)
    faults = overdue(later, state, at(0) + timedelta(days=14))
    assert set(faults) == {"restore_test"}
    told = msgspec.structs.replace(scene(), backups=faults)
    assert not list(RULES["no_backup"].find(told))
    (found,) = RULES["no_restore_test"].find(told)
    assert "damaged" in str(found.facts["fault"]) or "malformed" in str(found.facts["fault"])


def test_one_that_fails_is_reported_and_tried_again_within_the_hour(
    url: str, tmp_path: Path
) -> None:
    plan = plan_in(tmp_path)
    (tmp_path / "p.db").rename(tmp_path / "away.db")
    state = run_round(url, plan, at(0))
    assert state.backup is not None
    assert "there is no store" in str(state.backup.fault)
    assert set(overdue(plan, state, at(60))) == {"backup"}
    assert not is_due(plan, state, at(600))
    assert is_due(plan, state, at(3600))
    (tmp_path / "away.db").rename(tmp_path / "p.db")
    assert overdue(plan, run_round(url, plan, at(3600)), at(3600)) == {}
    assert len(backups_in(plan.folder, "hx")) == 1


def test_what_a_round_that_was_cut_off_left_goes_with_the_next(url: str, tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    plan.folder.mkdir()
    for name in ("hx-20261124T020000Z.backup", "hx-20261124T020000Z.backup.part-wal"):
        (plan.folder / name).touch()
    (plan.folder / "restore-test.db").write_text("half")
    (plan.folder / "mine.backup").write_text("not ours")
    run_round(url, plan, at(0))
    assert len(list(plan.folder.glob("hx-*.backup*"))) == 1
    assert not list(plan.folder.glob("restore-test*"))
    assert (plan.folder / "mine.backup").exists()


def test_no_back_up_fills_the_disk_that_the_store_needs(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_rounds, "LEAST_ROOM", 1 << 60)
    state = run_round(url, plan_in(tmp_path), at(0))
    assert state.backup is not None
    assert "name a folder on another disk" in str(state.backup.fault)


def test_what_is_carried_away_is_read_again_there(url: str, tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    with pytest.raises(StoreError, match="there is no back-up"):
        carry(plan, tmp_path)
    run_round(url, plan, at(0))
    run_round(url, plan, at(DAY))
    stick = tmp_path / "stick"
    stick.mkdir()
    (made,) = carry(plan, stick)
    assert made.read_bytes() == backups_in(plan.folder, "hx")[-1].read_bytes()
    text = made.with_name(f"{made.name}.sha256").read_text()
    assert text.endswith(f"  {made.name}\n")
    assert made.stat().st_mode & 0o077 == 0, "it holds the whole store"
    assert carry(plan, stick) == []
    assert len(carry(plan, stick, every=True)) == 1


def test_two_nodes_in_one_folder_know_nothing_of_each_others_rounds(
    url: str, tmp_path: Path
) -> None:
    plan = plan_in(tmp_path)
    other = msgspec.structs.replace(plan, node="hx-2")
    run_round(url, plan, at(0))
    assert is_due(other, read_state(other.folder, other.node), at(60))
    run_round(url, other, at(60))
    assert not is_due(plan, read_state(plan.folder, plan.node), at(120))
    assert [len(backups_in(plan.folder, each)) for each in ("hx", "hx-2")] == [1, 1]
    assert overdue(plan, read_state(plan.folder, plan.node), at(120)) == {}


def test_a_back_up_of_postgres_is_tested_in_a_database_of_its_own(tmp_path: Path) -> None:
    server = databases.server()
    name = server.create()
    store, test = server.url(server.create()), server.url(name)
    create_store(store)
    plan = plan_in(tmp_path, test_url=test)
    for day in (0, 7):  # the second finds what the first left: an empty database with its mark
        state = run_round(store, plan, at(day * DAY))
        assert state.restore_test is not None
        assert state.restore_test.fault is None, state
    with server.connect(name) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert found.fetchall() == [("spatial_ref_sys",)]
    own = run_round(store, plan_in(tmp_path, test_url=store), at(14 * DAY))
    assert own.restore_test is not None
    assert "is not empty" in str(own.restore_test.fault)
    assert inventory(store).proof.faults == ()
    assert json.loads((plan.folder / "hx-backups.json").read_text())["backup"]["bytes"] > 0
