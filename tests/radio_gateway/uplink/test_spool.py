"""What a gateway keeps until its node says that it is stored."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gis.position.position import Position
from radio_gateway.messages.transmission import Transmission
from radio_gateway.uplink.spool.spool import Spool, open_spool
from radio_gateway.uplink.spool.sqlite_file import DISTRESS, ROUTINE, WORDS, SpoolError
from radio_gateway.uplink.wire.envelope import item_bytes, read_item
from tests.fixtures import needs


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB that can really be full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = needs.program("mount")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"only root may mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([needs.program("umount"), str(folder)], check=True)


AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def fix(
    number: int, *, device: str = "574000001", heard_at: datetime | None = None
) -> Transmission:
    return Transmission(
        protocol="ais",
        kind="position",
        device=device,
        heard_at=heard_at or AT + timedelta(seconds=number),
        position=Position(lon=100.4, lat=20.27 + number * 1e-5),
        fix=True,
        raw=b"!AIVDM,%d" % number,
        channel="pier",
        reception_id=f"gw-1/b/{number}",
    )


def call(number: int) -> Transmission:
    return Transmission(
        protocol="dsc",
        kind="distress",
        device="574000009",
        heard_at=AT + timedelta(seconds=number),
        distress=True,
        channel="pier",
        reception_id=f"gw-1/b/{number}",
    )


def killed_as_it_opens(path: Path, method: str) -> None:
    """Open the file of a spool in a process that kills itself.

    Args:
        path: The file.
        method: Source of the method of its connection to SQLite that does it, indented by four.
    """
    script = (
        "import os, sqlite3, sys, pathlib\n"
        "from radio_gateway.uplink.spool import sqlite_file as spool_file\n"
        "class Dies(sqlite3.Connection):\n"
        f"{method}"
        "connect = sqlite3.connect\n"
        "sqlite3.connect = lambda *a, **k: connect(*a, factory=Dies, **k)\n"
        "spool_file.open_file(pathlib.Path(sys.argv[1]))\n"
    )
    process = subprocess.run([sys.executable, "-c", script, str(path)])
    assert process.returncode == -signal.SIGKILL


async def test_what_was_put_is_there_after_opening_again_with_the_same_identity(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path) as spool:
        first = spool.id
        puts = await spool.put([fix(1), fix(2)])
        assert [put.number for put in puts] == [1, 2]
    async with await open_spool(path) as spool:
        assert spool.id == first
        items = await spool.after(0, 10)
        assert [read_item(item.transmission) for item in items] == [fix(1), fix(2)]
        assert (await spool.state()).waiting == 2


async def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path) as spool:
        await spool.put([fix(1)])
        await spool.remove([1])
    async with await open_spool(path) as spool:
        assert [put.number for put in await spool.put([fix(2)])] == [2]


async def test_newest_is_the_newest_by_the_devices_clock_and_urgent_goes_with_it(
    tmp_path: Path,
) -> None:
    async with await open_spool(tmp_path / "spool.db") as spool:
        await spool.put([fix(9), fix(3), fix(5, device="574000002"), call(7)])
        assert {(put.number, put.rank) for put in await spool.newest()} == {
            (1, ROUTINE),
            (3, ROUTINE),
            (4, DISTRESS),
        }


async def test_beyond_its_size_the_oldest_routine_reports_go_and_no_distress_call(
    tmp_path: Path,
) -> None:
    size = len(item_bytes(fix(1)))
    async with await open_spool(tmp_path / "spool.db", max_bytes=10 * size) as spool:
        await spool.put([call(0)])
        for number in range(1, 40):
            await spool.put([fix(number)])
        state = await spool.state()
        transmissions = [read_item(item.transmission) for item in await spool.after(0, 100)]
        assert transmissions[0].distress
        assert transmissions[-1] == fix(39)
        assert 7 <= len(transmissions) <= 10
        assert state.waiting == len(transmissions)
        assert state.dropped == {"pier": 40 - len(transmissions)}
        assert state.waiting_bytes == sum(
            len(item_bytes(transmission)) for transmission in transmissions
        )


async def test_after_its_age_a_routine_report_goes_and_no_distress_call(tmp_path: Path) -> None:
    now_s = 0.0
    path = tmp_path / "spool.db"

    async def spool_of_a_day() -> Spool:
        return await open_spool(path, max_age=timedelta(days=1), steady_s=lambda: now_s)

    async with await spool_of_a_day() as spool:
        await spool.put([call(0), fix(1)])
        now_s = 80_000.0
    now_s = 5.0  # another run of the machine, whose steady clock starts anew
    async with await spool_of_a_day() as spool:
        await spool.put([fix(2)])
        await spool.drop_old()
        assert [item.number for item in await spool.after(0, 10)] == [1, 2, 3]
        now_s = 6500.0
        await spool.drop_old()
        assert [item.number for item in await spool.after(0, 10)] == [1, 3]
        assert (await spool.state()).dropped == {"pier": 1}


async def test_a_clock_that_was_years_behind_and_is_set_right_makes_nothing_old(
    tmp_path: Path,
) -> None:
    async with await open_spool(tmp_path / "spool.db", max_age=timedelta(days=1)) as spool:
        await spool.put([fix(1, heard_at=AT - timedelta(days=2000))])
        await spool.put([fix(2)])
        await spool.drop_old()
        assert len(await spool.after(0, 10)) == 2


async def test_messages_that_the_node_could_not_read_are_quarantined(tmp_path: Path) -> None:
    async with await open_spool(tmp_path / "spool.db") as spool:
        await spool.put([fix(1), fix(2)])
        await spool.remove([1, 2], refused=[2])
        state = await spool.state()
        assert (state.waiting, state.refused) == (0, 1)


async def test_a_damaged_file_is_set_aside_and_a_new_spool_begun(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(os.urandom(20_000))
    damaged = path.read_bytes()
    async with await open_spool(path) as spool:
        await spool.put([fix(1)])
    (aside,) = list(tmp_path.glob("spool.db.damaged-*"))  # noqa: ASYNC240 - a small folder
    assert aside.read_bytes() == damaged


async def test_what_can_be_read_of_a_damaged_file_is_saved_under_its_numbers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path) as spool:
        first = spool.id
        await spool.put([fix(number) for number in range(1, 3001)])
        await spool.put([call(3001)])
    damage(path)
    async with await open_spool(path) as spool:
        items = await spool.after(0, 5000)
        assert spool.id != first
        assert 2000 < len(items) < 3001
        assert items[-1].number == 3001
        for item in items[:-1]:
            assert read_item(item.transmission) == fix(item.number)
        assert read_item(items[-1].transmission) == call(3001)
        state = await spool.state()
        assert (state.waiting, state.damaged) == (len(items), 1)
        assert [put.number for put in await spool.put([fix(5)])] == [3002]


async def test_a_file_that_goes_bad_in_use_is_saved_and_work_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path) as spool:
        first = spool.id
        await spool.put([fix(number) for number in range(1, 12_001)])
        await spool.state()
    async with await open_spool(path) as spool:
        damage(path)
        items = await spool.after(0, 20_000)
        assert 10_000 < len(items) < 12_000
        assert spool.id != first
        await spool.put([call(12_001)])
        assert (await spool.state()).damaged == 1


async def test_a_file_that_goes_bad_on_a_full_disk_is_saved_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path) as spool:
        await spool.put([call(0)])
        await spool.put([fix(number) for number in range(1, 12_001)])
    connect, room = sqlite3.connect, False

    def full(path: Path, **options: Any) -> Any:
        if room or path.exists():
            return connect(path, **options)
        raise sqlite3.OperationalError("database or disk is full")

    async with await open_spool(path) as spool:
        damage(path)
        monkeypatch.setattr(sqlite3, "connect", full)
        for _ in range(2):
            with pytest.raises(SpoolError, match="disk is full"):
                await spool.after(0, 20_000)
        room = True
        items = await spool.after(0, 20_000)
        assert 10_000 < len(items) < 12_001
        assert read_item(items[0].transmission) == call(0)
        assert [put.number for put in await spool.put([call(12_001)])] == [12_002]


async def test_saving_that_was_cut_off_is_brought_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "spool's.db"
    async with await open_spool(path) as spool:
        await spool.put([fix(number) for number in range(1, 3001)])
        await spool.put([call(3001)])
    damage(path)
    killed_as_it_opens(
        path,
        "    def executemany(self, sql, rows):\n"
        "        if len(rows) > 1:\n"  # the call for help is in
        "            os.kill(os.getpid(), 9)\n"
        "        return super().executemany(sql, rows)\n",
    )
    async with await open_spool(path) as spool:
        items = await spool.after(0, 5000)
        assert 2000 < len(items) < 3001
        assert read_item(items[-1].transmission) == call(3001)
        await spool.remove(item.number for item in items)
    async with await open_spool(path) as spool:  # once is enough
        assert (await spool.state()).waiting == 0


async def test_receptions_while_saving_is_cut_off_take_no_place_of_what_is_to_be_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path) as spool:
        await spool.put([fix(number) for number in range(1, 3001)])
    damage(path)
    saved = 0

    def full(statement: str) -> bool:
        nonlocal saved
        saved += 500 * statement.startswith("INSERT")  # so many at a time
        return saved > 500

    with monkeypatch.context() as patch:
        refuse(patch, full)
        spool = await open_spool(path)
    async with spool:
        assert len(await spool.after(0, 5000)) == 500
        assert [put.number for put in await spool.put([call(3001)])] == [3001]
    async with await open_spool(path) as spool:
        items = await spool.after(0, 5000)
        assert [read_item(each.transmission) for each in items[:501]] == [
            fix(n) for n in range(1, 502)
        ]
        assert read_item(items[-1].transmission) == call(3001)


async def test_stored_messages_are_confirmed_though_no_room_can_be_made_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = True
    refuse(monkeypatch, lambda statement: is_full and statement.startswith("DELETE"))
    async with await open_spool(tmp_path / "spool.db", max_bytes=100) as spool:
        assert [put.number for put in await spool.put([fix(1)])] == [1]
        is_full = False
        assert [item.number for item in await spool.after(0, 10)] == [1]
        await spool.put([call(2)])
        assert [item.number for item in await spool.after(0, 10)] == [2]


def refuse(monkeypatch: pytest.MonkeyPatch, full: Callable[[str], bool]) -> None:
    """Have every database that is opened refuse those changes of many rows that `full` names."""

    class Full(sqlite3.Connection):
        def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
            if full(sql):
                raise sqlite3.OperationalError("database or disk is full")
            return super().executemany(sql, rows)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))


def damage(path: Path) -> None:
    """Overwrite pages in the middle of the file, as a worn memory card does."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(os.urandom(4 * 4096))


