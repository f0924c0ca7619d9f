"""Metrics: what Prometheus reads is what the channels count; only this machine may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from radio_gateway.errors.errors import LinkError
from radio_gateway.gateway.metrics_server import serving_metrics
from radio_gateway.health.health import (
    ChannelHealth,
    ClockDoubt,
    GatewayHealth,
    GatewayReport,
    RejectedFrame,
)
from radio_gateway.health.metrics import metrics_text
from tests.radio_gateway.running.running import open_descriptors

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PIER = ChannelHealth(
    name="pier",
    url="serial:///dev/ttyUSB0",
    protocols=("nmea0183",),
    state="silent",
    since=NOW,
    last_heard_at=NOW - timedelta(seconds=90),
    expected_interval_s=10,
    bytes_read=5000,
    frames=70,
    transmissions=60,
    junk_bytes=12,
    shed=1,
    reconnects=2,
    errors={"bad_checksum": 3, 'a"b\n': 1},
    journal_fault="no room",
    journal_missed=6,
)
GATEWAY = GatewayHealth(
    gateway="hx",
    reported_at=NOW - timedelta(seconds=5),
    channels=(PIER,),
    uplink="open",
    unanswered_s=40,
    waiting=7,
    waiting_bytes=700,
    oldest_waiting_at=NOW - timedelta(seconds=30),
    sent=20,
    receipted=13,
    dropped={"pier": 4},
    spool_fault="full",
    inbox=350,
)
REJECTED = RejectedFrame(
    channel="pier", heard_at=NOW, reason="bad_checksum", detail="is 6B", payload=b"$\xff"
)


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("radio_gateway_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_counts_of_channels_and_gateway_are_exported() -> None:
    said = samples(metrics_text((), gateways=(GATEWAY,), now=NOW))
    expected = {
        ("channel_bytes_total", "pier", "hx"): 5000,
        ("channel_frames_total", "pier", "hx"): 70,
        ("channel_transmissions_total", "pier", "hx"): 60,
        ("channel_junk_bytes_total", "pier", "hx"): 12,
        ("channel_shed_total", "pier", "hx"): 1,
        ("channel_reconnects_total", "pier", "hx"): 2,
        ("channel_rejected_total", "pier", "hx", "bad_checksum"): 3,
        ("channel_rejected_total", "pier", "hx", 'a"b\n'): 1,
        ("channel_state", "pier", "hx", "silent"): 1,
        ("channel_state", "pier", "hx", "open"): 0,
        ("channel_age_seconds", "pier", "hx"): 90,
        ("channel_expected_interval_seconds", "pier", "hx"): 10,
        ("channel_journal_ok", "pier", "hx"): 0,
        ("channel_journal_missed_total", "pier", "hx"): 6,
        ("spool_waiting", "hx"): 7,
        ("spool_waiting_bytes", "hx"): 700,
        ("spool_oldest_seconds", "hx"): 30,
        ("spool_ok", "hx"): 0,
        ("spool_dropped_total", "hx", "pier"): 4,
        ("uplink_sent_total", "hx"): 20,
        ("uplink_receipted_total", "hx"): 13,
        ("uplink_state", "hx", "open"): 1,
        ("uplink_ok", "hx"): 1,
        ("uplink_node_answered_seconds", "hx"): 45,
        ("told_seconds", "hx"): 5,
        ("inbox_waiting", "hx"): 350,
        ("clock_ok", "hx"): 1,
    }
    for key, value in expected.items():
        found = [v for k, v in said.items() if set(k) == set(key)]
        assert found == [value], key


def test_a_channel_without_a_gateway_and_one_that_received_nothing_are_reported() -> None:
    quiet = ChannelHealth(name="a", url="", protocols=(), state="opening", since=NOW)
    names = {key[0] for key in samples(metrics_text((quiet,), now=NOW))}
    assert "channel_frames_total" in names
    assert "channel_age_seconds" not in names
    assert "spool_waiting" not in names
    assert metrics_text((), now=NOW).count(b"# HELP") == 12


def test_a_process_tells_what_it_has_not_stored_yet_and_whether_its_clock_is_doubtful() -> None:
    doubt = ClockDoubt(kind="set", by_s=-3600.0, at=NOW)
    doubted = msgspec.structs.replace(GATEWAY, clock=doubt)
    text = metrics_text((), gateways=(doubted,), own="node", inbox=12, clock=None, now=NOW)
    said = samples(text)
    assert said["inbox_waiting", "node"] == 12
    assert said["inbox_waiting", "hx"] == 350
    assert (said["clock_ok", "node"], said["clock_ok", "hx"]) == (1.0, 0.0)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def health() -> GatewayHealth:
        return GATEWAY

    before = open_descriptors()
    async with serving_metrics(0, health, lambda: {"pier": [REJECTED]}) as port:
        yield port
    assert open_descriptors() == before


async def test_programs_of_this_machine_are_listed(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        metrics = await client.get("/metrics")
        report = await client.get("/report")
        assert (await client.get("/")).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        other = await client.get("/metrics", headers={"host": f"evil.example:{port}"})
    assert other.status_code == 421
    assert metrics.headers["content-type"].startswith("text/plain; version=1.0.0")
    assert b'radio_gateway_channel_frames_total{channel="pier",gateway="hx"} 70' in metrics.content
    gateway_report = msgspec.json.decode(report.content, type=GatewayReport)
    assert gateway_report == GatewayReport(health=GATEWAY, rejected={"pier": [REJECTED]})


async def test_a_client_that_hangs_does_not_stop_the_others(port: int) -> None:
    writers = []
    for _ in range(10):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HT")
        writers.append(writer)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://localhost:{port}/metrics")
        assert answer.status_code == 200
    for writer in writers:
        writer.close()


async def test_a_port_that_is_taken_is_a_fault(port: int) -> None:
    async def health() -> GatewayHealth:
        return GATEWAY

    with pytest.raises(LinkError, match="in use"):
        async with serving_metrics(port, health, dict):
            pass
