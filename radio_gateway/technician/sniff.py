"""Sniff: finds which protocol a link speaks, and at which speed.

Everything that is read goes to every protocol's framer and decoder, each for itself; the one that
understands most of the bytes is what is spoken. Nothing is written to the link, except the bytes
that wake some radios up, and those only when asked for.
"""

from __future__ import annotations

import asyncio
import math
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from radio_gateway.decoding.decoder import Decoder, DecoderSettings
from radio_gateway.decoding.framing import Frame, Framer, MessageFramer
from radio_gateway.errors.errors import FrameError, LinkError, SettingsError
from radio_gateway.links.link_url import Link
from radio_gateway.links.transport import Chunk, Transport
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import GREETINGS, PROTOCOLS, ProtocolModule
from radio_gateway.transports import TRANSPORTS

BAUDS = (4800, 9600, 38400, 115200, 19200, 57600, 2400, 1200)
_SURE = 0.8  # share of bytes understood that ends the search
_MOST_BYTES = 2_000_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one protocol made of what was read.

    Attributes:
        protocol: Its name.
        frames: Frames that it recognises.
        transmissions: Transmissions decoded.
        own: Those of its own kind; NMEA 0183 decodes AIS sentences too, which are another's.
        understood_bytes: Bytes of the frames that it decoded.
        rejected: Frames that it recognises and rejects, by reason.
    """

    protocol: str
    frames: int
    transmissions: int
    own: int
    understood_bytes: int
    rejected: dict[str, int]


class SniffResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a link said.

    Attributes:
        url: The link, with the speed at which it was read.
        bytes_read: Bytes read.
        findings: The protocols that understood something, the best first.
        start: The first bytes.
        interval_s: Usual time between two reads that were apart, seconds; None: too few.
        is_stream: Bytes flow without borders.
        fault: Why the link could not be read; None when it could.
    """

    url: str
    bytes_read: int = 0
    findings: tuple[Finding, ...] = ()
    start: bytes = b""
    interval_s: float | None = None
    is_stream: bool = True
    fault: str | None = None

    @property
    def understood(self) -> float:
        """Share of the bytes that the best protocol understood, 0 to 1."""
        if not self.findings or not self.bytes_read:
            return 0.0
        return min(1.0, self.findings[0].understood_bytes / self.bytes_read)

    @property
    def protocols(self) -> tuple[str, ...]:
        """What a channel for this link would speak: the best, and all that are cut as it is."""
        best = [each for each in self.findings if each.own]
        best = best or [each for each in self.findings if each.transmissions]
        if not best:
            return ()
        if not self.is_stream:
            return tuple(each.protocol for each in best)
        framing = PROTOCOLS[best[0].protocol].FRAMING
        return tuple(each.protocol for each in best if PROTOCOLS[each.protocol].FRAMING is framing)


async def sniff(
    link: Link,
    *,
    seconds: float = 6.0,
    bauds: Sequence[int] = BAUDS,
    probe: bool = False,
    settings: DecoderSettings | None = None,
    protocols: Mapping[str, ProtocolModule] = PROTOCOLS,
) -> list[SniffResult]:
    """Listen to a link, a serial one at each speed until one is understood.

    Args:
        link: What to read. A speed in its URL is the only one that is tried.
        seconds: How long to listen, at each speed.
        bauds: Speeds to try.
        probe: Send the bytes that wake radios up.
        settings: What the decoders are told, for example keys.
        protocols: The protocols to try.

    Returns:
        One for each speed tried, the most understood first.

    Raises:
        SettingsError: If the link has no transport that can be read, or would write.
    """
    if link.scheme not in TRANSPORTS or link.scheme == "http":
        raise SettingsError("url", f"{link.public_url} cannot be read")
    names = {name for name, _ in link.options}
    if "greeting" in names and not probe:
        raise SettingsError("url", "greeting=… writes to the link; add --probe if you mean it")
    if link.scheme in ("mqtt", "mqtts"):  # takes no message from a node that listens too
        options = tuple(option for option in link.options if option[0] != "qos")
        link = replace(link, options=(*options, ("qos", "0")))
    if link.scheme != "serial":
        return [await _listen(link, seconds, probe, settings, protocols)]
    # lines that key some transmitters stay down, unless the user says otherwise
    down = tuple((line, "0") for line in ("dtr", "rts") if line not in names)
    link = replace(link, options=(*link.options, *down))
    if "baud" in names:
        return [await _listen(link, seconds, probe, settings, protocols)]
    tried: list[SniffResult] = []
    for baud in bauds:
        at_speed = replace(
            link,
            options=(*link.options, ("baud", str(baud))),
            public_url=f"{link.public_url}{'&' if '?' in link.public_url else '?'}baud={baud}",
        )
        tried.append(await _listen(at_speed, seconds, probe, settings, protocols))
        if tried[-1].fault is not None or tried[-1].understood >= _SURE:
            break
    return sorted(tried, key=lambda each: (each.understood, each.bytes_read), reverse=True)


