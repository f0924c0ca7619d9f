"""Capture: a file of what one channel read, to be replayed or looked at.

Format, version 1: JSON, one object a line, UTF-8; the file may be compressed with gzip. The first
line is `{"capture": 1, "channel": NAME}`, with `protocols` where the channel's are known,
`marks: true` where lines with `mark` stand in it, and `continues: true` where it goes on where the
channel's file before it ended. Each further line is one read:

- `t`: when it was read, RFC 3339 UTC;
- `hex`: the bytes;
- `connection`, `topic`, `source`, `speaks_for`: as the transport told them, left out where there
  is none;
- `whole`: true when the bytes are complete messages; `ended`: true when the connection ended;
  `resent`: true when the link says that it may have brought them before.

A line with `mark` is no read, but what the channel did by itself at `t`: `flush`, it had the
decoders of `connection` give up what had waited too long; `end`, the link ended and with it every
connection. With these a capture is decoded again exactly as it was.

Plain files of lines (`.nmea`, `.log`, `.txt`) are read too: each line is one read, at the time
its own RMC or ZDA sentences tell, or at a fixed rate where they tell none.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self, cast

import msgspec

from radio_gateway.errors.errors import GatewayError
from radio_gateway.links.transport import Chunk
from radio_gateway.parsing.msgspec_decoders import json_decoder

VERSION = 1
_GZIP = b"\x1f\x8b"
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


class CaptureHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a capture.

    Attributes:
        capture: Version of the format.
        channel: The channel's name.
        protocols: What the channel speaks; empty: unknown.
        marks: Lines with `mark` stand in it.
        continues: It goes on where the channel's file before it ended.
    """

    capture: int
    channel: str = ""
    protocols: tuple[str, ...] = ()
    marks: bool = False
    continues: bool = False


class CaptureMark(msgspec.Struct, frozen=True):
    """What a channel did by itself.

    Attributes:
        kind: `flush`: the decoders of `connection` gave up what had waited too long; `end`: the
            link ended, and with it every connection.
        at: When, aware UTC.
        connection: Which connection; empty for `end`.
    """

    kind: Literal["flush", "end"]
    at: datetime
    connection: str = ""


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    t: datetime
    hex: str
    connection: str = ""
    topic: str | None = None
    source: str | None = None
    whole: bool = False
    ended: bool = False
    resent: bool = False
    speaks_for: tuple[str, ...] = ()
    mark: Literal["flush", "end"] | None = None


_encode = msgspec.json.Encoder().encode
_decode_line = json_decoder(_Line).decode
_decode_head = json_decoder(CaptureHeader).decode


class CaptureWriter:
    """Writes what a channel reads; a context manager.

    Args:
        path: File to write, for its owner only; an existing one is not overwritten.
        channel: The channel's name.
        max_bytes: Stop writing before the file grows beyond this.
        protocols: What the channel speaks, where there is one; its marks are to be written too.
        continues: The file goes on where the channel's last one ended.

    Attributes:
        path: As given.
        full: Whether `max_bytes` was reached, so that nothing more is written.
        size: Bytes written.

    Raises:
        OSError: If the file exists or cannot be made.
    """

    def __init__(
        self,
        path: Path,
        *,
        channel: str,
        max_bytes: int = 100_000_000,
        protocols: tuple[str, ...] = (),
        continues: bool = False,
    ) -> None:
        self.path = path
        self.full = False
        self.size = 0
        self._max_bytes = max_bytes
        self._file: BinaryIO = open(  # noqa: SIM115 - closed in close; Path has no opener
            path, "xb", opener=partial(os.open, mode=0o600)
        )
        head = CaptureHeader(
            capture=VERSION,
            channel=channel,
            protocols=protocols,
            marks=bool(protocols),
            continues=continues,
        )
        try:
            self._put(_encode(head))
            self._file.flush()
        except OSError:
            self._abandon()
            raise

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
                    resent=chunk.resent,
                    speaks_for=chunk.speaks_for,
                )
            )
        )

    def mark(self, mark: CaptureMark) -> None:
        """Add what the channel did by itself. Raises OSError when the disk is full."""
        self._put(_encode(_Line(t=mark.at, hex="", connection=mark.connection, mark=mark.kind)))

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file; it is closed also when this raises OSError because the disk is full."""
        try:
            self._file.close()
        except OSError:
            self._abandon()
            raise

    def _abandon(self) -> None:
        """Give the descriptor back without what could not be written."""
        try:
            self._file.close()
        except OSError:
            pass

    def _put(self, line: bytes) -> None:
        if self.full or self.size + len(line) + 1 > self._max_bytes:
            self.full = True
            return
        self.size += len(line) + 1
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
    for event in read_events(path, lines_per_s=lines_per_s):
        if isinstance(event, Chunk):
            yield event


def read_events(
    path: Path, *, lines_per_s: float = 10.0
) -> Iterator[Chunk | CaptureMark | CaptureHeader]:
    """Yield the head of a capture, then its reads and marks; of a plain file, reads only.

    Arguments and errors as for `read_capture`.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP
            raw.seek(0)
            file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if zipped else raw
            first = file.readline()
            if first.startswith(b'{"capture"'):
                yield from _captured(path, first, file)
            else:
                file.seek(0)
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield from _plain(file, written, lines_per_s)
    except EOFError:  # gzip, cut short
        return
    except (OSError, zlib.error) as error:
        fault = getattr(error, "strerror", None) or str(error)
        raise CaptureError(str(path), 0, fault) from error


def _captured(
    path: Path, first: bytes, file: BinaryIO
) -> Iterator[Chunk | CaptureMark | CaptureHeader]:
    number = 1
    try:
        head = _decode_head(first)
        if head.capture != VERSION:
            raise CaptureError(str(path), 1, f"version {head.capture} is not {VERSION}")
        yield head
        for number, text in enumerate(file, start=2):
            if not text.endswith(b"\n"):
                return
            line = _decode_line(text)
            if line.t.tzinfo is None:
                raise CaptureError(str(path), number, f"time {line.t} has no offset")
            if line.mark is not None:
                yield CaptureMark(line.mark, line.t.astimezone(UTC), line.connection)
                continue
            yield Chunk(
                bytes.fromhex(line.hex),
                line.t.astimezone(UTC),
                connection=line.connection,
                topic=line.topic,
                source=line.source,
                whole=line.whole,
                ended=line.ended,
                resent=line.resent,
                speaks_for=line.speaks_for,
            )
    except ValueError as error:  # msgspec's too
        raise CaptureError(str(path), number, str(error)) from error


def _plain(file: BinaryIO, written: datetime, lines_per_s: float) -> Iterator[Chunk]:
    """Yield each line at the newest time told so far; where none is told, from `written` on at
    the fixed rate.

    Lines before the first that tells a time come at once, with it.
    """
    last_time: datetime | None = None
    early: list[bytes] = []
    for line in iter(partial(file.readline, _LONGEST_LINE), b""):
        line_time = _time_of(line)
        if line_time is not None and (last_time is None or line_time > last_time):
            last_time = line_time
        if last_time is None and len(early) < 1000:
            early.append(line)
            continue
        if last_time is None:  # tells no times
            break
        for waiting in early:
            yield Chunk(waiting, last_time)
        early.clear()
        yield Chunk(line, last_time)
    else:
        if last_time is not None:
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
