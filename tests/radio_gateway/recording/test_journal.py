"""The journal: it rotates, compresses, keeps to its size, and never stops the hearing."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.errors.errors import SettingsError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.transport import Chunk
from radio_gateway.recording import journal as journals
from radio_gateway.recording.capture import CaptureHeader, CaptureWriter, read_capture, read_events
from radio_gateway.recording.journal import ChannelJournal, Journal
from radio_gateway.transports.replay import ReplayTransport
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, open_descriptors, rmc, running

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = set(threading.enumerate())  # one of another test may be about to end
    yield tmp_path / "journal"
    assert set(threading.enumerate()) <= before


def chunk(number: int, size: int = 1000) -> Chunk:
    return Chunk(os.urandom(size), AT + timedelta(seconds=number), connection="c")


def fill(journal: Journal, channel: ChannelJournal, chunks: list[Chunk]) -> None:
    for each in chunks:
        channel.write(each)
        channel.flush()
        journal.settle()


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl*"))


def held(folder: Path) -> list[Chunk]:
    return [each for file in files_of(folder) for each in read_capture(file)]


def test_what_is_written_is_read_back_over_files(folder: Path) -> None:
    journal = Journal(folder, max_bytes=1_000_000)
    chunks = [chunk(number) for number in range(1500)]
    fill(journal, journal.of("pier", ("nmea0183",)), chunks)
    journal.close()
    files = sorted(path.name for path in folder.glob("*-pier-*"))
    assert len(files) == 4
    assert all(name.endswith(".jsonl.gz") for name in files)
    fill(journal, journal.of("pier", ("nmea0183",)), [chunk(1)])  # too late, and no harm
    assert held(folder) == chunks
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_the_oldest_is_deleted_first_and_the_cap_holds(folder: Path) -> None:
    journal = Journal(folder, max_bytes=1_000_000, keep_bytes=2_500_000)
    chunks = [chunk(number, 5000) for number in range(1500)]
    pier, boat = journal.of("pier", ("ais",)), journal.of("boat", ("ais",))
    for each in chunks:
        fill(journal, pier, [each])
        fill(journal, boat, [each])
        assert journal.size <= 2_500_000 + 10_000
    journal.close()
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert 1_000_000 < size <= 2_500_000
    for name in ("pier", "boat"):
        kept = [each for file in sorted(folder.glob(f"*-{name}-*")) for each in read_capture(file)]
        assert kept == chunks[-len(kept) :]


def test_a_new_run_goes_on_where_a_killed_one_ended(folder: Path) -> None:
    killed = (
        "import os, pathlib, sys\n"
        "from tests.radio_gateway.recording.test_journal import Journal, chunk, fill\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "fill(journal, journal.of('pier', ('ais',)), [chunk(1), chunk(2)])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", killed, str(folder)], timeout=60)
    assert ended.returncode == -9
    (folder / "0000000001-x-20260101T000000Z.jsonl.gz.part").touch()
    second = Journal(folder)
    fill(second, second.of("pier", ("ais",)), [chunk(3)])
    second.close()
    assert [each.heard_at.second for each in held(folder)] == [1, 2, 3]
    names = sorted(path.name for path in folder.glob("*.jsonl*"))
    assert [name[:10] for name in names] == ["0000000001", "0000000002"]
    assert not list(folder.glob("*.part"))


def test_two_processes_do_not_share_a_folder(folder: Path) -> None:
    journal = Journal(folder)
    with pytest.raises(SettingsError, match=f"{folder}: another process"):
        Journal(folder)
    journal.close()
    Journal(folder).close()


def test_who_replaces_a_stopped_process_hears_and_keeps_its_journal_once_that_has_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "TAKEN_AGAIN_S", 0.0)
    stopped = Journal(folder)
    journal = Journal(folder, waits=True)
    pier = journal.of("pier", ("ais",))
    fill(journal, pier, [chunk(1)])
    journal.settle()
    assert pier.fault is not None
    assert "another process keeps its journal here" in pier.fault
    assert pier.missed_reads == 1
    stopped.close()
    fill(journal, pier, [chunk(2)])
    journal.settle()
    assert pier.missed_reads == 1
    assert not pier.fault
    journal.close()
    assert [each.heard_at.second for each in held(folder)] == [2]


@pytest.mark.parametrize(("most", "keep"), [(10, 10**9), (10**6, 10**6)])
def test_sizes_that_make_no_sense_are_refused(folder: Path, most: int, keep: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Journal(folder, max_bytes=most, keep_bytes=keep)


def test_too_little_room_stops_it_with_one_warning_and_it_goes_on_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "TRY_AGAIN_S", 0.0)
    monkeypatch.setattr(Journal, "look_every", 0)  # it looks at the room at every read
    room = 10**9
    journal = Journal(folder, room=lambda _: room)
    pier, boat = journal.of("pier", ("ais",)), journal.of("boat", ("ais",))
    with capture_logs() as logs:
        fill(journal, pier, [chunk(1)])
        room = 10
        fill(journal, pier, [chunk(2)])
        fill(journal, boat, [chunk(3)])
        fill(journal, pier, [chunk(4)])
        assert pier.fault is not None
        assert "No space left" in pier.fault
        room = 10**9
        fill(journal, pier, [chunk(5)])
        fill(journal, boat, [chunk(6)])
    assert pier.fault is None
    events = [entry["event"] for entry in logs]
    assert events == ["journal_stopped", "journal_goes_on"]
    journal.close()
    assert [each.heard_at.second for each in held(folder)] == [1, 2, 5, 6]
    assert (pier.missed_reads, boat.missed_reads) == (1, 1)


def test_a_folder_that_cannot_be_used_yet_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "TRY_AGAIN_S", 0.0)
    folder.touch()  # a file where the folder should be
    journal = Journal(folder)
    pier = journal.of("pier", ("ais",))
    fill(journal, pier, [chunk(1)])
    assert "exists" in (pier.fault or "")
    folder.unlink()
    fill(journal, pier, [chunk(2)])
    assert pier.fault is None
    journal.close()
    assert [each.heard_at.second for each in held(folder)] == [2]


async def test_a_disk_that_is_full_does_not_stop_the_hearing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system itself says that there is no space: the file is /dev/full."""
    descriptors = open_descriptors()
    monkeypatch.setattr(journals, "TRY_AGAIN_S", 0.0)
    full = True
    journal = Journal(folder)
    plain = open

    def open_on_a_full_disk(path: Any, *args: Any, **named: Any) -> Any:
        file = plain(path, *args, **named)
        if full and str(path).endswith(".jsonl"):
            file.close()
            return Path("/dev/full").open("wb")
        return file

    monkeypatch.setattr("builtins.open", open_on_a_full_disk)
    table = {"name": "link", "url": "udp://127.0.0.1:0", "protocols": ["nmea0183"]}
    (settings,) = load_channels([table], "test.toml: channels")
    inbox = Inbox()
    channel = Channel(settings, inbox, gateway="gw", boot="b", journal=journal)
    transport = channel.transport
    assert isinstance(transport, UdpTransport)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        assert transport.port is not None
        loop = asyncio.get_running_loop()
        sender, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", transport.port)
        )
        for number in range(3):
            sender.sendto(rmc(number))
            await hear(inbox, 1)
        await until(lambda: "No space left" in (channel.health().journal_fault or ""))
        await until(lambda: channel.health().journal_missed == 3)
        assert channel.health().state == "open"
        full = False
        sender.sendto(rmc(5))
        await hear(inbox, 1)
        await until(lambda: channel.health().journal_fault is None)
        sender.close()
    journal.close()
    await asyncio.sleep(0)
    assert b"".join(each.data for each in held(folder)) == rmc(5)
    assert open_descriptors() == descriptors