def judge(
    chunks: Sequence[Chunk],
    *,
    is_stream: bool,
    settings: DecoderSettings | None = None,
    protocols: Mapping[str, ProtocolModule] = PROTOCOLS,
) -> list[Finding]:
    """Return what each protocol makes of what was read, the best first.

    Args:
        chunks: What was read.
        is_stream: Bytes flow without borders.
        settings: What the decoders are told.
        protocols: The protocols to try.
    """
    findings = []
    for name, module in protocols.items():
        if not (is_stream and module.FRAMING is MessageFramer):
            finding = _try(name, module, chunks, settings or DecoderSettings())
            if finding.frames:
                findings.append(finding)
    # one that takes frames and says nothing of its own knows only how they are cut
    return sorted(
        findings,
        key=lambda each: (bool(each.own), each.understood_bytes, each.transmissions),
        reverse=True,
    )


def suggestion(sniffed: SniffResult) -> str:
    """Return the `[[channels]]` table for a link that was understood; empty for another.

    >>> suggestion(SniffResult(url="tcp://box:10110"))
    ''
    """
    if not sniffed.protocols:
        return ""
    words = re.sub(r"[^a-z0-9]+", "-", sniffed.url.partition("?")[0].lower()).strip("-")
    protocols = ", ".join(f'"{each}"' for each in sniffed.protocols)
    lines = [
        "[[channels]]",
        f'name = "{words[-24:].strip("-")}"  # choose a name that lasts',
        f'url = "{sniffed.url}"',
        f"protocols = [{protocols}]",
    ]
    if sniffed.interval_s is not None:
        lines.append(f"expected_interval_s = {max(10, math.ceil(3 * sniffed.interval_s))}")
    return "\n".join(lines) + "\n"


async def _listen(
    link: Link,
    seconds: float,
    probe: bool,
    settings: DecoderSettings | None,
    protocols: Mapping[str, ProtocolModule],
) -> SniffResult:
    transport = TRANSPORTS[link.scheme](link)
    chunks: list[Chunk] = []
    fault = None
    try:
        async with transport:
            if probe and transport.can_send:
                await _greet(transport, settings or DecoderSettings())
            try:
                async with asyncio.timeout(seconds):
                    size = 0
                    while size < _MOST_BYTES and (read := await transport.read()):
                        chunks += read
                        size += sum(len(chunk.data) for chunk in read)
            except TimeoutError:
                pass
    except LinkError as error:
        fault = error.fault
    findings = judge(chunks, is_stream=transport.is_stream, settings=settings, protocols=protocols)
    gaps = [(b.heard_at - a.heard_at).total_seconds() for a, b in pairwise(chunks)]
    apart = [gap for gap in gaps if gap >= 0.2]
    return SniffResult(
        url=link.public_url,
        bytes_read=sum(len(chunk.data) for chunk in chunks),
        findings=tuple(findings),
        start=b"".join(chunk.data for chunk in chunks[:50])[:256],
        interval_s=statistics.median(apart) if apart else None,
        is_stream=transport.is_stream,
        fault=fault,
    )


async def _greet(transport: Transport, settings: DecoderSettings) -> None:
    for make in GREETINGS.values():
        greeting = make(settings)
        if not greeting:  # a plug-in failed to make one
            continue
        try:
            await transport.send(greeting)
        except LinkError:  # nobody is there yet
            return
        await asyncio.sleep(0.2)


def _try(
    name: str, module: ProtocolModule, chunks: Sequence[Chunk], settings: DecoderSettings
) -> Finding:
    connections: dict[str, tuple[Framer, Decoder]] = {}
    frames = transmissions = own = understood = 0
    rejected: Counter[str] = Counter()

    def count(messages: Sequence[Transmission]) -> None:
        nonlocal transmissions, own
        transmissions += len(messages)
        own += sum(name.startswith(each.protocol) for each in messages)

    def take(payloads: Sequence[bytes], decoder: Decoder, chunk: Chunk) -> None:
        nonlocal frames, understood
        for payload in payloads:
            frame = Frame(payload, chunk.heard_at, chunk.topic, chunk.source)
            if not module.speaks(frame):
                continue
            frames += 1
            try:
                count(decoder.decode(frame))
                understood += len(payload)
            except FrameError as error:
                rejected[error.reason] += 1
            except Exception:  # noqa: BLE001 - a decoder's own fault: it does not speak this
                rejected["decoder_failed"] += 1

    for chunk in chunks:
        if chunk.connection not in connections:
            connections[chunk.connection] = (module.FRAMING(), module.decoder(settings))
        framer, decoder = connections[chunk.connection]
        take(framer.feed(chunk.data), decoder, chunk)
        if chunk.whole:
            take(framer.close(), decoder, chunk)
    for framer, decoder in connections.values():
        take(framer.close(), decoder, chunks[-1])
        count(decoder.flush(None))
    return Finding(
        protocol=name,
        frames=frames,
        transmissions=transmissions,
        own=own,
        understood_bytes=understood,
        rejected=dict(rejected),
    )
