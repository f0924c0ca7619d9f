"""Monitoring: a live table of channels, for a technician at a terminal.

A gateway or node that runs is asked over HTTP and not disturbed. Where none runs, the channels of
a settings file can be listened to without it: nothing is written to a link, no sender is answered,
no message is taken from a broker's queue, and channels that trackers connect to stay closed, since
a tracker forgets what it could send.
"""

from __future__ import annotations

import asyncio
import os
import tomllib
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

import msgspec
from msgspec.structs import replace
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_plugins import read_plugins
from radio_gateway.channels.channel_settings import ChannelSettings, load_channels
from radio_gateway.errors.errors import LinkError, SettingsError, fault_of
from radio_gateway.health.health import ChannelHealth, GatewayHealth, GatewayReport
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk, Transport
from radio_gateway.parsing.msgspec_decoders import json_decoder

ASK_S = 5.0
_LONGEST_REPORT = 50_000_000
_NOT_OPENED = ("http", "http-listen", "tcp-listen")
_COLOURS = {"open": "green", "opening": "yellow", "silent": "yellow", "down": "red"}


def fetch_report(url: str, *, token: str | None = None) -> GatewayReport:
    """Ask a gateway or node that runs how its channels fare.

    Args:
        url: Its address: of a gateway `http://127.0.0.1:PORT`, of a node `https://HOST/metrics`.
        token: What the node wants to see.

    Raises:
        LinkError: If it does not answer, or not with a report.
    """
    address = url.rstrip("/")
    if not address.endswith("/report"):
        address += "/report"
    if not address.startswith(("http://", "https://")):
        raise LinkError(url, "write http://… or https://…")
    request = urllib.request.Request(address)  # noqa: S310 - checked above
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with _OPENER.open(request, timeout=ASK_S) as answer:
            report: bytes = answer.read(_LONGEST_REPORT)
        return json_decoder(GatewayReport).decode(report)
    except urllib.error.HTTPError as error:
        error.close()
        raise LinkError(url, f"answers {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        wrapped = getattr(error, "reason", error)  # urllib's
        reason = fault_of(wrapped) if isinstance(wrapped, Exception) else str(wrapped)
        raise LinkError(url, reason) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LinkError(url, f"tells no report: {error}") from error


def read_channels(file: Path) -> tuple[list[ChannelSettings], int | None]:
    """Return the channels of a gateway's or node's settings file, and the port of its metrics.

    Raises:
        SettingsError: If the file cannot be read or a channel cannot be used.
    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(str(file), f"cannot be read: {error}") from error
    if "plugins" in tables:
        read_plugins(tables["plugins"], f"{file.name}: plugins")
    given = tables.get("channels", [])
    channels = load_channels(given, f"{file.name}: channels", folder=file.parent)
    gateway = tables.get("gateway", {})
    port = gateway.get("metrics_port") if isinstance(gateway, dict) else None
    return channels, port if isinstance(port, int) else None


class ListenOnlyChannels:
    """Channels that are heard and nothing else.

    Args:
        settings: The channels.

    Attributes:
        left_out: Names of those that are not opened.
    """

    def __init__(self, settings: list[ChannelSettings]) -> None:
        self._inbox = Inbox()
        self.left_out = [each.name for each in settings if each.link.scheme in _NOT_OPENED]
        self._channels = [
            _listen_only(each, self._inbox)
            for each in settings
            if each.link.scheme not in _NOT_OPENED
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear them while inside."""
        tasks = [asyncio.create_task(channel.run()) for channel in self._channels]
        tasks.append(asyncio.create_task(self._throw_away()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def report(self) -> GatewayReport:
        """Return how they fare now."""
        return GatewayReport(
            health=GatewayHealth(
                gateway="",
                reported_at=datetime.now(UTC),
                channels=tuple(channel.health() for channel in self._channels),
            ),
            rejected={each.settings.name: each.rejected() for each in self._channels},
        )

    async def _throw_away(self) -> None:
        while True:
            await self._inbox.take()  # and call nothing stored


def screen(report: GatewayReport, before: GatewayReport | None, *, now: datetime) -> RenderableType:
    """Return the table of channels.

    Args:
        report: How they fare.
        before: The same, some seconds earlier, for the rates; None: none are known yet.
        now: The present, aware UTC.
    """
    table = Table(expand=True, pad_edge=False)
    for heading in ("channel", "speaks", "state"):
        table.add_column(heading, no_wrap=heading != "speaks")
    for heading in ("per min", "age", "heard"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("rejected", overflow="fold")
    earlier = {} if before is None else {each.name: each for each in before.health.channels}
    span_s = 0.0
    if before is not None:
        span_s = (report.health.reported_at - before.health.reported_at).total_seconds()
    for each in report.health.channels:
        table.add_row(
            each.name,
            " ".join(each.protocols),
            Text(each.state, style=_COLOURS.get(each.state, "")),
            _rate(each, earlier.get(each.name), span_s),
            _age(each.last_heard_at, now),
            str(each.transmissions),
            _errors(each),
        )
    remarks = [_remark(each, report) for each in report.health.channels]
    return Group(table, *filter(None, remarks), *_gateway_lines(report.health, now))


def _rate(each: ChannelHealth, before: ChannelHealth | None, span_s: float) -> str:
    if before is None or span_s <= 0 or each.transmissions < before.transmissions:
        return "–"
    return f"{60 * (each.transmissions - before.transmissions) / span_s:.0f}"


def _age(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = max(0, round((now - at).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


def _errors(each: ChannelHealth) -> str:
    most = sorted(each.errors.items(), key=lambda item: -item[1])
    reasons = [f"{count} {reason}" for reason, count in most[:3]]
    if len(most) > 3:
        reasons.append(f"{sum(count for _, count in most[3:])} other")
    if each.junk_bytes:
        share = 100 * each.junk_bytes / max(1, each.bytes_read)
        reasons.append(f"junk {share:.0f} %")
    return ", ".join(reasons)


def _remark(each: ChannelHealth, report: GatewayReport) -> Text | None:
    """Return what is wrong with a channel, else what it rejected last; None for neither."""
    fault = each.fault or each.journal_fault
    if fault is not None:
        return Text(f"{each.name}: {fault}", style="red")
    frames = report.rejected.get(each.name)
    if not frames:
        return None
    last = frames[-1]
    why = f"{last.reason}: {last.detail}" if last.detail else last.reason
    if not last.payload:
        return Text(f"{each.name}: last rejected: {why}, from {last.source or 'somebody'}")
    printable = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in last.payload[:76])
    return Text(f"{each.name}: last rejected: {why}\n  {printable}")


def _gateway_lines(health: GatewayHealth, now: datetime) -> Iterator[Text]:
    if health.uplink == "stopped" and not health.waiting:
        return
    colour = _COLOURS.get(health.uplink, "") if health.uplink_fault is None else "red"
    yield Text(f"uplink {health.uplink} {health.uplink_fault or ''}", style=colour)
    oldest = ""
    if health.oldest_waiting_at is not None:
        oldest = f", the oldest {_age(health.oldest_waiting_at, now)} old"
    yield Text(f"spool: {health.waiting} wait for the node's receipt{oldest}")
    if health.spool_fault is not None:
        yield Text(f"spool: {health.spool_fault}", style="red")
    if health.damaged:
        yield Text(
            f"spool: was damaged {health.damaged} times and saved; replace the disk, then take "
            "away the files whose names hold .damaged-",
            style="red",
        )


def _listen_only(settings: ChannelSettings, inbox: Inbox) -> Channel:
    link = replace(settings.link, client_id=f"monitor-{os.getpid()}-{settings.name}")
    if link.scheme in ("mqtt", "mqtts"):
        options = tuple(each for each in link.options if each[0] not in ("qos", "client_id"))
        link = replace(link, options=(*options, ("qos", "0")))
    channel = Channel(replace(settings, link=link), inbox, gateway="monitor", boot="-")
    channel.transport = _answering_nobody(channel.transport)
    return channel


def _answering_nobody(transport: Transport) -> Transport:
    """Return a transport that reads as `transport` does and sends nothing."""

    class ListenOnlyOutbound:
        can_wait: ClassVar[bool] = transport.can_wait
        is_local: ClassVar[bool] = transport.is_local
        is_stream: ClassVar[bool] = transport.is_stream
        reopens_when_silent: ClassVar[bool] = transport.reopens_when_silent
        can_send: ClassVar[bool] = False
        is_live = transport.is_live

        @property
        def fault(self) -> str | None:
            return transport.fault

        async def __aenter__(self) -> Self:
            await transport.__aenter__()
            return self

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            await transport.__aexit__(kind, error, trace)

        async def read(self) -> list[Chunk]:
            chunks = await transport.read()
            return [replace(chunk, stored=None, judged=None, reply=None) for chunk in chunks]

        async def send(
            self,
            data: bytes,  # noqa: ARG002 - nothing is sent
            *,
            connection: str | None = None,  # noqa: ARG002
            topic: str | None = None,  # noqa: ARG002
        ) -> None:
            raise LinkError("monitor", "only listens")

        def now(self) -> datetime:
            return transport.now()

    return ListenOnlyOutbound()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere with the token."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: HTTPMessage,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        """Return None: the answer is the redirection itself, an error."""
        return


_OPENER = urllib.request.build_opener(_NoRedirect)