class SlowDisk:
    """A disk that takes nothing until it is told to.

    Attributes:
        goes_on: Set while it takes what is written.
        reached: Set once something waits for it.
        waited_for: Set once what waited for it goes on.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.goes_on, self.reached = threading.Event(), threading.Event()
        self.waited_for = threading.Event()
        write = CaptureWriter.write

        def wait(writer: CaptureWriter, chunk: Chunk) -> None:
            self.reached.set()
            self.goes_on.wait(30)
            self.waited_for.set()
            write(writer, chunk)

        monkeypatch.setattr(CaptureWriter, "write", wait)


def test_a_slow_disk_holds_nobody_up_and_what_it_misses_is_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    journal = Journal(folder)
    pier = journal.of("pier", ("ais",))
    chunks = [chunk(number, 100_000) for number in range(60)]
    for each in chunks:
        pier.write(each)
        pier.flush()
    assert disk.reached.wait(10)
    assert not disk.waited_for.is_set(), "all was said while the disk had taken nothing"
    assert pier.missed_reads == 60 - 4_000_000 // 100_400
    assert "too slow" in (pier.fault or "")
    disk.goes_on.set()
    journal.settle()
    assert pier.fault is None
    assert journal.waiting_bytes == 0
    fill(journal, pier, [chunk(100)])
    journal.close()
    kept = held(folder)
    assert [each.heard_at.second for each in kept] == [*range(39), 100 % 60]
    first, second = files_of(folder)  # nothing seems to follow what it does not follow
    heads = [next(iter(read_events(file))) for file in (first, second)]
    assert [head.continues for head in heads if isinstance(head, CaptureHeader)] == [False, False]


def test_a_disk_that_hangs_does_not_keep_a_gateway_from_ending(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "CLOSE_S", 2.3)
    disk = SlowDisk(monkeypatch)
    journal = Journal(folder)
    pier = journal.of("pier", ("ais",))
    pier.write(chunk(1))
    pier.flush()
    assert disk.reached.wait(10)
    with capture_logs() as logs:
        journal.close()
    assert not disk.waited_for.is_set()
    assert [entry["event"] for entry in logs] == ["journal_not_closed"]
    Journal(folder).close()  # another may begin
    disk.goes_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("journal"):
            thread.join(5)


def test_closing_does_not_wait_for_compressing_and_leaves_no_half_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "ZIP_S", 0.5)
    journal = Journal(folder)
    fill(journal, journal.of("pier", ("ais",)), [chunk(1, 2_000_000)])
    pieces, write = 0, gzip.GzipFile.write

    def slow(file: gzip.GzipFile, data: bytes) -> int:
        nonlocal pieces
        pieces += 1
        time.sleep(0.1)  # what a Raspberry Pi is like: each piece takes its time
        return write(file, data)

    monkeypatch.setattr(gzip.GzipFile, "write", slow)
    journal.close()
    assert 0 < pieces < 10, "no more of them than fit into a second, of forty"
    (file,) = folder.glob("0*")
    assert file.name.endswith(".jsonl")
    assert len(held(folder)) == 1
    monkeypatch.undo()
    Journal(folder).close()  # the next start compresses it
    (file,) = folder.glob("0*")
    assert file.name.endswith(".jsonl.gz")
    assert len(held(folder)) == 1


async def test_a_journal_is_replayed(folder: Path) -> None:
    journal = Journal(folder)
    chunks = [chunk(number) for number in range(5)]
    fill(journal, journal.of("pier", ("ais",)), chunks)
    journal.close()
    (file,) = files_of(folder)
    replayed = []
    async with ReplayTransport(parse_link(f"replay://{file}?speed=1000")) as transport:
        while read := await transport.read():
            replayed += read
    assert [each.data for each in replayed] == [each.data for each in chunks]
