"""Capture: a file of what one channel read, to be replayed or looked at.

Format, version 1: JSON, one object a line, UTF-8. The first line is
`{"capture": 1, "channel": NAME}`; each further line one read:

- `t`: when it was read, RFC 3339 UTC;
- `hex`: the bytes;
- `connection`, `topic`, `source`: as the transport told them, left out where there is none;
- `whole`: true when the bytes are complete messages; `ended`: true when the connection ended.

Plain files of lines (`.nmea`, `.log`, `.txt`) are read too: each line is one read, at the time
its own RMC or ZDA sentences tell, or at a fixed rate where they tell none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from radio_gateway.chunk import Chunk
from radio_gateway.errors import GatewayError

VERSION = 1
_LONGEST_LINE = 65_536  # bytes; a file without line ends comes in pieces
_RMC = re.compile(
    rb"\$..RMC,(\d{2})(\d{2})(\d{2})(?:\.(\d{1,6})\d*)?,(?:[^,]*,){7}(\d{2})(\d{2})(\d{2}),"
)
_ZDA = re.compile(rb"\$..ZDA,(\d{2})(\d{2})(\d{2})(?:\.(\d{1,6})\d*)?,(\d{2}),(\d{2}),(\d{4}),")


class CaptureError(GatewayError):
    """A capture file that cannot be read.

    Args:
        file: The file, as the user gave it.
        line: Number of the line, from 1; 0 for the file as a whole.
        fault: What is wrong.
    """

    def __init__(self, file: str, line: int, fault: str) -> None:
        self.file, self.line, self.fault = file, line, fault
        super().__init__(f"{file}, line {line}: {fault}" if line else f"{file}: {fault}")


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    capture: int
    channel: str = ""


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    t: datetime
    hex: str
    connection: str = ""
    topic: str | None = None
    source: str | None = None
    whole: bool = False
    ended: bool = False


_encode = msgspec.json.Encoder().encode
_decode_line = msgspec.json.Decoder(_Line).decode
_decode_head = msgspec.json.Decoder(_Head).decode


class CaptureWriter:
    """Writes what a channel reads; a context manager.

    Args:
        path: File to write; an existing one is not overwritten.
        channel: The channel's name.
        max_bytes: Stop writing before the file grows beyond this.

    Attributes:
        full: Whether `max_bytes` was reached, so that nothing more is written.

    Raises:
        OSError: If the file exists or cannot be made.
    """

    def __init__(self, path: Path, *, channel: str, max_bytes: int = 100_000_000) -> None:
        self.full = False
        self._left = max_bytes
        self._file: BinaryIO = path.open("xb")
        self._put(_encode(_Head(capture=VERSION, channel=channel)))
        self._file.flush()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def write(self, chunk: Chunk) -> None:
        """Add one read. Raises OSError when the disk is full."""
        self._put(
            _encode(
                _Line(
                    t=chunk.heard_at,
                    hex=chunk.data.hex(),
                    connection=chunk.connection,
                    topic=chunk.topic,
                    source=chunk.source,
                    whole=chunk.whole,
                    ended=chunk.ended,
                )
            )
        )

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _put(self, line: bytes) -> None:
        if self.full or len(line) + 1 > self._left:
            self.full = True
            return
        self._left -= len(line) + 1
        self._file.write(line + b"\n")


def read_capture(path: Path, *, lines_per_s: float = 10.0) -> Iterator[Chunk]:
    """Yield what a capture or plain file of lines holds, in the order and at the times it was read.

    Args:
        path: The file; it is a capture when its first line says so.
        lines_per_s: Rate of a plain file that tells no times itself.

    Raises:
        CaptureError: If the file cannot be read or a line is not what the format says. A last
            line that is cut short (the writer was killed) just ends the file.
    """
    try:
        with path.open("rb") as file:
            first = file.readline()
            if first.startswith(b'{"capture"'):
                yield from _captured(path, first, file)
            else:
                file.seek(0)
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield from _plain(file, written, lines_per_s)
    except OSError as error:
        raise CaptureError(str(path), 0, error.strerror or str(error)) from error


def _captured(path: Path, first: bytes, file: BinaryIO) -> Iterator[Chunk]:
    number = 1
    try:
        version = _decode_head(first).capture
        if version != VERSION:
            raise CaptureError(str(path), 1, f"version {version} is not {VERSION}")
        for number, text in enumerate(file, start=2):
            if not text.endswith(b"\n"):
                return
            line = _decode_line(text)
            if line.t.tzinfo is None:
                raise CaptureError(str(path), number, f"time {line.t} has no offset")
            yield Chunk(
                bytes.fromhex(line.hex),
                line.t.astimezone(UTC),
                connection=line.connection,
                topic=line.topic,
                source=line.source,
                whole=line.whole,
                ended=line.ended,
            )
    except ValueError as error:  # msgspec's too
        raise CaptureError(str(path), number, str(error)) from error


def _plain(file: BinaryIO, written: datetime, lines_per_s: float) -> Iterator[Chunk]:
    """Yield each line at the newest time told so far; where none is told, from `written` on at
    the fixed rate.

    Lines before the first that tells a time come at once, with it.
    """
    told: datetime | None = None
    early: list[bytes] = []
    for line in iter(partial(file.readline, _LONGEST_LINE), b""):
        said = _time_of(line)
        if said is not None and (told is None or said > told):
            told = said
        if told is None and len(early) < 1000:
            early.append(line)
            continue
        if told is None:  # tells no times
            break
        for waiting in early:
            yield Chunk(waiting, told)
        early.clear()
        yield Chunk(line, told)
    else:
        if told is not None:
            return
        line = b""
    step = timedelta(seconds=1 / lines_per_s)
    at = written
    for waiting in early:
        yield Chunk(waiting, at)
        at += step
    while line:
        yield Chunk(line, at)
        at += step
        line = file.readline(_LONGEST_LINE)


def _time_of(line: bytes) -> datetime | None:
    """Return the time an RMC or ZDA sentence tells; None for any other line."""
    if found := _RMC.search(line):
        hour, minute, second, fraction, day, month, year = found.groups()
        full_year = 2000 + int(year) if int(year) < 80 else 1900 + int(year)
    elif found := _ZDA.search(line):
        hour, minute, second, fraction, day, month, year = found.groups()
        full_year = int(year)
    else:
        return None
    try:
        return datetime(
            full_year,
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            int((fraction or b"0").ljust(6, b"0")),
            tzinfo=UTC,
        )
    except ValueError:
        return None