async def test_a_file_whose_making_was_interrupted_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    killed_as_it_opens(
        path,
        "    def execute(self, sql, *rest):\n"
        "        if 'quick_check' in sql or 'INTO about' in sql:\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return super().execute(sql, *rest)\n",
    )
    async with await open_spool(path) as spool:
        assert [put.number for put in await spool.put([fix(1)])] == [1]


async def test_what_no_row_has_room_for_costs_no_other(tmp_path: Path) -> None:
    odd = [
        replace(fix(1), device="K\ud800"),
        replace(fix(2), device_time=datetime(2026, 11, 25, 3)),  # noqa: DTZ001 - a faulty decoder
        replace(fix(3), facts={"course": 1 << 70}),
        replace(fix(4), facts={"parts": {1, 2}}),
    ]
    async with await open_spool(tmp_path / "spool.db") as spool:
        assert len(await spool.put([*odd, call(5)])) == 5
        assert len(await spool.newest()) == 3


async def test_texts_for_people_are_distinguished_from_calls_for_help(tmp_path: Path) -> None:
    words = replace(fix(1), kind="text", text="meet at the pier", position=None)
    async with await open_spool(tmp_path / "spool.db") as spool:
        puts = await spool.put([words, call(2), fix(3)])
        assert [put.rank for put in puts] == [WORDS, DISTRESS, ROUTINE]


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    async with await open_spool(path):
        with pytest.raises(SpoolError, match="another process"):
            await open_spool(path)


