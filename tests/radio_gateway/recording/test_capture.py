"""Captures: written, read back, cut short, broken; and plain files of lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from radio_gateway.links.transport import Chunk
from radio_gateway.recording.capture import CaptureError, CaptureWriter, read_capture
from tests.radio_gateway.running.running import rmc

AT = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
CHUNKS = [
    Chunk(b"\x00\xff$GP", AT),
    Chunk(b"{}", AT + timedelta(seconds=1), connection="a/b", topic="a/b", whole=True),
    Chunk(b"", AT + timedelta(seconds=2), connection="p:1", source="p:1", ended=True),
]


def write(path: Path, chunks: list[Chunk]) -> Path:
    with CaptureWriter(path, channel="pier") as writer:
        for chunk in chunks:
            writer.write(chunk)
    return path


def test_a_capture_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert list(read_capture(write(tmp_path / "a.jsonl", CHUNKS))) == CHUNKS


def test_a_capture_of_nothing_is_empty(tmp_path: Path) -> None:
    assert list(read_capture(write(tmp_path / "a.jsonl", []))) == []


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", CHUNKS)
    with pytest.raises(FileExistsError):
        CaptureWriter(tmp_path / "a.jsonl", channel="pier")


def test_a_capture_stops_at_its_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with CaptureWriter(path, channel="pier", max_bytes=1000) as writer:
        for _ in range(100):
            writer.write(CHUNKS[0])
        assert writer.full
    assert path.stat().st_size <= 1000
    assert set(map(repr, read_capture(path))) == {repr(CHUNKS[0])}


def test_a_last_line_cut_short_ends_the_capture(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", CHUNKS)
    path.write_bytes(path.read_bytes()[:-10])
    assert list(read_capture(path)) == CHUNKS[:2]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"capture":2}\n', 1, "version 2"),
        ('{"capture":1}\n{"t":"2026-01-01T00:00:00Z","hex":"zz"}\n', 2, "non-hexadecimal"),
        ('{"capture":1}\n{"t":"2026-01-01T00:00:00","hex":""}\n', 2, "no offset"),
        ('{"capture":1}\n{"hex":""}\n', 2, "required field `t`"),
        ('{"capture":1}\nnonsense\n', 2, "malformed"),
    ],
)
def test_a_broken_capture_is_a_fault_that_names_the_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(CaptureError, match=words) as caught:
        list(read_capture(path))
    assert caught.value.line == line


def test_an_absent_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        list(read_capture(tmp_path / "absent"))


def test_a_plain_file_is_paced_by_the_times_it_tells(tmp_path: Path) -> None:
    path = tmp_path / "a.nmea"
    zda = b"$GPZDA,080400.50,10,06,2024,00,00*60\r\n"
    path.write_bytes(b"$GPGGA,1\r\n" + rmc(1) + b"$GPGLL\r\n" + rmc(3) + zda + rmc(2))
    base = datetime(2024, 6, 10, 8, tzinfo=UTC)
    minutes = [(chunk.heard_at - base).total_seconds() / 60 for chunk in read_capture(path)]
    # time never runs backwards, and what comes before the first time comes with it
    assert [round(minute, 3) for minute in minutes] == [1, 1, 1, 3, 4.008, 4.008]


def test_a_plain_file_without_times_comes_at_a_fixed_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    lines = [b"!AIVDM,%d\r\n" % number for number in range(1500)]
    path.write_bytes(b"".join(lines))
    chunks = list(read_capture(path, lines_per_s=4))
    assert [chunk.data for chunk in chunks] == lines
    steps = {b.heard_at - a.heard_at for a, b in pairwise(chunks)}
    assert steps == {timedelta(seconds=0.25)}


def test_an_empty_file_and_one_without_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.touch()
    assert list(read_capture(path)) == []
    path.write_bytes(b"x" * 200_000)
    assert sum(len(chunk.data) for chunk in read_capture(path)) == 200_000
