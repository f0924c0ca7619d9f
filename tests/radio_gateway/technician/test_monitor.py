"""The live table: of a gateway that runs, or of channels that are only listened to."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console, Group
from rich.text import Text
from typer.testing import CliRunner

from radio_gateway.__main__ import app
from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.gateway.metrics_server import serving_metrics
from radio_gateway.health.health import GatewayHealth, GatewayReport
from radio_gateway.technician.monitor import ListenOnlyChannels, fetch_report, read_channels, screen
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.radio_gateway.health.test_metrics import GATEWAY, NOW, REJECTED
from tests.radio_gateway.running.running import open_descriptors, rmc
from tests.radio_gateway.transports.test_tcp import serving


def shown(report: GatewayReport, before: GatewayReport | None = None) -> str:
    console = Console(width=160, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(screen(report, before, now=NOW))
    console.file.close()
    return console.export_text()


def test_the_table_tells_state_rate_age_errors_and_the_last_rejected() -> None:
    (pier,) = GATEWAY.channels
    well = replace(pier, state="open", journal_fault=None)
    report = GatewayReport(health=replace(GATEWAY, channels=(well,)), rejected={"pier": [REJECTED]})
    earlier = replace(
        report.health,
        reported_at=GATEWAY.reported_at - timedelta(seconds=30),
        channels=(replace(well, transmissions=50),),
    )
    text = shown(report, GatewayReport(health=earlier))
    for words in ("pier", "open", " 20 ", "90 s", "3 bad_checksum", "is 6B", "$·", "spool: 7 wait"):
        assert words in text, text
    assert "no room" in shown(GatewayReport(health=GATEWAY))


def test_an_uplink_that_stands_and_is_no_good_is_red() -> None:
    fault = "the node has not answered since 03:00:00 UTC"
    lines = []
    for health in (GATEWAY, replace(GATEWAY, uplink_fault=fault)):
        whole = screen(GatewayReport(health=health), None, now=NOW)
        assert isinstance(whole, Group)
        lines += [
            (each.plain.strip(), each.style)
            for each in whole.renderables
            if isinstance(each, Text) and each.plain.startswith("uplink")
        ]
    assert lines == [("uplink open", "green"), (f"uplink open {fault}", "red")]


def test_a_phone_without_a_good_key_is_reported_with_its_name_and_address() -> None:
    (pier,) = GATEWAY.channels
    well = replace(pier, state="open", journal_fault=None, errors={"wrong_key": 3})
    away = replace(
        REJECTED,
        reason="wrong_key",
        detail="calls itself boat-7 and shows a wrong key",
        payload=b"",
        source="10.0.0.9:4711",
    )
    health = replace(GATEWAY, channels=(well,))
    text = shown(GatewayReport(health=health, rejected={"pier": [away]}))
    assert "3 wrong_key" in text
    said = "wrong_key: calls itself boat-7 and shows a wrong key, from 10.0.0.9:4711"
    assert f"pier: last rejected: {said}" in text
    bare = replace(REJECTED, reason="missing_lat", detail="")
    text = shown(GatewayReport(health=health, rejected={"pier": [bare]}))
    assert "pier: last rejected: missing_lat\n" in text.replace(" \n", "\n")


def test_a_channel_that_never_received_anything_is_shown_so() -> None:
    (pier,) = GATEWAY.channels
    quiet = replace(pier, last_heard_at=None, fault="no such device", state="down")
    text = shown(GatewayReport(health=replace(GATEWAY, channels=(quiet,))))
    assert "never" in text
    assert "no such device" in text


async def test_a_gateway_that_runs_is_asked() -> None:
    async def health() -> GatewayHealth:
        return GATEWAY

    async with serving_metrics(0, health, lambda: {"pier": [REJECTED]}) as port:
        report = await asyncio.to_thread(fetch_report, f"http://127.0.0.1:{port}")
        assert report == GatewayReport(health=GATEWAY, rejected={"pier": [REJECTED]})
        command = ["monitor", "--url", f"http://127.0.0.1:{port}", "--once"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "radio_gateway", *command, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert b"pier" in out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n{}", "no report"),
        (b"HTTP/1.0 401 Unauthorized\r\n\r\n", "401"),
        (b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "302"),
        (b"nonsense\r\n\r\n", "nonsense"),
    ],
)
async def test_what_is_no_gateway_says_so(answer: bytes, words: str) -> None:
    async with serving(answer) as (port, _):
        with pytest.raises(LinkError, match=words):
            await asyncio.to_thread(fetch_report, f"http://127.0.0.1:{port}")


def test_only_the_web_is_asked() -> None:
    with pytest.raises(LinkError, match="write http"):
        fetch_report("file:///etc/passwd")


async def test_channels_are_listened_to_and_nobody_is_answered() -> None:
    before = open_descriptors()
    port = free_port()
    async with serving(rmc(1) + b"$GPRMC,1*00\r\n", close=False) as (server_port, _):
        tables = [
            {"name": "gps", "url": f"tcp://127.0.0.1:{server_port}", "protocols": ["nmea0183"]},
            {"name": "fleet", "url": f"udp://127.0.0.1:{port}", "protocols": ["gt06"]},
            {"name": "trackers", "url": "tcp-listen://127.0.0.1:0", "protocols": ["gt06"]},
        ]
        listening = ListenOnlyChannels(load_channels(tables, "test.toml: channels"))
        assert listening.left_out == ["trackers"]
        async with listening.running():
            await until(
                lambda: (
                    [each.state for each in listening.report().health.channels] == ["open", "open"]
                )
            )
            with socket.socket(type=socket.SOCK_DGRAM) as tracker:
                tracker.settimeout(0.5)
                login = bytes.fromhex("78780d01012345678901234500018cdd0d0a")
                tracker.sendto(login, ("127.0.0.1", port))
                await until(lambda: listening.report().health.channels[1].frames)
                with pytest.raises(TimeoutError):
                    await asyncio.to_thread(tracker.recv, 100)
            await until(lambda: listening.report().health.channels[0].errors)
            assert listening.report().rejected["gps"][0].reason == "bad_checksum"
    await until(lambda: open_descriptors() == before)


async def test_a_settings_file_of_a_gateway_that_does_not_run_is_listened_to(
    tmp_path: Path,
) -> None:
    port = free_port()
    file = tmp_path / "gateway.toml"
    file.write_text(
        f'[gateway]\nid = "hx"\nmetrics_port = {free_port()}\n[[channels]]\nname = "ais"\n'
        f'url = "udp://127.0.0.1:{port}"\nprotocols = ["ais"]\n'
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "radio_gateway", "monitor", "--config", str(file), "--once",
        "--every", "0.3", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0
    assert b"no gateway answers" in err
    assert b"ais" in out
    assert b"open" in out
    file.write_text("nonsense")
    with pytest.raises(SettingsError):
        read_channels(file)


def test_alone_it_takes_the_settings_file_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = CliRunner().invoke(app, ["monitor", "--once"])
    assert nothing.exit_code == 2
    words = " ".join(nothing.output.replace("│", " ").split())
    assert "--url" in words
    assert "--config" in words
    assert "no gateway.toml in this folder" in words
    (tmp_path / "gateway.toml").write_text(
        '[gateway]\nid = "hx"\n[[channels]]\nname = "ais"\n'
        f'url = "udp://127.0.0.1:{free_port()}"\nprotocols = ["ais"]\n'
    )
    result = CliRunner().invoke(app, ["monitor", "--once", "--every", "0.3"])
    assert result.exit_code == 0
    assert "ais" in result.output


async def test_one_look_tells_rates_since_it_looks_twice() -> None:
    (pier,) = GATEWAY.channels
    looks = 0

    async def health() -> GatewayHealth:
        nonlocal looks
        looks += 1
        well = replace(pier, state="open", journal_fault=None, transmissions=60 + looks)
        at = NOW + timedelta(seconds=30 * looks)
        return replace(GATEWAY, reported_at=at, channels=(well,))

    async with serving_metrics(0, health, dict) as port:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "radio_gateway", "monitor", "--url", f"http://127.0.0.1:{port}",
            "--once", "--every", "0.2", stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"COLUMNS": "160"},
        )  # fmt: skip
        out, _ = await process.communicate()
    assert looks == 2
    line = next(line for line in out.decode().splitlines() if "pier" in line and "open" in line)
    assert " 2 " in line  # one in 30 s
    assert "–" not in line


def test_time_is_not_shown_as_the_future() -> None:
    (pier,) = GATEWAY.channels
    ahead = replace(pier, last_heard_at=datetime(2099, 1, 1, tzinfo=UTC))
    assert "0 s" in shown(GatewayReport(health=replace(GATEWAY, channels=(ahead,))))
