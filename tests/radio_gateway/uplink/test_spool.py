"""What a gateway keeps until its node says that it is stored."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gis.position import Position
from radio_gateway.transmission import Transmission
from radio_gateway.uplink.envelope import item_bytes, read_item
from radio_gateway.uplink.spool import SpoolError, open_spool
from tests import needs


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
        assert [read_item(item.said) for item in items] == [fix(1), fix(2)]
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
        assert {(put.number, put.urgent) for put in await spool.newest()} == {
            (1, False),
            (3, False),
            (4, True),
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
        kept = [read_item(item.said) for item in await spool.after(0, 100)]
        assert kept[0].distress
        assert kept[-1] == fix(39)
        assert 7 <= len(kept) <= 10
        assert state.waiting == len(kept)
        assert state.dropped == {"pier": 40 - len(kept)}
        assert state.waiting_bytes == sum(len(item_bytes(said)) for said in kept)


async def test_after_its_age_a_routine_report_goes_and_no_distress_call(tmp_path: Path) -> None:
    async with await open_spool(tmp_path / "spool.db", max_age=timedelta(days=1)) as spool:
        await spool.put([call(0), fix(1), fix(2, heard_at=AT + timedelta(days=2))])
        await spool.drop_old(AT + timedelta(days=2))
        assert [item.number for item in await spool.after(0, 10)] == [1, 3]
        assert (await spool.state()).dropped == {"pier": 1}


async def test_what_the_node_could_not_read_is_kept_aside(tmp_path: Path) -> None:
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
        kept = [read_item(item.said) for item in await spool.after(0, 5000)]
        assert kept[-20:] == said[:20]
        assert kept[-21].distress
        assert kept[-22] == said[-1]
        assert state.dropped["pier"] == 2021 - len(kept) > 0


def test_what_put_returned_from_survives_kill_9(tmp_path: Path) -> None:
    """A process that says each number only after `put`; killed, at least those are there."""
    path = tmp_path / "spool.db"
    script = (
        "import asyncio, sys, pathlib\n"
        "from tests.radio_gateway.uplink.test_spool import fix\n"
        "from radio_gateway.uplink.spool import open_spool\n"
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
