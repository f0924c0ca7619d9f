"""Record: reads one link into a capture file, without decoding it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.link_url import Link
from radio_gateway.recording.capture import CaptureWriter
from radio_gateway.transports import TRANSPORTS


class RecordingResult(NamedTuple):
    """What was recorded.

    Attributes:
        reads: How many reads.
        bytes_read: How many bytes they brought.
        full: Whether the file reached its largest size.
    """

    reads: int
    bytes_read: int
    full: bool


async def record(
    link: Link,
    path: Path,
    *,
    seconds: float | None = None,
    max_bytes: int = 100_000_000,
    stop_on: tuple[signal.Signals, ...] = (),
) -> RecordingResult:
    """Write what `link` brings to a new file, until its end, a signal or `seconds` are over.

    Of MQTT, messages are taken at QoS 0: none is acknowledged, and none is taken from a node that
    listens too.

    Args:
        link: What to read.
        path: File to write; an existing one is not overwritten.
        seconds: How long to read; None: without end.
        max_bytes: Stop before the file grows beyond this.
        stop_on: Signals that end the recording as its time would.

    Raises:
        SettingsError: If the link has no transport that can be read.
        LinkError: If the link cannot be opened or breaks; what was read is in the file.
        OSError: If the file exists or cannot be written.
    """
    if link.scheme not in TRANSPORTS or link.scheme in ("http", "replay"):
        raise SettingsError("url", f"{link.public_url} cannot be recorded")
    if link.scheme in ("mqtt", "mqtts"):
        options = tuple(option for option in link.options if option[0] != "qos")
        link = replace(link, options=(*options, ("qos", "0")))
    transport = TRANSPORTS[link.scheme](link)
    loop = asyncio.get_running_loop()
    reads = size = 0
    with CaptureWriter(path, channel=link.public_url, max_bytes=max_bytes) as writer:
        async with transport:
            try:
                async with asyncio.timeout(seconds) as limit:
                    for number in stop_on:
                        loop.add_signal_handler(number, limit.reschedule, 0)
                    while not writer.full and (chunks := await transport.read()):
                        for chunk in chunks:
                            writer.write(chunk)
                            size += len(chunk.data)
                        reads += len(chunks)
                        writer.flush()
            except TimeoutError:
                pass
            finally:
                for number in stop_on:
                    loop.remove_signal_handler(number)
        return RecordingResult(reads, size, writer.full)