async def test_on_a_full_disk_routine_reports_make_room(small_disk: Path) -> None:
    async with await open_spool(small_disk / "spool.db") as spool:
        (small_disk / "filler").write_bytes(bytes(2_000_000))
        said = [replace(fix(number), raw=bytes([number % 251]) * 2000) for number in range(2000)]
        for number in range(0, 2000, 20):
            await spool.put(said[number : number + 20])
        await spool.put([call(2000)])
        await spool.put(said[:20])
        state = await spool.state()
        kept = [read_item(item.transmission) for item in await spool.after(0, 5000)]
        assert kept[-20:] == said[:20]
        assert kept[-21].distress
        assert kept[-22] == said[-1]
        assert state.dropped["pier"] == 2021 - len(kept) > 0


async def test_a_small_spool_on_a_full_disk_still_grows_into_its_reserve_and_says_what_goes(
    small_disk: Path,
) -> None:
    """Somebody else fills the disk while next to nothing waits."""
    filler = small_disk / "filler"
    async with await open_spool(small_disk / "spool.db") as spool:
        await spool.put([fix(0)])
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        for number in range(1, 1501, 10):
            await spool.put([fix(each) for each in range(number, number + 10)])
        state = await spool.state()
        assert (state.waiting, state.dropped, state.fault) == (1501, {}, None)
        for number in range(1501, 12_001, 10):
            await spool.put([fix(each) for each in range(number, number + 10)])
        state = await spool.state()
        assert state.fault is not None
        assert state.fault.startswith(f"the disk is full: {state.dropped['pier']} old reports")
        assert state.waiting > 1500
        assert state.waiting + state.dropped["pier"] == 12_001
        filler.unlink()
        for number in range(12_001, 14_001, 10):
            await spool.put([fix(each) for each in range(number, number + 10)])
        after = await spool.state()
        assert after.dropped["pier"] - state.dropped["pier"] < 2000
        last = [read_item(item.transmission) for item in await spool.after(0, 20_000)]
        assert last[-2000:] == [fix(each) for each in range(12_001, 14_001)]


async def test_on_a_full_disk_what_the_node_has_stored_can_leave(small_disk: Path) -> None:
    async with await open_spool(small_disk / "spool.db") as spool:
        transmissions = [
            replace(fix(number), raw=bytes([number % 251]) * 2000) for number in range(600)
        ]
        for number in range(0, 600, 20):
            await spool.put(transmissions[number : number + 20])
        with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:  # somebody else fills the disk to the last byte
                filler.write(bytes(4096))
        await spool.remove(range(1, 601))
        assert (await spool.state()).waiting == 0


@pytest.mark.parametrize("at_once", [300, 400, 500, 600, 750])  # each leaves other pages unused
async def test_a_large_spool_on_a_full_disk_makes_room_without_sorting_on_disk(
    small_disk: Path, at_once: int
) -> None:
    async with await open_spool(small_disk / "spool.db", steady_s=lambda: 0.0) as spool:
        said = [fix(number) for number in range(12_000)]
        for number in range(0, 12_000, at_once):
            await spool.put(said[number : number + at_once])
        words = replace(fix(1), kind="text", text="meet at the pier", position=None)
        await spool.put([words, call(2)])
        with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))
        for number in range(0, 12_000, at_once):
            await spool.put(said[number : number + at_once])
        kept = [read_item(item.transmission) for item in await spool.after(0, 30_000)]
        assert words in kept
        assert call(2) in kept
        assert kept[-at_once:] == said[-at_once:]


async def test_on_a_full_disk_an_empty_spool_takes_a_call_into_the_room_it_has(
    small_disk: Path,
) -> None:
    """Something else filled the disk, and took the reserve, too."""

    def fill() -> None:
        with (small_disk / "filler").open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))

    async with await open_spool(small_disk / "spool.db") as spool:
        puts = await spool.put([fix(number) for number in range(500)])
        await spool.remove([put.number for put in puts])
        for number in range(8):
            fill()
            await spool.put([call(number)])
        assert (await spool.state()).waiting == 8


def test_what_put_returned_from_survives_kill_9(tmp_path: Path) -> None:
    """A process that says each number only after `put`; killed, at least those are there."""
    path = tmp_path / "spool.db"
    script = (
        "import asyncio, sys, pathlib\n"
        "from tests.radio_gateway.uplink.test_spool import fix\n"
        "from radio_gateway.uplink.spool.spool import open_spool\n"
        "async def main():\n"
        "    async with await open_spool(pathlib.Path(sys.argv[1])) as spool:\n"
        "        for number in range(100000):\n"
        "            await spool.put([fix(number)])\n"
        "            print(number, flush=True)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = -1
        for line in process.stdout:
            said = int(line)
            if said == 150:
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL

    async def count() -> int:
        async with await open_spool(path) as spool:
            return (await spool.state()).waiting

    assert asyncio.run(count()) >= said + 1
